"""The events as a stream that a browser follows and comes back to (server-sent events)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from simulator.events import CursorExpired, EventFeed

# Proxies close what is silent for a minute; a browser that is gone is noticed by the next one.
HEARTBEAT_SECONDS = 15.0
# The browser comes back this soon after a break.
RETRY_MS = 1_000
# A reader that takes nothing for so long is stuck or gone; it may come back and resume.
STUCK_SECONDS = 10.0


class EventStreamResponse(StreamingResponse):
    """A stream of events that lets go of a reader who takes nothing any more."""

    def __init__(self, events: AsyncIterator[str], *, stuck_seconds: float = STUCK_SECONDS) -> None:
        headers = {"cache-control": "no-store"}
        super().__init__(events, headers=headers, media_type="text/event-stream")
        self._stuck_seconds = stuck_seconds

    async def stream_response(self, send: Send) -> None:
        """Sends piece by piece, each within the time allowed."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._stuck_seconds):
                await send(message)

        with suppress(TimeoutError):
            await super().stream_response(send_in_time)


async def stream(
    feed: EventFeed, cursor: str | None, heartbeat_seconds: float = HEARTBEAT_SECONDS
) -> AsyncIterator[str]:
    """Everything behind the cursor, then everything as it happens.

    Without a cursor that is known, and for a reader so slow that what follows is gone, it says
    "reset": load everything anew. The slow reader is cut off then.
    """
    place = feed.place(cursor)
    yield f"retry: {RETRY_MS}\n\n"
    if place is None:
        place = feed.last
        yield _written(feed.cursor(place), "reset", {})
    while not feed.closed:
        try:
            events = feed.after(place)
        except CursorExpired:
            yield _written(feed.cursor(feed.last), "reset", {})
            return
        for event in events:
            place = event.number
            yield _written(feed.cursor(place), event.kind, event.data)
        if not events and not await _news(feed, heartbeat_seconds):
            yield ": still here\n\n"


async def _news(feed: EventFeed, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await feed.wait()
    except TimeoutError:
        return False
    return True


def _written(cursor: str, kind: str, data: object) -> str:
    return f"id: {cursor}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
