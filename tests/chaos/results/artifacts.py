"""Kept of a failed run: when each message was where, without its body."""

import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from chaos.results.messages import Expected, Place, Received, RunContext, place_of

HEADLINE = ("direction", "typed text", "typed", "accepted", "received texts", "received")


def write_timeline(
    path: Path, expected: Iterable[Expected], received: Iterable[Received], context: RunContext
) -> None:
    """One line for each expected message, with all messages received at its place."""
    arrived: defaultdict[Place, list[Received]] = defaultdict(list)
    for text in sorted(received, key=lambda one: one.at):
        arrived[place_of(text, context)].append(text)
    report_lines = [
        HEADLINE,
        *(_line(expectation, arrived[expectation.place]) for expectation in expected),
    ]
    path.write_text("".join("\t".join(line) + "\n" for line in report_lines))


def _line(expectation: Expected, arrived: list[Received]) -> tuple[str, ...]:
    return (
        expectation.direction or "answer",
        expectation.cause,
        _wall_time(expectation.typed_at),
        _wall_time(expectation.accepted_at),
        " ".join(one.text_id for one in arrived),
        " ".join(one.at for one in arrived),
    )


def _wall_time(at: float | None) -> str:
    """A time of the monotonic clock in the format of the logs."""
    if at is None:
        return "-"
    return datetime.fromtimestamp(at + time.time() - time.monotonic(), UTC).isoformat()
