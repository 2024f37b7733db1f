"""No body stays in Redis once its message is delivered or dead, whichever way that went."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
from google.protobuf.duration_pb2 import Duration
from redis.asyncio import Redis

from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.outbox.dead_letters import DeadLetters
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import dead_letter_pb2
from maskline.conversation.v1.dead_letter_pb2_grpc import DeadLetterServiceStub
from maskline.messaging.v1 import error_reason_pb2, messaging_pb2
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
from support.builders.dead_letters import dead_letters
from support.clock import ManualClock
from support.eventually import eventually
from support.services.conversation_service import RunningService

from .stored_bodies import StoredBodies

KEYS = Keys(POOL.name)
Story = Callable[[RunningService, StoredBodies], Awaitable[None]]

NOT_TAKEN = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_REFUSED,
    state=messaging_pb2.MESSAGE_STATE_REFUSED,
    error=messaging_pb2.ItemError(reason=error_reason_pb2.ERROR_REASON_INVALID_ARGUMENT),
)
LOST = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_UNKNOWN,
    state=messaging_pb2.MESSAGE_STATE_UNKNOWN,
    resolution=messaging_pb2.UNKNOWN_RESOLUTION_PREFERRED_LOSS,
)
LATER = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_NOT_SENT, retry_delay=Duration(seconds=3600)
)


@pytest.fixture
def clock() -> ManualClock:
    """Dead letters are numbered by Redis's own clock, so their age is told by today's date."""
    return ManualClock(datetime.now(UTC))


@pytest.fixture
async def words(redis: Redis) -> AsyncIterator[StoredBodies]:
    words = StoredBodies(redis)
    with words.remembered():
        yield words


async def owed(service: RunningService, words: StoredBodies) -> None:
    """Bob's text waits for the messaging service to come back."""
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.messaging.is_down = True
    await service.deliver(BOB_NUMBER, "hello")
    await words.lie_there()


async def up(service: RunningService) -> None:
    """The messaging service is back; what still waits is tried again."""
    service.messaging.is_down = False
    service.clock.move(minutes=2)
    await service.quiet()


async def delivered(service: RunningService, words: StoredBodies) -> None:
    await owed(service, words)
    await up(service)
    await service.receipts(*(one.message_id for one in service.sent()))
    assert service.sent_to(ALICE_NUMBER) == ["hello"]


async def refused(service: RunningService, words: StoredBodies) -> None:
    await owed(service, words)
    service.messaging.opted_out.add(ALICE_NUMBER)
    await up(service)
    assert service.sent_to(ALICE_NUMBER) == []


async def undelivered(service: RunningService, words: StoredBodies) -> None:
    await owed(service, words)
    await up(service)
    service.messaging.receipt_state = messaging_pb2.MESSAGE_STATE_UNDELIVERED
    await service.receipts(*(one.message_id for one in service.sent()))
    await service.heard(BOB_NUMBER, 1)


async def expired(service: RunningService, words: StoredBodies) -> None:
    service.messaging.answers["hello"] = [LATER] * 2
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "hello")
    await words.lie_there()
    service.clock.move(hours=25)
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []


async def lost(service: RunningService, words: StoredBodies) -> None:
    service.messaging.answers["hello"] = [LOST]
    await owed(service, words)
    await up(service)
    assert service.sent_to(ALICE_NUMBER) == []


async def paused(service: RunningService, words: StoredBodies) -> pb.Conversation:
    talk = await service.open(ALICE_NUMBER, BOB_NUMBER)
    request = pb.PauseConversationRequest(conversation_id=talk.conversation_id)
    await ask(service.stub.PauseConversation, request)
    for body in ("one", "two"):
        await service.deliver(BOB_NUMBER, body)
    assert KEYS.held(talk.conversation_id) in await words.kept()
    return talk


async def held_and_ended(service: RunningService, words: StoredBodies) -> None:
    talk = await paused(service, words)
    await service.end(talk.conversation_id)


async def held_until_time_was_over(service: RunningService, words: StoredBodies) -> None:
    talk = await paused(service, words)
    service.clock.move(seconds=SETTINGS.lifetime.total_seconds())

    async def is_over() -> bool:
        ended = await service.get(talk.conversation_id)
        return ended.state == pb.CONVERSATION_STATE_ENDED

    await eventually(is_over)


async def held_and_passed_on(service: RunningService, words: StoredBodies) -> None:
    talk = await paused(service, words)
    request = pb.ResumeConversationRequest(conversation_id=talk.conversation_id)
    await ask(service.stub.ResumeConversation, request)
    await service.heard(ALICE_NUMBER, 2)


async def dead(service: RunningService, words: StoredBodies) -> dead_letter_pb2.DeadLetter:
    service.messaging.answers["hello"] = [NOT_TAKEN]
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "hello")
    [letter] = await dead_letters(service, 1)
    await words.lie_there()
    return letter


async def dead_and_dropped(service: RunningService, words: StoredBodies) -> None:
    letter = await dead(service, words)
    request = dead_letter_pb2.DropDeadLetterRequest(dead_letter_id=letter.dead_letter_id)
    await ask(DeadLetterServiceStub(service.channel).DropDeadLetter, request)


async def dead_and_sent_again(service: RunningService, words: StoredBodies) -> None:
    letter = await dead(service, words)
    request = dead_letter_pb2.ReplayDeadLetterRequest(dead_letter_id=letter.dead_letter_id)
    await ask(DeadLetterServiceStub(service.channel).ReplayDeadLetter, request)
    await service.heard(ALICE_NUMBER, 1)


async def dead_and_given_up(service: RunningService, words: StoredBodies) -> None:
    await dead(service, words)
    service.clock.move(seconds=SETTINGS.dead_letters_kept.total_seconds() + 60)
    # The service does the same within seconds, and may come first.
    letters = DeadLetters(pool_storage(service.redis))
    await letters.expire(service.clock.now(), SETTINGS)


@pytest.mark.parametrize(
    "story",
    [
        delivered,
        refused,
        undelivered,
        expired,
        lost,
        held_and_ended,
        held_until_time_was_over,
        held_and_passed_on,
        dead_and_dropped,
        dead_and_sent_again,
        dead_and_given_up,
    ],
    ids=lambda story: story.__name__,
)
async def test_no_body_is_left(service: RunningService, words: StoredBodies, story: Story) -> None:
    await story(service, words)
    await service.quiet()
    assert await words.kept() == set()


async def test_a_delivered_body_is_removed_before_earlier_ones_that_still_wait(
    service: RunningService, words: StoredBodies
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
    [stuck] = {one.message_id for one in service.messaging.asked_for if one.body == "stuck"}
    assert await words.kept() == {KEYS.message(stuck)}
