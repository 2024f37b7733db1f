"""WatchEvents: one watcher's stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from conversation_service.application.event_subscription import (
    PAGE,
    PAUSE_SECONDS,
    EventBatch,
    EventSubscription,
    SubscriptionLimit,
)
from conversation_service.application.pools import PoolContext
from conversation_service.domain.errors import BackendUnavailable
from conversation_service.rpc.conversations.responses import event_message
from conversation_service.store.event_log import START
from maskline.conversation.v1 import conversation_pb2 as pb
from runtime.clock import Clock


class EventStreams:
    """The watches that this replica serves."""

    def __init__(self, clock: Clock, watchers: SubscriptionLimit) -> None:
        self._clock = clock
        self._watchers = watchers
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ends every watch: its watcher goes on at another replica."""
        self._stopping.set()

    async def watch(
        self, pool: PoolContext, request: pb.WatchEventsRequest
    ) -> AsyncIterator[pb.WatchEventsResponse]:
        """Events and heartbeats until the watcher goes, or this replica does."""
        cursor = START if request.cursor == "0" else request.cursor
        watch = EventSubscription(pool.journal, self._clock, request.conversation_id, cursor)
        with self._watchers.one_more():
            while not self._stopping.is_set():
                sight = await watch.run_once()
                for response in _responses(sight):
                    yield response
                if sight is not None and len(sight.events) == PAGE:
                    # More is there: a watcher that is behind must catch up with what happens.
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), PAUSE_SECONDS)
        raise BackendUnavailable


def _responses(sight: EventBatch | None) -> list[pb.WatchEventsResponse]:
    if sight is None:
        return []
    if sight.is_heartbeat:
        return [pb.WatchEventsResponse(cursor=sight.cursor, is_heartbeat=True)]
    return [
        pb.WatchEventsResponse(event=event_message(one, None), cursor=one.event_id)
        for one in sight.events
    ]
