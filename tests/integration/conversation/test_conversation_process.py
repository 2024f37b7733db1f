"""`python -m conversation_service` as a process."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import grpc
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from conversation_service.app.application import SERVICE_NAMES
from conversation_service.app.settings import Settings
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceStub
from support.conversation_calls import CALL_SECONDS
from support.conversations import ALICE_NUMBER
from support.eventually import eventually
from support.grpc_calls import is_serving
from support.ports import free_port

POOLS = Path(__file__).parents[3] / "deploy" / "pools.toml"
SECRET = "redis://:hunter2@127.0.0.1:1/0"


async def start(**environment: str) -> asyncio.subprocess.Process:
    """With the pools of the repository, unless they are said to be elsewhere."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "conversation_service",
        env={"PATH": os.environ["PATH"], "CONVERSATION_POOLS_FILE": str(POOLS), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def healthy(channel: grpc.aio.Channel) -> None:
    """Waits until every service says it serves."""

    async def serves() -> bool:
        return all([await is_serving(channel, name) for name in ("", *SERVICE_NAMES)])

    await eventually(serves)


async def test_it_serves_until_it_is_asked_to_stop(redis: Redis, redis_url: str) -> None:
    listen = f"127.0.0.1:{free_port()}"
    process = await start(CONVERSATION_LISTEN=listen, CONVERSATION_REDIS_URL=redis_url)
    async with grpc.aio.insecure_channel(listen) as channel:
        await healthy(channel)
        watch = ConversationServiceStub(channel).WatchEvents(pb.WatchEventsRequest(pool="main"))
        assert isinstance(await watch.read(), pb.WatchEventsResponse)
        process.send_signal(signal.SIGTERM)
        assert await watch.code() is grpc.StatusCode.UNAVAILABLE
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert b"development_state_key" in out


async def test_what_it_knew_when_it_was_killed_the_next_one_knows(
    redis: Redis, redis_url: str
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    request = pb.StartConversationRequest(request_id="r", pool="main", phone_number=ALICE_NUMBER)
    answers = []
    for end in (signal.SIGKILL, signal.SIGTERM):
        process = await start(CONVERSATION_LISTEN=listen, CONVERSATION_REDIS_URL=redis_url)
        async with grpc.aio.insecure_channel(listen) as channel:
            await healthy(channel)
            call = ConversationServiceStub(channel).StartConversation(request, timeout=CALL_SECONDS)
            answers.append(await call)
        process.send_signal(end)
        await process.communicate()
    assert answers[0] == answers[1]


async def test_it_is_not_well_while_redis_does_not_answer() -> None:
    listen = f"127.0.0.1:{free_port()}"
    process = await start(CONVERSATION_LISTEN=listen, CONVERSATION_REDIS_URL=SECRET)
    async with grpc.aio.insecure_channel(listen) as channel:
        assert not await is_serving(channel, SERVICE_NAMES[0])
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode == 0
    assert b"hunter2" not in out + err


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"CONVERSATION_POOLS_FILE": "/nowhere"}, b"CONVERSATION_POOLS_FILE"),
        ({"CONVERSATION_STATE_KEY": "short"}, b"CONVERSATION_STATE_KEY"),
        ({"CONVERSATION_LOG_LEVEL": "loud"}, b"CONVERSATION_LOG_LEVEL"),
    ],
)
async def test_settings_that_cannot_be_used_end_it_with_a_sentence(
    environment: dict[str, str], told: bytes
) -> None:
    process = await start(**environment)
    _, err = await process.communicate()
    assert process.returncode == 78
    assert told in err
    assert b"Traceback" not in err
    assert b"short" not in err


def test_settings_never_show_a_secret() -> None:
    settings = Settings(redis_url=SecretStr(SECRET), state_key=SecretStr("a very long secret"))
    assert "hunter2" not in repr(settings) + str(settings.model_dump())
    assert "very long" not in repr(settings)
