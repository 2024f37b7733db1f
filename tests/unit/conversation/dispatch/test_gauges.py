"""The gauges of a pool are right on every replica, whichever replica sends."""

from datetime import UTC, datetime, timedelta

from prometheus_client import REGISTRY

from conversation_service.dispatch.gauges import OutboxGauges
from conversation_service.messaging.send import Rejected, Retry
from support.builders.conversations import ALICE, BOB, SETTINGS
from support.builders.dispatch_harness import Harness
from support.clock import ManualClock

HOUR = timedelta(hours=1)


def metric(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"maskline_{name}", {"pool": "main"})


async def gauges(harness: Harness, clock: ManualClock | None = None) -> list[float | None]:
    """The age of the oldest message, the number that wait, and the number of dead letters, on a
    replica that sends nothing."""
    replica = OutboxGauges(
        "main", harness.outbox, harness.dead_letters, harness.pool_settings, clock or harness.clock
    )
    await replica.run_once()
    names = ("oldest_waiting_text_seconds", "waiting_texts", "dead_letters")
    return [metric(name) for name in names]


async def test_messages_wait_from_their_acceptance_even_if_nobody_reads_them(
    harness: Harness,
) -> None:
    assert await gauges(harness) == [0, 0, 0]
    await harness.add_relayed((ALICE, "a1"))
    harness.clock.move(seconds=30)
    await harness.add_relayed((ALICE, "a2"))
    harness.clock.move(seconds=10)
    assert await gauges(harness) == [40, 2, 0]


async def test_a_message_that_is_settled_behind_a_waiting_one_does_not_wait(
    harness: Harness,
) -> None:
    harness.messaging.results["a1"] = [Retry(HOUR)]
    await harness.add_relayed((ALICE, "a1"), (BOB, "b1"), (BOB, "b2"))
    dispatcher = harness.dispatcher()
    await harness.run(dispatcher, 20)
    harness.clock.move(seconds=10)
    assert await gauges(harness) == [10, 1, 0]
    harness.clock.move(hours=1)
    await harness.run_until(dispatcher)
    assert await gauges(harness) == [0, 0, 0]


async def test_dead_letters_are_counted_until_they_expire(harness: Harness) -> None:
    harness.messaging.results["a1"] = [Rejected()]
    await harness.add_relayed((ALICE, "a1"))
    await harness.run_until(harness.dispatcher())
    assert await gauges(harness) == [0, 0, 1]
    before = metric("dead_letters_forgotten_total") or 0
    # The ids of dead letters come from Redis's own clock.
    later = ManualClock(datetime.now(UTC) + SETTINGS.retention.dead_letters + HOUR)
    assert await gauges(harness, later) == [0, 0, 0]
    assert metric("dead_letters_forgotten_total") == before + 1
