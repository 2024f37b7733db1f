"""Growing delays of messages that fail, and their maximum of attempts. Outages use none up."""

from datetime import timedelta

import pytest

from conversation_service.dispatch.backoff import LONGEST_DELAY, MAX_ATTEMPTS, retry_delay
from conversation_service.dispatch.dispatcher import Dispatcher
from conversation_service.domain.model.messages import DeliveryFailure, DeliveryFailureKind
from conversation_service.messaging.client import MessagingUnavailable
from conversation_service.messaging.send import Retry
from conversation_service.store.outbox.dead_letters import DeadLetterReason
from support.conversations import ALICE, BOB
from support.dispatch_harness import CONVERSATION, Harness

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
