import asyncio
import json
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from starlette.types import Message

from simulator import events as events_module
from simulator.control.stream import EventStreamResponse, stream
from simulator.events import EventFeed

FAR_OFF_SECONDS = 3600.0


class StreamEvent(NamedTuple):
    cursor: str
    kind: str
    data: object


async def next_event(chunks: AsyncIterator[str]) -> StreamEvent:
    """The next event; comments and settings of the stream are skipped."""
    while True:
        lines = (await anext(chunks)).rstrip("\n").split("\n")
        fields = dict(line.split(": ", 1) for line in lines)
        if "event" in fields:
            return StreamEvent(fields["id"], fields["event"], json.loads(fields["data"]))


def follow(feed: EventFeed, cursor: str | None = None) -> AsyncIterator[str]:
    return stream(feed, cursor, FAR_OFF_SECONDS)


@pytest.mark.parametrize("cursor", ["", "1", "nonsense-1", "{run}-x", "{run}-99", "{run}-\u0661"])
async def test_a_place_that_is_not_known_means_begin_anew(cursor: str) -> None:
    feed = EventFeed()
    feed.publish("text", {})
    run, _, _ = feed.cursor(1).partition("-")
    event = await next_event(follow(feed, cursor.format(run=run)))
    assert (event.kind, event.cursor) == ("reset", feed.cursor(1))


async def test_a_reader_that_falls_too_far_behind_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events_module, "MAX_EVENTS", 3)
    feed = EventFeed()
    chunks = follow(feed)
    await next_event(chunks)
    for number in range(4):
        feed.publish("text", {"n": number})
    event = await next_event(chunks)
    assert (event.kind, event.cursor) == ("reset", feed.cursor(feed.last))
    with pytest.raises(StopAsyncIteration):
        await next_event(chunks)
    feed.publish("text", {"n": 4})
    assert (await next_event(follow(feed, event.cursor))).data == {"n": 4}


async def test_a_silent_stream_has_a_heartbeat() -> None:
    chunks = stream(EventFeed(), None, heartbeat_seconds=0.0)
    await next_event(chunks)
    assert (await anext(chunks)).startswith(":")


async def test_line_breaks_in_texts_do_not_break_the_stream() -> None:
    feed = EventFeed()
    chunks = follow(feed)
    await next_event(chunks)
    body = "one\n\nevent: two\r\ndata: {}\u2028"
    feed.publish("text", {"body": body})
    assert (await next_event(chunks)).data == {"body": body}


async def test_a_reader_that_takes_nothing_is_let_go() -> None:
    feed = EventFeed()
    taken: list[Message] = []

    async def send(message: Message) -> None:
        if len(taken) == 2:
            await asyncio.Event().wait()
        taken.append(message)

    await EventStreamResponse(follow(feed), stalled_seconds=0.0).stream_response(send)
    assert [message["type"] for message in taken] == ["http.response.start", "http.response.body"]
