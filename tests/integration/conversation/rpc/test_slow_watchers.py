"""A watcher that does not read is disconnected, so that it holds no slot and little memory."""

from collections.abc import AsyncIterator
from functools import partial

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.application.event_subscription import MAX_SUBSCRIPTIONS
from conversation_service.rpc.core.status import DOMAIN
from support.clock import ManualClock
from support.eventually import eventually
from support.net.grpc_calls import reason
from support.observation.watching import (
    Watch,
    create_many_events,
    has_free_slot,
    open_watches,
    short_write_timeout,
    watching,
)
from support.services.conversation_service import RunningService


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    async with short_write_timeout(redis_url, clock) as replica:
        yield replica


async def read_on(watch: Watch) -> tuple[list[str], str]:
    """The cursors of the remaining events, and the reason of the end."""
    read: list[str] = []
    try:
        while True:
            read.append((await watch.event()).cursor)
    except grpc.aio.AioRpcError as error:
        return read, reason(error, DOMAIN)


async def test_a_watcher_that_does_not_read_loses_its_slot_and_can_resume(
    service: RunningService,
) -> None:
    event_count = await create_many_events(service)
    async with open_watches(service, MAX_SUBSCRIPTIONS - 1) as others:
        async with watching(service, cursor="0") as slow:
            first = (await slow.event()).cursor
            await eventually(partial(has_free_slot, service))
            read, reason_ = await read_on(slow)
        # Watchers without events to read are not slow.
        service.clock.move(seconds=10)
        for other in others:
            await other.heartbeat()
    assert reason_ == "WATCHER_TOO_SLOW"
    # The unread events were never loaded, so they took no memory.
    assert len(read) < event_count / 2
    async with watching(service, cursor=slow.cursor) as resumed:
        rest = [(await resumed.event()).cursor for _ in range(event_count - len(read) - 1)]
    assert len({first, *read, *rest}) == event_count
