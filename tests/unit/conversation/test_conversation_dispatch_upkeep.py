"""What is shown of a pool's backlog is right on every replica, whoever sends."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from conversation_service.dispatch.gauges import OutboxGauges
from conversation_service.messaging.send import Rejected, Retry
from support.clock import ManualClock
from support.conversations import ALICE, BOB, SETTINGS
from support.dispatch_desk import Desk

HOUR = timedelta(hours=1)


@pytest.fixture
async def desk(redis: Redis, clock: ManualClock) -> AsyncIterator[Desk]:
    async with Desk(redis, clock) as one:
        yield one


def shown(name: str) -> float:
    value = REGISTRY.get_sample_value(f"maskline_{name}", {"pool": "main"})
    assert value is not None
    return value


async def look(desk: Desk, clock: ManualClock | None = None) -> tuple[float, float, float]:
    """Age of the oldest, number of waiting texts, number of dead letters: of a replica that sends
    nothing itself."""
    upkeep = OutboxGauges("main", desk.outbox, desk.dead, desk.pool_settings, clock or desk.clock)
    await upkeep.run_once()
    names = ("oldest_waiting_text_seconds", "waiting_texts", "dead_letters")
    age, waiting, dead = map(shown, names)
    return age, waiting, dead


async def test_a_pool_that_owes_nothing_shows_so(desk: Desk) -> None:
    assert await look(desk) == (0, 0, 0)


async def test_texts_wait_from_their_acceptance_on_even_if_nobody_reads_them(desk: Desk) -> None:
    await desk.talk((ALICE, "a1"))
    desk.clock.move(seconds=30)
    await desk.talk((ALICE, "a2"))
    desk.clock.move(seconds=10)
    assert await look(desk) == (40, 2, 0)


async def test_what_is_settled_behind_a_waiting_text_does_not_wait(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [Retry(HOUR)]
    await desk.talk((ALICE, "a1"), (BOB, "b1"), (BOB, "b2"))
    dispatcher = desk.replica()
    await desk.turns(dispatcher, 20)
    desk.clock.move(seconds=10)
    assert await look(desk) == (10, 1, 0)
    desk.clock.move(hours=1)
    await desk.run_until(dispatcher)
    assert await look(desk) == (0, 0, 0)


async def test_dead_letters_are_shown_until_nobody_has_cared_for_them_in_time(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [Rejected()]
    await desk.talk((ALICE, "a1"))
    await desk.run_until(desk.replica())
    assert await look(desk) == (0, 0, 1)
    before = REGISTRY.get_sample_value("maskline_dead_letters_forgotten_total", {"pool": "main"})
    # Letters are numbered by Redis's own clock.
    later = ManualClock(datetime.now(UTC) + SETTINGS.dead_letters_kept + HOUR)
    assert await look(desk, later) == (0, 0, 0)
    assert shown("dead_letters_forgotten_total") == (before or 0) + 1
