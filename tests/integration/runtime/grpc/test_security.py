"""Reflection is off unless a setting says so."""

import grpc
import pytest
from integration.runtime.echo import echoing

from runtime.grpc.security import ServerSecurity
from support.grpc_calls import reflected_methods

HEALTH = "grpc.health.v1.Health"


async def test_reflection_is_served_only_if_a_setting_says_so() -> None:
    async with (
        echoing(ServerSecurity(serves_reflection=True)) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        assert "Check" in await reflected_methods(channel, HEALTH)
    async with (
        echoing() as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await reflected_methods(channel, HEALTH)
    assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED
