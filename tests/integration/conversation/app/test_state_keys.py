"""State keys: replacement without downtime, rotation, refusal of a wrong key."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from integration.conversation.app.service_process import serving, start
from redis.asyncio import Redis

from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import Key
from maskline.admin.v1 import maintenance_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import ask, participants
from support.builders.conversations import ALICE_NUMBER
from support.clock import ManualClock
from support.services.conversation_service import RunningService, running

if TYPE_CHECKING:
    from maskline.admin.v1.maintenance_pb2_grpc import MaintenanceServiceAsyncStub

OLD, NEW = "the key of last year", "the key of this year"


def replica(
    redis_url: str, key: str, former: str = ""
) -> AbstractAsyncContextManager[RunningService]:
    """A replica with these keys."""
    cipher = Cipher(key, [former] if former else [])
    return running(redis_url, ManualClock(), cipher=cipher)


async def started(service: RunningService) -> pb.Conversation:
    """Starts a conversation of Alice; repeated calls return the same one."""
    request = pb.CreateConversationRequest(request_id="r1", participants=participants(ALICE_NUMBER))
    return (await ask(service.stub.CreateConversation, request)).conversation


async def rotate(deployment: "MaintenanceServiceAsyncStub") -> dict[str, int]:
    """Runs all steps of a rotation; returns the number of records by key id."""
    records: dict[str, int] = {}
    token = ""
    while True:
        request = maintenance_pb2.RotateStateKeysRequest(continuation_token=token)
        step = await ask(deployment.RotateStateKeys, request)
        for key in step.keys:
            records[key.key_id] = records.get(key.key_id, 0) + key.record_count
        token = step.continuation_token
        if not token:
            return records


async def test_a_key_is_replaced_while_another_replica_serves(redis: Redis, redis_url: str) -> None:
    async with replica(redis_url, OLD) as service:
        conversation = await started(service)
    # First every replica gets the new key to decrypt with.
    async with replica(redis_url, OLD, NEW) as first, replica(redis_url, NEW, OLD) as second:
        records = await rotate(second.deployment)
        assert records[Key(OLD).key_id] == 0 < records[Key(NEW).key_id]
        assert await started(first) == await started(second) == conversation
    async with replica(redis_url, NEW) as service:
        assert await started(service) == conversation


async def test_replicas_that_start_concurrently_agree_on_the_blind_index_key(
    redis: Redis, redis_url: str
) -> None:
    async with replica(redis_url, OLD) as first, replica(redis_url, OLD) as second:
        conversations = await asyncio.gather(started(first), started(second))
        assert conversations[0] == conversations[1]


async def test_a_process_needs_the_former_key_until_the_rotation(
    redis: Redis, redis_url: str
) -> None:
    async with serving(CONVERSATION_REDIS_URL=redis_url, CONVERSATION_STATE_KEY=OLD) as (first, _):
        await first.stop()
    keys = {"CONVERSATION_REDIS_URL": redis_url, "CONVERSATION_STATE_KEY": NEW}
    wrong = await start(**keys)
    output = await wrong.ended()
    assert wrong.process.returncode == 78
    assert "CONVERSATION_STATE_KEY: " in output
    assert "CONVERSATION_FORMER_STATE_KEYS" in output
    assert all(hidden not in output for hidden in ("Traceback", OLD, NEW))
    async with serving(**keys, CONVERSATION_FORMER_STATE_KEYS=OLD) as (both, _):
        await both.stop()
    assert both.process.returncode == 0
