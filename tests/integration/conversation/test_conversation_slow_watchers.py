"""A watcher who does not read is cut off: it costs no place, and no memory but for a little."""

from collections.abc import AsyncIterator
from functools import partial

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.application.event_subscription import WATCHERS_LIMIT
from conversation_service.rpc.core.status import DOMAIN
from support.clock import ManualClock
from support.conversation_service import RunningService
from support.eventually import eventually
from support.grpc_calls import reason
from support.watching import Watch, crowd, has_room, impatient, much_has_happened, watching


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    async with impatient(redis_url, clock) as one:
        yield one


async def read_on(watch: Watch) -> tuple[list[str], str]:
    """The cursors that are still read, and the reason of the end."""
    read: list[str] = []
    try:
        while True:
            read.append((await watch.event()).cursor)
    except grpc.aio.AioRpcError as error:
        return read, reason(error, DOMAIN)


async def test_who_does_not_read_loses_the_place_and_hears_why_once_they_read_on(
    service: RunningService,
) -> None:
    happened = await much_has_happened(service)
    async with crowd(service, WATCHERS_LIMIT - 1) as others:
        async with watching(service, cursor="0") as slow:
            first = (await slow.event()).cursor
            await eventually(partial(has_room, service))
            read, why = await read_on(slow)
        # Who had nothing to read meanwhile was not slow.
        service.clock.move(seconds=10)
        for other in others:
            await other.heartbeat()
    assert why == "WATCHER_TOO_SLOW"
    # What it had not read was never made, so nothing of it was kept for it.
    assert len(read) < happened / 2
    async with watching(service, cursor=slow.cursor) as resumed:
        rest = [(await resumed.event()).cursor for _ in range(happened - len(read) - 1)]
    assert len({first, *read, *rest}) == happened
