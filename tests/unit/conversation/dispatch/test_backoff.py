"""Growing delays of messages that fail, their maximum of attempts, and full accounts."""

from datetime import timedelta

import pytest

from conversation_service.dispatch.backoff import (
    LONGEST_DELAY,
    MAX_ATTEMPTS,
    MAX_CONCURRENCY,
    MAX_THROTTLE,
    Throttle,
    retry_delay,
)
from conversation_service.dispatch.dispatcher import Dispatcher
from conversation_service.domain.model.events import DeadLetterReason
from conversation_service.domain.model.messages import DeliveryFailure, DeliveryFailureKind
from conversation_service.messaging.client import MessagingUnavailable
from conversation_service.messaging.send import Retry
from support.builders.conversations import ALICE, BOB
from support.builders.dispatch_harness import CONVERSATION, Harness, person
from support.clock import ManualClock

SECOND = timedelta(seconds=1)
COUNTED = Retry(SECOND, counts_as_attempt=True)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (100, 60)]
)
def test_delays_double_up_to_a_minute(failures: int, seconds: int) -> None:
    assert retry_delay(failures, timedelta(0), jitter=1.0) == timedelta(seconds=seconds)
    assert retry_delay(failures, timedelta(0), jitter=0.0) == timedelta(seconds=seconds) / 2


def test_a_delay_is_never_shorter_than_the_messaging_service_asks() -> None:
    assert retry_delay(1, timedelta(minutes=5), jitter=0.0) == timedelta(minutes=5)


async def attempts(harness: Harness, dispatcher: Dispatcher, number: int, *, others: bool) -> None:
    """As many attempts at the first message, with others sent in between or not."""
    for at in range(number):
        await harness.run(dispatcher)
        if others:
            await harness.add_relayed((BOB, f"b{at}"))
            await harness.run(dispatcher)
        harness.clock.move(seconds=LONGEST_DELAY.total_seconds())


async def test_a_message_that_fails_while_others_are_sent_becomes_a_dead_letter(
    harness: Harness,
) -> None:
    harness.messaging.always["a1"] = COUNTED
    await harness.add_relayed((ALICE, "a1"), (ALICE, "a2"))
    dispatcher = harness.dispatcher()
    await attempts(harness, dispatcher, MAX_ATTEMPTS, others=True)
    assert harness.messaging.bodies(ALICE) == [], "not before its attempts are used up"
    await attempts(harness, dispatcher, 1, others=True)
    assert harness.messaging.bodies(ALICE) == ["a2"]
    [letter] = await harness.dead_letters.page(10, "")
    assert (letter.message_id, letter.reason) == ("m0", DeadLetterReason.RETRIES_EXHAUSTED)
    assert ("MESSAGE_DEAD_LETTERED", "RETRIES_EXHAUSTED") in await harness.events()
    kind = DeliveryFailureKind.UNCERTAIN
    assert harness.failures.notified == [DeliveryFailure("m0", CONVERSATION, ALICE.person_id, kind)]


async def test_an_outage_uses_up_no_attempts(harness: Harness) -> None:
    harness.messaging.always["a1"] = COUNTED
    await harness.add_relayed((ALICE, "a1"))
    dispatcher = harness.dispatcher()
    await attempts(harness, dispatcher, 2 * MAX_ATTEMPTS, others=False)
    assert len(harness.messaging.requested) == 2 * MAX_ATTEMPTS
    assert await harness.dead_letters.count() == 0
    del harness.messaging.always["a1"]
    await harness.run_until(dispatcher)


@pytest.mark.parametrize("result", [Retry(SECOND), MessagingUnavailable()])
async def test_a_failure_that_the_message_did_not_cause_uses_up_no_attempts(
    harness: Harness, result: Retry | Exception
) -> None:
    harness.messaging.always["a1"] = result
    await harness.add_relayed((ALICE, "a1"))
    await attempts(harness, harness.dispatcher(), MAX_ATTEMPTS + 5, others=True)
    assert await harness.dead_letters.count() == 0
    assert await harness.waiting() == 1


THROTTLED = Retry(timedelta(seconds=2), is_throttled=True)


def test_one_batch_at_a_time_follows_until_a_whole_one_is_accepted(clock: ManualClock) -> None:
    throttle = Throttle()
    assert throttle.concurrency(clock.monotonic()) == MAX_CONCURRENCY
    throttle.on_throttled(clock.monotonic(), timedelta(seconds=2))
    throttle.on_accepted(clock.monotonic())
    assert throttle.concurrency(clock.monotonic()) == 0
    clock.move(seconds=2)
    assert throttle.concurrency(clock.monotonic()) == 1, "one was in flight before the throttle"
    throttle.on_accepted(clock.monotonic())
    assert throttle.concurrency(clock.monotonic()) == MAX_CONCURRENCY


def test_a_daily_budget_that_is_used_up_is_tried_again_within_a_minute(clock: ManualClock) -> None:
    throttle = Throttle()
    throttle.on_throttled(clock.monotonic(), timedelta(hours=9))
    assert throttle.delay(clock.monotonic()) == MAX_THROTTLE


async def test_nothing_is_sent_while_throttled_and_turns_are_kept(harness: Harness) -> None:
    harness.messaging.capacity = 0
    await harness.add_relayed((ALICE, "a1"))
    dispatcher = harness.dispatcher()
    await harness.run(dispatcher)
    await harness.add_relayed((person(50), "x1"))
    await harness.run(dispatcher)
    assert len(harness.messaging.batches) == 1
    harness.messaging.capacity = None
    harness.clock.move(seconds=2)
    await harness.run_until(dispatcher)
    assert harness.messaging.batches[1] == ["a1", "x1"]


async def test_the_pool_goes_on_as_soon_as_any_of_its_messages_may(harness: Harness) -> None:
    """The rate limit of MMS is lower than that of SMS."""
    mms = Retry(timedelta(seconds=9), is_throttled=True)
    harness.messaging.results |= {"sms": [THROTTLED], "mms": [mms, mms]}
    await harness.add_relayed((ALICE, "sms"), (person(50), "mms"))
    dispatcher = harness.dispatcher()
    await harness.run(dispatcher)
    harness.clock.move(seconds=2)
    await harness.run(dispatcher)
    assert harness.messaging.bodies(ALICE) == ["sms"]
    harness.clock.move(seconds=9)
    await harness.run_until(dispatcher)


async def test_a_full_account_uses_up_no_attempts_and_grows_no_delays(harness: Harness) -> None:
    harness.messaging.capacity = 0
    await harness.add_relayed((ALICE, "a1"))
    dispatcher = harness.dispatcher()
    for _ in range(MAX_ATTEMPTS + 5):
        await harness.run(dispatcher)
        harness.clock.move(seconds=2)
    assert len(harness.messaging.batches) == MAX_ATTEMPTS + 5
    assert await harness.dead_letters.count() == 0


async def test_a_system_message_goes_before_relayed_messages_that_wait(harness: Harness) -> None:
    harness.messaging.capacity = 1
    await harness.add_relayed(*((person(at), f"relayed {at}") for at in range(40)))
    dispatcher = harness.dispatcher()
    await harness.run(dispatcher)
    assert len(harness.messaging.sent) == 1
    await harness.add_system((person(60), "code"))
    await harness.run(dispatcher)
    harness.messaging.capacity = 1
    harness.clock.move(seconds=2)
    await harness.run(dispatcher)
    assert [body for _, body in harness.messaging.sent[1:]] == ["code"]


async def test_all_messages_are_sent_in_order_within_a_small_capacity(harness: Harness) -> None:
    await harness.add_relayed(*((person(at % 5), str(at)) for at in range(30)))
    dispatcher = harness.dispatcher()
    for _ in range(15):
        harness.messaging.capacity = 2
        await harness.run(dispatcher, 20)
        harness.clock.move(seconds=2)
    assert [body for _, body in harness.messaging.sent] == [str(at) for at in range(30)]
