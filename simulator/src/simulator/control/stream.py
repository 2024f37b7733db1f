"""Server-sent events that a browser follows and resumes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from simulator.events import CursorExpired, EventFeed

# Proxies close connections that are silent for a minute; a lost browser is noticed as well.
HEARTBEAT_SECONDS = 15.0
# The browser's delay before it reconnects.
RETRY_MS = 1_000
# A reader that receives nothing for so long is disconnected; it may reconnect and resume.
STALLED_SECONDS = 10.0


class EventStreamResponse(StreamingResponse):
    """A stream of events that disconnects a stalled reader."""

    def __init__(
        self, events: AsyncIterator[str], *, stalled_seconds: float = STALLED_SECONDS
    ) -> None:
        headers = {"cache-control": "no-store"}
        super().__init__(events, headers=headers, media_type="text/event-stream")
        self._stalled_seconds = stalled_seconds

    async def stream_response(self, send: Send) -> None:
        """Sends the chunks, each with a time limit."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._stalled_seconds):
                await send(message)

        with suppress(TimeoutError):
            await super().stream_response(send_in_time)


async def stream(
    feed: EventFeed, cursor: str | None, heartbeat_seconds: float = HEARTBEAT_SECONDS
) -> AsyncIterator[str]:
    """The events after the cursor, then new ones as they occur.

    The event "reset" tells the reader to reload everything: its cursor is unknown, or it was so
    slow that the next events were dropped. In the second case the stream ends.
    """
    position = feed.position(cursor)
    yield f"retry: {RETRY_MS}\n\n"
    if position is None:
        position = feed.last
        yield _format_event(feed.cursor(position), "reset", {})
    while not feed.closed:
        try:
            events = feed.after(position)
        except CursorExpired:
            yield _format_event(feed.cursor(feed.last), "reset", {})
            return
        for event in events:
            position = event.number
            yield _format_event(feed.cursor(position), event.kind, event.data)
        if not events and not await _wait_for_event(feed, heartbeat_seconds):
            yield ": still here\n\n"


async def _wait_for_event(feed: EventFeed, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await feed.wait()
    except TimeoutError:
        return False
    return True


def _format_event(cursor: str, kind: str, data: object) -> str:
    return f"id: {cursor}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
