"""Texts that are not sent: growing pauses, a budget of tries, and outages that cost none."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.dispatch.backoff import LONGEST, MAX_ATTEMPTS, retry_delay
from conversation_service.dispatch.dispatcher import Dispatcher
from conversation_service.domain.model.messages import DeliveryFailure, DeliveryFailureKind
from conversation_service.messaging.client import MessagingUnavailable
from conversation_service.messaging.send import Retry
from conversation_service.store.outbox.dead_letters import DeadLetterReason
from support.clock import ManualClock
from support.conversations import ALICE, BOB
from support.dispatch_desk import CONVERSATION, Desk

SECOND = timedelta(seconds=1)
REFUSES = Retry(SECOND, is_counted=True)


@pytest.fixture
async def desk(redis: Redis, clock: ManualClock) -> AsyncIterator[Desk]:
    async with Desk(redis, clock) as one:
        yield one


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (100, 60)]
)
def test_pauses_double_up_to_a_minute(failures: int, seconds: int) -> None:
    assert retry_delay(failures, timedelta(0), jitter=1.0) == timedelta(seconds=seconds)
    assert retry_delay(failures, timedelta(0), jitter=0.0) == timedelta(seconds=seconds) / 2


def test_a_pause_is_never_shorter_than_was_asked() -> None:
    assert retry_delay(1, timedelta(minutes=5), jitter=0.0) == timedelta(minutes=5)


async def attempts(desk: Desk, dispatcher: Dispatcher, number: int, *, others: bool) -> None:
    """As many tries of the first text, each long enough after the one before it."""
    for at in range(number):
        await desk.turns(dispatcher)
        if others:
            await desk.talk((BOB, f"b{at}"))
            await desk.turns(dispatcher)
        desk.clock.move(seconds=LONGEST.total_seconds())


async def test_a_text_that_never_gets_through_while_others_do_becomes_a_dead_letter(
    desk: Desk,
) -> None:
    desk.carrier.always["a1"] = REFUSES
    await desk.talk((ALICE, "a1"), (ALICE, "a2"))
    dispatcher = desk.replica()
    await attempts(desk, dispatcher, MAX_ATTEMPTS, others=True)
    assert desk.carrier.bodies(ALICE) == [], "not before its tries are used up"
    await attempts(desk, dispatcher, 1, others=True)
    assert desk.carrier.bodies(ALICE) == ["a2"]
    [letter] = await desk.dead.page(10, "")
    assert (letter.message_id, letter.death) == ("m0", DeadLetterReason.RETRIES_EXHAUSTED)
    assert ("MESSAGE_DEAD_LETTERED", "RETRIES_EXHAUSTED") in await desk.told()
    uncertain = DeliveryFailureKind.UNCERTAIN
    assert desk.failures.told == [DeliveryFailure("m0", CONVERSATION, ALICE.person_id, uncertain)]


async def test_an_outage_uses_up_no_tries(desk: Desk) -> None:
    desk.carrier.always["a1"] = REFUSES
    await desk.talk((ALICE, "a1"))
    dispatcher = desk.replica()
    await attempts(desk, dispatcher, 2 * MAX_ATTEMPTS, others=False)
    assert len(desk.carrier.asked_for) == 2 * MAX_ATTEMPTS
    assert await desk.dead.count() == 0
    del desk.carrier.always["a1"]
    await desk.run_until(dispatcher)


@pytest.mark.parametrize("answer", [Retry(SECOND), MessagingUnavailable()])
async def test_what_says_nothing_about_the_text_uses_up_no_tries(
    desk: Desk, answer: Retry | Exception
) -> None:
    desk.carrier.always["a1"] = answer
    await desk.talk((ALICE, "a1"))
    await attempts(desk, desk.replica(), MAX_ATTEMPTS + 5, others=True)
    assert await desk.dead.count() == 0
    assert await desk.owed() == 1
