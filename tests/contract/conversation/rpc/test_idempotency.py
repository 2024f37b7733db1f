"""Every change is idempotent by its request id, also when another replica gets the repetition."""

import pytest
from contract.conversation.errors.error_catalog.common import Setup, State, active, end, pause, send
from contract.conversation.errors.error_catalog.conversations import waiting
from google.protobuf.field_mask_pb2 import FieldMask
from redis.asyncio import Redis

from conversation_service.app.application import SERVICES
from conversation_service.store.keyspace.keys import Keys
from support.builders.conversations import ALICE_NUMBER, POOL
from support.clock import ManualClock
from support.services.conversation_service import running

# What a change needs to succeed; without an entry it needs no set-up.
SETUPS: dict[str, tuple[Setup, ...]] = {
    "JoinConversation": (waiting,),
    "EndConversation": (active,),
    "SendMessage": (active,),
    "PauseConversation": (active,),
    "ResumeConversation": (active, pause),
    "ReopenConversation": (active, end),
}
FIELDS: dict[str, State] = {
    "UpdatePool": {"update_mask": FieldMask(paths=["operator"])},
    "OptIn": {"phone_number": ALICE_NUMBER},
}
# Their set-up is a message that failed; the tests of dead letters repeat them.
DEAD_LETTERS = {"ReplayDeadLetter", "DropDeadLetter"}
CHANGES = [
    method.name
    for service in SERVICES
    for method in service.methods
    if "request_id" in method.input_type.fields_by_name and method.name not in DEAD_LETTERS
]


@pytest.mark.parametrize("method", CHANGES)
async def test_a_repeated_change_gets_the_first_response_and_changes_nothing(
    redis: Redis, redis_url: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    async with running(redis_url, clock) as service, running(redis_url, clock) as another:
        state: State = dict(FIELDS.get(method, {}))
        for setup in SETUPS.get(method, ()):
            await setup(service, monkeypatch, state)
        state["request_id"] = "r"
        first = await send(service, method, state)
        await service.quiet()
        events = await redis.xlen(Keys(POOL.name).events)
        clock.move(seconds=1)
        for replica in (service, another):
            assert await send(replica, method, state) == first
            await replica.quiet()
        assert await redis.xlen(Keys(POOL.name).events) == events
