"""No body stays in Redis once its message is delivered or dead, whichever way that went."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.store.encryption import conversation_keys
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import Keys, parse_key
from conversation_service.store.outbox.dead_letters import DeadLetters
from maskline.admin.v1 import dead_letter_pb2
from maskline.admin.v1.dead_letter_pb2_grpc import DeadLetterServiceStub
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import ask
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    OTHER_MASKED,
    POOL,
    SETTINGS,
    pool_storage,
)
from support.builders.dead_letters import REJECTED, dead_letters
from support.clock import ManualClock
from support.eventually import eventually
from support.fakes.scripted_messaging import item_error
from support.observation.marker_search import everything
from support.services.conversation_service import RunningService

KEYS = Keys(POOL.name)

# An outbox entry or a dead letter is encrypted for its message, a held message for its list.
KINDS_WITH_BODIES = ("m", "held")

LOST = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_UNCERTAIN,
    state=messaging_pb2.MESSAGE_STATE_UNCERTAIN,
    resolution=messaging_pb2.SEND_RESOLUTION_PREFERRED_LOSS,
)
LATER = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_NOT_SENT,
    error=item_error("CARRIER_UNAVAILABLE", timedelta(hours=1)),
)


class StoredBodies:
    """Records all bodies that are encrypted, each as it is written to Redis."""

    def __init__(self, redis: Redis, patch: pytest.MonkeyPatch) -> None:
        self._redis = redis
        self._records: dict[bytes, str] = {}
        with_data_key, with_state_key = conversation_keys.encrypt, Cipher.encrypt

        def encrypt_body(plain: bytes, record: str, conversation_id: str, data_key: bytes) -> bytes:
            return self._record(with_data_key(plain, record, conversation_id, data_key), record)

        def encrypt(cipher: Cipher, plain: bytes, record: str) -> bytes:
            return self._record(with_state_key(cipher, plain, record), record)

        patch.setattr(conversation_keys, "encrypt", encrypt_body)
        patch.setattr(Cipher, "encrypt", encrypt)

    async def stored(self) -> set[str]:
        """The records whose bodies are somewhere in Redis, whatever the key."""
        values = [value async for _, value in everything(self._redis)]
        records = self._records.items()
        return {record for body, record in records if any(body in value for value in values)}

    def _record(self, encrypted: bytes, record: str) -> bytes:
        if parse_key(record).kind in KINDS_WITH_BODIES:
            self._records[encrypted] = record
        return encrypted


Story = Callable[[RunningService, StoredBodies], Awaitable[None]]


@pytest.fixture
def clock() -> ManualClock:
    """Dead letters are numbered by Redis's own clock, so they age from today on."""
    return ManualClock(datetime.now(UTC))


@pytest.fixture
async def bodies(redis: Redis) -> AsyncIterator[StoredBodies]:
    with pytest.MonkeyPatch.context() as patch:
        yield StoredBodies(redis, patch)


async def outage(service: RunningService, bodies: StoredBodies) -> None:
    """Bob's message waits until the messaging service is back; then it is tried again."""
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.messaging.is_down = True
    await service.deliver(BOB_NUMBER, "hello")
    assert await bodies.stored()
    service.messaging.is_down = False
    service.clock.move(minutes=2)
    await service.quiet()


async def deliver_receipts(service: RunningService) -> None:
    await service.receipts(*(message.message_id for message in service.sent()))


async def delivered(service: RunningService, bodies: StoredBodies) -> None:
    await outage(service, bodies)
    await deliver_receipts(service)
    assert service.sent_to(ALICE_NUMBER) == ["hello"]


async def refused(service: RunningService, bodies: StoredBodies) -> None:
    service.messaging.opted_out.add(ALICE_NUMBER)
    await outage(service, bodies)
    assert service.sent_to(ALICE_NUMBER) == []


async def undelivered(service: RunningService, bodies: StoredBodies) -> None:
    await outage(service, bodies)
    service.messaging.receipt_state = messaging_pb2.MESSAGE_STATE_UNDELIVERED
    await deliver_receipts(service)
    await service.heard(BOB_NUMBER, 1)


async def expired(service: RunningService, bodies: StoredBodies) -> None:
    service.messaging.answers["hello"] = [LATER] * 2
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "hello")
    assert await bodies.stored()
    service.clock.move(hours=25)
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []


async def lost(service: RunningService, bodies: StoredBodies) -> None:
    service.messaging.answers["hello"] = [LOST]
    await outage(service, bodies)
    assert service.sent_to(ALICE_NUMBER) == []


async def paused(service: RunningService, bodies: StoredBodies) -> str:
    conversation_id = (await service.open(ALICE_NUMBER, BOB_NUMBER)).conversation_id
    request = pb.PauseConversationRequest(conversation_id=conversation_id)
    await ask(service.stub.PauseConversation, request)
    for body in ("one", "two"):
        await service.deliver(BOB_NUMBER, body)
    assert KEYS.held(conversation_id) in await bodies.stored()
    return conversation_id


async def held_and_ended(service: RunningService, bodies: StoredBodies) -> None:
    await service.end(await paused(service, bodies))


async def held_until_the_conversation_expired(
    service: RunningService, bodies: StoredBodies
) -> None:
    conversation_id = await paused(service, bodies)
    service.clock.move(seconds=SETTINGS.lifecycle.max_lifetime.total_seconds())

    async def has_ended() -> bool:
        return (await service.get(conversation_id)).state == pb.CONVERSATION_STATE_ENDED

    await eventually(has_ended)


async def held_and_relayed(service: RunningService, bodies: StoredBodies) -> None:
    request = pb.ResumeConversationRequest(conversation_id=await paused(service, bodies))
    await ask(service.stub.ResumeConversation, request)
    await service.heard(ALICE_NUMBER, 2)


async def dead(service: RunningService, bodies: StoredBodies) -> str:
    service.messaging.answers["hello"] = [REJECTED]
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "hello")
    [letter] = await dead_letters(service, 1)
    assert await bodies.stored()
    return letter.dead_letter_id


async def dead_and_discarded(service: RunningService, bodies: StoredBodies) -> None:
    request = dead_letter_pb2.DiscardDeadLetterRequest(dead_letter_id=await dead(service, bodies))
    await ask(DeadLetterServiceStub(service.channel).DiscardDeadLetter, request)


async def dead_and_replayed(service: RunningService, bodies: StoredBodies) -> None:
    request = dead_letter_pb2.ReplayDeadLetterRequest(dead_letter_id=await dead(service, bodies))
    await ask(DeadLetterServiceStub(service.channel).ReplayDeadLetter, request)
    await service.heard(ALICE_NUMBER, 1)


async def dead_and_expired(service: RunningService, bodies: StoredBodies) -> None:
    await dead(service, bodies)
    service.clock.move(seconds=SETTINGS.retention.dead_letters.total_seconds() + 60)
    # The service does the same within seconds, and may come first.
    await DeadLetters(pool_storage(service.redis)).expire(service.clock.now(), SETTINGS)


STORIES: list[Story] = [
    *(delivered, refused, undelivered, expired, lost),
    *(held_and_ended, held_until_the_conversation_expired, held_and_relayed),
    *(dead_and_discarded, dead_and_replayed, dead_and_expired),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_no_body_is_left(service: RunningService, bodies: StoredBodies, story: Story) -> None:
    await story(service, bodies)
    await service.quiet()
    assert await bodies.stored() == set()


async def test_a_delivered_body_is_removed_before_earlier_ones_that_still_wait(
    service: RunningService, bodies: StoredBodies
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.open(CAROL_NUMBER, BOB_NUMBER, masked_number=OTHER_MASKED)
    service.messaging.answers["stuck"] = [LATER] * 100
    await service.deliver(BOB_NUMBER, "stuck")
    await service.deliver(BOB_NUMBER, "through", OTHER_MASKED)
    await service.heard(CAROL_NUMBER, 1)

    async def is_settled() -> bool:
        return await service.redis.xlen(KEYS.outbox) == 1

    await eventually(is_settled)
    requested = service.messaging.asked_for
    [stuck] = {message.message_id for message in requested if message.body == "stuck"}
    assert await bodies.stored() == {KEYS.message(stuck)}
