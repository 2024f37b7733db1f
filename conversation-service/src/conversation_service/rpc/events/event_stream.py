"""WatchEvents: streams of events to clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from conversation_service.application.event_subscription import (
    POLL_SECONDS,
    EventBatch,
    EventSelection,
    EventSubscription,
    SubscriptionLimit,
)
from conversation_service.application.pools import PoolContext
from conversation_service.application.queries import conversations_of
from conversation_service.domain.errors import ServerStopping
from conversation_service.rpc.events.responses import events_to_proto
from maskline.conversation.v1 import event_pb2 as pb
from runtime.clock import Clock


class EventStreams:
    """All event streams of this replica."""

    def __init__(self, clock: Clock, limit: SubscriptionLimit) -> None:
        self._clock = clock
        self._limit = limit
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ends every stream with SERVER_STOPPING; clients resume at another replica."""
        self._stopping.set()

    async def watch(
        self, pool: PoolContext, selection: EventSelection, cursor: str | None, caller: str
    ) -> AsyncIterator[pb.WatchEventsResponse]:
        """Yields events and heartbeats until the client cancels or stop() is called."""
        subscription = EventSubscription(pool.event_log, self._clock, selection, cursor)
        with self._limit.slot(caller):
            while not self._stopping.is_set():
                batch = await subscription.run_once()
                for response in await _responses(batch, pool):
                    yield response
                if subscription.is_behind:
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), POLL_SECONDS)
        raise ServerStopping


async def _responses(batch: EventBatch | None, pool: PoolContext) -> list[pb.WatchEventsResponse]:
    if batch is None:
        return []
    if batch.is_heartbeat:
        return [pb.WatchEventsResponse(cursor=batch.cursor, heartbeat=True)]
    conversations = await conversations_of(pool, batch.events)
    return [
        pb.WatchEventsResponse(event=event, cursor=event.event_id)
        for event in events_to_proto(batch.events, pool.name, conversations)
    ]
