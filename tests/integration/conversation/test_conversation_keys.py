"""State keys change without downtime, and a lost one is refused with a sentence."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
from integration.conversation.test_conversation_process import healthy, start
from redis.asyncio import Redis
from unit.conversation.store.test_key_ring import NEW, OLD

from conversation_service.store.encryption.key_ring import Key
from maskline.conversation.v1 import conversation_pb2, deployment_pb2
from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceStub
from maskline.conversation.v1.deployment_pb2_grpc import DeploymentServiceStub
from support.conversation_calls import ask
from support.conversation_service import RunningService
from support.conversations import ALICE_NUMBER
from support.ports import free_port

if TYPE_CHECKING:
    from maskline.conversation.v1.deployment_pb2_grpc import DeploymentServiceAsyncStub


@asynccontextmanager
async def process(redis_url: str, key: str, former: str = "") -> AsyncIterator[grpc.aio.Channel]:
    """A replica with these keys, until it is asked to stop."""
    listen = f"127.0.0.1:{free_port()}"
    one = await start(
        CONVERSATION_LISTEN=listen,
        CONVERSATION_REDIS_URL=redis_url,
        CONVERSATION_STATE_KEY=key,
        CONVERSATION_FORMER_STATE_KEYS=former,
    )
    try:
        async with grpc.aio.insecure_channel(listen) as channel:
            await healthy(channel)
            yield channel
    finally:
        one.send_signal(signal.SIGTERM)
        await one.communicate()


async def started(channel: grpc.aio.Channel) -> conversation_pb2.Conversation:
    """Alice's conversation: the same one whenever she asks again."""
    request = conversation_pb2.StartConversationRequest(
        request_id="r1", pool="main", phone_number=ALICE_NUMBER
    )
    return (await ConversationServiceStub(channel).StartConversation(request)).conversation


async def refused(redis_url: str, key: str) -> str:
    """What a replica says that does not start."""
    one = await start(CONVERSATION_REDIS_URL=redis_url, CONVERSATION_STATE_KEY=key)
    out, err = await one.communicate()
    assert one.returncode == 78
    assert b"Traceback" not in out + err
    assert not any(secret.encode() in out + err for secret in (OLD, NEW))
    return err.decode()


async def rotate(
    deployment: "DeploymentServiceAsyncStub", *, only_count: bool = False
) -> dict[str, int]:
    """All steps of a rotation; how much lies under which key."""
    found: dict[str, int] = {}
    token = ""
    while True:
        request = deployment_pb2.RotateKeysRequest(page_token=token, only_count=only_count)
        step = await ask(deployment.RotateKeys, request)
        for one in step.keys:
            found[one.key_id] = found.get(one.key_id, 0) + one.records
        token = step.next_page_token
        if not token:
            return found


async def test_a_key_is_replaced_while_another_replica_serves(redis: Redis, redis_url: str) -> None:
    async with process(redis_url, OLD) as channel:
        conversation = await started(channel)
    # First every replica learns to open what the new key will seal.
    async with (
        process(redis_url, OLD, former=NEW) as first,
        process(redis_url, NEW, former=OLD) as second,
    ):
        left = await rotate(DeploymentServiceStub(second))
        assert left[Key(OLD).key_id] == 0 < left[Key(NEW).key_id]
        assert await started(first) == await started(second) == conversation
    async with process(redis_url, NEW) as channel:
        assert await started(channel) == conversation


async def test_a_wrong_key_ends_the_process_with_a_sentence(redis: Redis, redis_url: str) -> None:
    async with process(redis_url, OLD):
        pass
    told = await refused(redis_url, NEW)
    assert "CONVERSATION_STATE_KEY: " in told
    assert "CONVERSATION_FORMER_STATE_KEYS" in told


async def test_replicas_that_start_at_once_agree(redis: Redis, redis_url: str) -> None:
    async with process(redis_url, OLD) as first, process(redis_url, OLD) as second:
        one, other = await asyncio.gather(started(first), started(second))
        assert one == other


async def test_what_lies_under_which_key_is_counted_without_a_change(
    service: RunningService,
) -> None:
    await service.says(ALICE_NUMBER, "start")
    await service.quiet()
    before = await service.redis.dbsize()
    found = await rotate(service.deployment, only_count=True)
    [key_id] = found
    assert found == await rotate(service.deployment)
    # Settings and a conversation: this replica's names have a key that is not kept in Redis.
    assert found[key_id] >= 2
    assert await service.redis.dbsize() == before


async def test_the_current_key_stands_first_and_no_key_is_shown(service: RunningService) -> None:
    step = await ask(service.deployment.RotateKeys, deployment_pb2.RotateKeysRequest())
    assert [one.is_current for one in step.keys] == [True]
    assert step.unreadable_records == step.resealed_records == 0
    assert "secret of these tests" not in str(step)
