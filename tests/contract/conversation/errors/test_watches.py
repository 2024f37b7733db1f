"""Watches that end: their watcher does not read, or the events after their cursor are gone."""

from datetime import UTC, datetime
from functools import partial

import grpc
from redis.asyncio import Redis

from conversation_service.application.event_subscription import MAX_SUBSCRIPTIONS
from conversation_service.rpc.core.status import DOMAIN
from conversation_service.store.event_log import EventLog
from support.builders.conversation_calls import refused
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, SETTINGS, pool_storage
from support.clock import ManualClock
from support.eventually import eventually
from support.net.grpc_calls import reason
from support.observation.watching import (
    OLDEST,
    Watch,
    create_many_events,
    has_free_slot,
    open_watches,
    short_write_timeout,
    watching,
)
from support.services.conversation_service import RunningService, running


async def trim(service: RunningService) -> None:
    """Trims the events a month later."""
    await service.quiet()
    service.clock.move(days=31)
    await EventLog(pool_storage(service.redis)).trim(service.clock.now(), SETTINGS.retention.events)


async def read_on(watch: Watch) -> tuple[list[str], str]:
    """The cursors of the remaining events, and the reason of the end."""
    read: list[str] = []
    try:
        while True:
            read.append((await watch.event()).cursor)
    except grpc.aio.AioRpcError as error:
        return read, reason(error, DOMAIN)


async def test_a_watcher_that_does_not_read_loses_its_slot_and_can_resume(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with short_write_timeout(redis_url, clock) as service:
        event_count = await create_many_events(service)
        async with open_watches(service, MAX_SUBSCRIPTIONS - 1) as others:
            async with watching(service, cursor=OLDEST) as slow:
                first = (await slow.event()).cursor
                await eventually(partial(has_free_slot, service))
                read, reason_ = await read_on(slow)
            # Watchers without events to read are not slow.
            service.clock.move(seconds=10)
            for other in others:
                await other.heartbeat()
        assert reason_ == "WATCH_TOO_SLOW"
        # The unread events were never loaded, so they took no memory.
        assert len(read) < event_count / 2
        async with watching(service, cursor=slow.cursor) as resumed:
            rest = [(await resumed.event()).cursor for _ in range(event_count - len(read) - 1)]
    assert len({first, *read, *rest}) == event_count


async def test_a_cursor_whose_following_events_were_trimmed_is_refused(
    redis: Redis, redis_url: str
) -> None:
    # Redis numbers events by its own clock, and trimming compares the two.
    async with running(redis_url, ManualClock(datetime.now(UTC))) as service:
        await service.open(ALICE_NUMBER, BOB_NUMBER)
        async with watching(service, cursor=OLDEST) as watch:
            await watch.event()
        await trim(service)
        with refused("CURSOR_EXPIRED"):
            async with watching(service, cursor=watch.cursor) as again:
                await again.response()
        await service.deliver(ALICE_NUMBER, "much later")
        async with watching(service, cursor=OLDEST) as again:
            assert await again.kinds(1) == ["CONVERSATION_ENDED"]


async def test_an_old_cursor_that_has_missed_no_event_is_accepted(
    redis: Redis, redis_url: str
) -> None:
    async with running(redis_url, ManualClock(datetime.now(UTC))) as service:
        async with watching(service) as watch:
            await watch.heartbeat()
            await trim(service)
            await watch.heartbeat()
        async with watching(service, cursor=watch.cursor) as again:
            assert (await again.response()).heartbeat
