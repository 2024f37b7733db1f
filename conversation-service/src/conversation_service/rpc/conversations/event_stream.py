"""WatchEvents: streams of events to clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from conversation_service.application.event_subscription import (
    MAX_EVENTS,
    POLL_SECONDS,
    EventBatch,
    EventSubscription,
    SubscriptionLimit,
)
from conversation_service.application.pools import PoolContext
from conversation_service.domain.errors import BackendUnavailable
from conversation_service.rpc.conversations.responses import event_to_proto
from conversation_service.store.event_log import START
from maskline.conversation.v1 import conversation_pb2 as pb
from runtime.clock import Clock


class EventStreams:
    """All event streams of this replica."""

    def __init__(self, clock: Clock, limit: SubscriptionLimit) -> None:
        self._clock = clock
        self._limit = limit
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ends every stream with UNAVAILABLE; clients resume at another replica."""
        self._stopping.set()

    async def watch(
        self, pool: PoolContext, request: pb.WatchEventsRequest, caller: str
    ) -> AsyncIterator[pb.WatchEventsResponse]:
        """Yields events and heartbeats until the client cancels or stop() is called."""
        cursor = START if request.cursor == "0" else request.cursor
        subscription = EventSubscription(
            pool.event_log, self._clock, request.conversation_id, cursor
        )
        with self._limit.slot(caller):
            while not self._stopping.is_set():
                batch = await subscription.run_once()
                for response in _responses(batch):
                    yield response
                if batch is not None and len(batch.events) == MAX_EVENTS:
                    # More events are there: a client that is behind has to catch up.
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), POLL_SECONDS)
        raise BackendUnavailable


def _responses(batch: EventBatch | None) -> list[pb.WatchEventsResponse]:
    if batch is None:
        return []
    if batch.is_heartbeat:
        return [pb.WatchEventsResponse(cursor=batch.cursor, is_heartbeat=True)]
    return [
        pb.WatchEventsResponse(event=event_to_proto(event, None), cursor=event.event_id)
        for event in batch.events
    ]
