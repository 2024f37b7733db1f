"""Expiry of many conversations: small batches, and pauses that leave time for inbound messages."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

import pytest

from conversation_service.application.executor import Executor
from conversation_service.domain.model.conversation import Conversation
from conversation_service.jobs import BATCH, EXPIRY_PAUSE_SECONDS, PAUSE_RATIO, Expiry
from conversation_service.store.conversations.repository import ConversationRepository
from support.builders.decisions import ACTIVE, ENDED
from support.clock import ManualClock

BATCH_SECONDS = 0.05


class FakeStore:
    """So many conversations are due, live and ended ones in turn; a batch takes a while."""

    def __init__(self, due: int, clock: ManualClock) -> None:
        self.due_count = due
        self.purged: list[Conversation] = []
        self.expired = 0
        self._clock = clock

    async def due(self, now: datetime, limit: int) -> list[Conversation]:
        count = min(limit, self.due_count)
        return [
            replace(ENDED if index % 2 else ACTIVE, conversation_id=str(index))
            for index in range(count)
        ]

    async def purge(self, ended: Sequence[Conversation]) -> None:
        self.purged += ended

    async def run_all(self, commands: Sequence[object]) -> None:
        self.expired += len(commands)
        self._clock.move(seconds=BATCH_SECONDS)


async def always() -> bool:
    return True


async def never() -> bool:
    return False


@pytest.mark.parametrize(
    ("due", "taken", "pause"),
    [
        (100_000, BATCH, PAUSE_RATIO * BATCH_SECONDS),
        (BATCH, BATCH, PAUSE_RATIO * BATCH_SECONDS),
        (BATCH - 1, BATCH - 1, EXPIRY_PAUSE_SECONDS),
        (0, 0, EXPIRY_PAUSE_SECONDS),
    ],
)
async def test_a_batch_is_small_and_the_pause_after_it_as_long_as_it_took_and_more(
    clock: ManualClock, due: int, taken: int, pause: float
) -> None:
    store = FakeStore(due, clock)
    expiry = Expiry(cast("Executor", store), cast("ConversationRepository", store), clock, always)
    assert await expiry.run_once() == pytest.approx(pause)
    assert store.expired + len(store.purged) == taken <= 16


async def test_nothing_is_taken_while_the_clock_is_wrong(clock: ManualClock) -> None:
    store = FakeStore(100, clock)
    clock.synchronized = False
    expiry = Expiry(cast("Executor", store), cast("ConversationRepository", store), clock, always)
    assert await expiry.run_once() == EXPIRY_PAUSE_SECONDS
    assert (store.expired, store.purged) == (0, [])


async def test_nothing_is_taken_while_redis_is_older_than_it_was(clock: ManualClock) -> None:
    store = FakeStore(100, clock)
    expiry = Expiry(cast("Executor", store), cast("ConversationRepository", store), clock, never)
    assert await expiry.run_once() == EXPIRY_PAUSE_SECONDS
    assert (store.expired, store.purged) == (0, [])
