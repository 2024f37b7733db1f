"""Nothing that a deployment writes, shows or logs has a number or body of its people."""

import asyncio
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from system.leaks import story
from system.leaks.deployment import deployment

from support.observation.leak_markers import leaks
from support.observation.spans import attributes, spans_in

# Places that must not be empty, which shows that the search reads them.
SEARCHED = (".log", "dump.rdb", ".incr.aof", "/metrics", "refusal", "traces")
# All kinds of spans.
INGEST, MESSAGING = "maskline.ingest.v1.", "maskline.messaging.v1."
SPANS = {
    "POST /api/message",
    "POST /api/receipt",
    "POST /api/receipt/attempt/{send_token}",
    "GET /media/{media_token}",
    f"{INGEST}IngestService/IngestMessages",
    f"{INGEST}IngestService/IngestDeliveryReceipts",
    f"{INGEST}IngestService/GetMedia",
    f"{MESSAGING}MessagingService/SendMessages",
    f"{MESSAGING}MessagingService/RecordDeliveryReceipts",
    "decide_batch",
    "dispatch_round",
    "send_batch",
    "post_text",
    "search_records",
    "carrier_request",
    "redis_scripts",
}


async def left_behind(folder: Path, log_level: str, *, with_commands: bool) -> dict[str, bytes]:
    """Everything that can be read after all acts."""
    async with deployment(folder, log_level) as one:
        await story.people_talk(one)
        await story.sending_fails(one)
        await story.callbacks_are_bad(one)
        await story.clients_ask(one)
        if with_commands:
            await story.operators_look(one)
        await story.people_leave(one)
        await story.one_is_erased(one)
        return await one.left()


def holds_nothing(places: dict[str, bytes]) -> None:
    for part in SEARCHED:
        assert [place for place, content in places.items() if part in place and content], part
    assert {span.name for span in spans_of(places)} >= SPANS
    traces_hold_together(spans_of(places))
    nothing_was_dropped(places)
    assert leaks(places) == {}


def spans_of(places: dict[str, bytes]) -> list[Span]:
    return [*spans_in(places["traces"])]


def traces_hold_together(spans: list[Span]) -> None:
    """From a callback to its decision, and by a message id to the carrier and back."""
    traces = {name: {one.trace_id for one in spans if one.name == name} for name in SPANS}
    assert traces["POST /api/message"] & traces["decide_batch"]
    assert traces["dispatch_round"] & traces["post_text"] & traces["carrier_request"]
    told = [attributes(one) for one in spans if one.name == "post_text"]
    decided = [attributes(one) for one in spans if one.name == "decide_batch"]
    sent = {one["message_id"] for one in told}
    assert sent & {name for one in decided for name in _listed(one.get("message_ids"))}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def nothing_was_dropped(places: dict[str, bytes]) -> None:
    """Redaction drops unknown fields: each should be listed there or not be logged."""
    lines = [
        line for place, told in places.items() if ".log" in place for line in told.split(b"\n")
    ]
    assert [line for line in lines if b"dropped" in line] == []
    assert [one for one in spans_of(places) if "dropped" in str(one)] == []


async def test_at_log_level_debug_nothing_shows_a_number_or_a_body(tmp_path: Path) -> None:
    holds_nothing(await left_behind(tmp_path, "debug", with_commands=True))


@pytest.mark.slow
async def test_at_every_other_log_level_nothing_shows_a_number_or_a_body(tmp_path: Path) -> None:
    levels = ("info", "warning", "error")
    stories = (left_behind(tmp_path / level, level, with_commands=False) for level in levels)
    for places in await asyncio.gather(*stories):
        holds_nothing(places)
