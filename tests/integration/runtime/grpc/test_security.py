"""Reflection: off unless a setting says so."""

import grpc
import pytest
from integration.runtime.echo import echoing

from runtime.grpc.security import ServerSecurity
from support.grpc_calls import reflected_methods

HEALTH = "grpc.health.v1.Health"


async def test_a_server_describes_itself_only_where_a_setting_says_so() -> None:
    async with (
        echoing(ServerSecurity(serves_reflection=True)) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        assert "Check" in await reflected_methods(channel, HEALTH)
    async with (
        echoing() as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await reflected_methods(channel, HEALTH)
    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED
