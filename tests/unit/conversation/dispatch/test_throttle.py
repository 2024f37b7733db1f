"""While the account or the campaign is full the pool waits; then the most urgent goes next."""

from datetime import timedelta

import pytest

from conversation_service.dispatch.backoff import (
    MAX_ATTEMPTS,
    MAX_CONCURRENCY,
    MAX_THROTTLE,
    Throttle,
)
from conversation_service.messaging.send import Retry
from support.clock import ManualClock
from support.conversations import ALICE
from support.dispatch_harness import Harness, person

THROTTLED = Retry(timedelta(seconds=2), is_throttled=True)


@pytest.fixture(autouse=True)
def throttled(harness: Harness) -> None:
    harness.messaging.throttled = THROTTLED


def test_one_batch_at_a_time_follows_until_a_whole_one_is_accepted(clock: ManualClock) -> None:
    throttle = Throttle()
    assert throttle.concurrency(clock.now()) == MAX_CONCURRENCY
    throttle.on_throttled(clock.now(), timedelta(seconds=2))
    throttle.on_accepted(clock.now())
    assert throttle.concurrency(clock.now()) == 0
    clock.move(seconds=2)
    assert throttle.concurrency(clock.now()) == 1, "one was in flight before the throttle"
    throttle.on_accepted(clock.now())
    assert throttle.concurrency(clock.now()) == MAX_CONCURRENCY


def test_a_daily_budget_that_is_used_up_is_tried_again_within_a_minute(clock: ManualClock) -> None:
    throttle = Throttle()
    throttle.on_throttled(clock.now(), timedelta(hours=9))
    assert throttle.delay(clock.now()) == MAX_THROTTLE


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
