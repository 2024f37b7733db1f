"""The process: signals, state across restarts, health, metrics, invalid settings."""

import signal

import grpc
import httpx
import pytest
from integration.conversation.app.service_process import serving, start
from pydantic import SecretStr
from redis.asyncio import Redis

from conversation_service.app.application import SERVICE_NAMES
from conversation_service.app.settings import Settings
from conversation_service.rpc.core.status import DOMAIN
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2
from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceStub
from maskline.conversation.v1.event_pb2_grpc import EventServiceStub
from runtime.settings.base import EX_CONFIG, load_settings
from support.builders.conversation_calls import CALL_SECONDS, participants
from support.builders.conversations import ALICE_NUMBER
from support.eventually import eventually
from support.net.grpc_calls import is_serving, reason
from support.net.ports import free_port

UNREACHABLE = "redis://:hunter2@127.0.0.1:1/0"


async def test_it_serves_until_sigterm_and_then_ends_its_watches(
    redis: Redis, redis_url: str
) -> None:
    async with serving(CONVERSATION_REDIS_URL=redis_url) as (service, channel):
        watch = EventServiceStub(channel).WatchEvents(
            event_pb2.WatchEventsRequest(
                pool_id="main", start_position=event_pb2.START_POSITION_NOW
            )
        )
        assert isinstance(await watch.read(), event_pb2.WatchEventsResponse)
        service.process.send_signal(signal.SIGTERM)
        assert await watch.code() is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await watch.read()
        assert reason(ended.value, DOMAIN) == "SERVER_STOPPING"
    output = await service.ended()
    assert service.process.returncode == 0
    assert "development_state_key" in output


async def test_a_killed_process_loses_no_acknowledged_state(redis: Redis, redis_url: str) -> None:
    request = pb.CreateConversationRequest(
        request_id="r", pool_id="main", participants=participants(ALICE_NUMBER)
    )
    responses = []
    for how in (signal.SIGKILL, signal.SIGTERM):
        async with serving(CONVERSATION_REDIS_URL=redis_url) as (service, channel):
            stub = ConversationServiceStub(channel)
            responses.append(await stub.CreateConversation(request, timeout=CALL_SECONDS))
        await service.stop(how)
    assert responses[0] == responses[1]


async def test_it_is_not_healthy_while_redis_is_unreachable() -> None:
    service = await start(CONVERSATION_REDIS_URL=UNREACHABLE)
    async with grpc.aio.insecure_channel(await service.target()) as channel:
        assert not await is_serving(channel, SERVICE_NAMES[0])
    output = await service.stop(signal.SIGINT)
    assert service.process.returncode == 0
    assert "hunter2" not in output


async def test_the_gauges_of_each_pool_are_served_where_the_settings_say(
    redis: Redis, redis_url: str
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    service = await start(CONVERSATION_REDIS_URL=redis_url, CONVERSATION_METRICS_LISTEN=listen)
    gauges = ("oldest_waiting_text_seconds", "waiting_texts", "dead_letters")

    async def are_served() -> bool:
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://{listen}/metrics")).text
        return all(f'maskline_{gauge}{{pool="main"}} 0.0' in text for gauge in gauges)

    await service.target()
    await eventually(are_served)
    await service.stop()


async def test_an_invalid_setting_ends_it_with_a_message() -> None:
    service = await start(CONVERSATION_POOLS_FILE="/nowhere")
    output = await service.ended()
    assert service.process.returncode == EX_CONFIG
    assert "CONVERSATION_POOLS_FILE" in output
    assert "Traceback" not in output


def test_a_state_key_that_is_too_short_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONVERSATION_STATE_KEY", "brief")
    with pytest.raises(SystemExit):
        load_settings(Settings)
    err = capsys.readouterr().err
    assert "CONVERSATION_STATE_KEY" in err
    assert "brief" not in err


def test_settings_do_not_show_secrets() -> None:
    settings = Settings(redis_url=SecretStr(UNREACHABLE), state_key=SecretStr("a very long secret"))
    assert "hunter2" not in repr(settings) + str(settings.model_dump())
    assert "very long" not in repr(settings)
