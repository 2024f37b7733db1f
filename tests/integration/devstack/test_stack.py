import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from devstack.ports import Ports
from devstack.stack import Stack
from runtime.healthcheck import grpc_is_serving, http_is_healthy
from runtime.redis.client import open_redis
from support.net.ports import free_port

MakeStack = Callable[..., Stack]


@pytest.fixture
def make_stack(tmp_path: Path, stand_ins: dict[str, str]) -> MakeStack:
    def make(**options: str) -> Stack:
        ports = Ports(**{field.name: free_port() for field in fields(Ports)})
        redis_url = options.pop("redis_url", None)
        return Stack(
            ports,
            tmp_path / "data",
            redis_url=redis_url,
            environment={**stand_ins, **options},
            restart=False,
        )

    return make


def environment_of(service: str, tmp_path: Path) -> dict[str, str]:
    environment: dict[str, str] = json.loads((tmp_path / f"{service}.json").read_text())
    return environment


async def test_services_stop_and_start_only_on_request(
    make_stack: MakeStack, tmp_path: Path
) -> None:
    async with make_stack() as stack:
        await stack.kill("conversation_service")
        assert not await grpc_is_serving(stack.urls.conversation_target)
        await stack.start("conversation_service")
        assert await grpc_is_serving(stack.urls.conversation_target)
        with pytest.raises(ValueError, match="gateway is running"):
            await stack.start("gateway")
        await stack.stop_all()
        assert not http_is_healthy(stack.urls.gateway_url)
        await stack.start_all()
        assert http_is_healthy(stack.urls.gateway_url)
    keys = tmp_path / "data" / "keys"
    state_key = environment_of("conversation_service", tmp_path)["CONVERSATION_STATE_KEY_FILE"]
    ledger_key = environment_of("messaging_service", tmp_path)["MESSAGING_LEDGER_KEY_FILE"]
    assert {state_key, ledger_key} == {str(key) for key in keys.iterdir()}


@pytest.mark.slow
async def test_a_second_stack_has_the_data_of_the_first_and_new_logs(
    make_stack: MakeStack, tmp_path: Path
) -> None:
    log = tmp_path / "data" / "logs" / "conversation_service.log"
    async with make_stack() as first, open_redis(first.urls.redis_url) as redis:
        await redis.set("stored", "yes")
        await first.kill("valkey")
        log.write_text("old")
    async with make_stack() as second, open_redis(second.urls.redis_url) as redis:
        assert await redis.get("stored") == b"yes"
        assert "old" not in log.read_text()


@pytest.mark.slow
async def test_a_redis_url_of_the_environment_replaces_the_embedded_server(
    make_stack: MakeStack, redis_url: str, tmp_path: Path
) -> None:
    async with make_stack(redis_url=redis_url) as stack:
        assert stack.urls.redis_url == redis_url
    conversation = environment_of("conversation_service", tmp_path)
    messaging = environment_of("messaging_service", tmp_path)
    assert conversation["CONVERSATION_REDIS_URL"] == redis_url
    assert messaging["MESSAGING_REDIS_URL"] == f"{redis_url.removesuffix('/0')}/1"
    assert not (tmp_path / "data" / "logs" / "valkey.log").exists()
