"""What of a wrong run is kept for whoever looks into it: when which text was where, no words."""

import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from chaos.results.messages import Expected, Place, Received, World, place_of

HEADLINE = ("direction", "typed text", "typed", "accepted", "received texts", "received")


def write_timeline(
    path: Path, expected: Iterable[Expected], received: Iterable[Received], world: World
) -> None:
    """One line a text that had to arrive, with all that arrived at its place; tabs between."""
    arrived: defaultdict[Place, list[Received]] = defaultdict(list)
    for text in sorted(received, key=lambda one: one.at):
        arrived[place_of(text, world)].append(text)
    lines = [HEADLINE, *(_line(promise, arrived[promise.place]) for promise in expected)]
    path.write_text("".join("\t".join(line) + "\n" for line in lines))


def _line(promise: Expected, arrived: list[Received]) -> tuple[str, ...]:
    return (
        promise.direction or "answer",
        promise.cause,
        _wall_time(promise.typed_at),
        _wall_time(promise.accepted_at),
        " ".join(one.text_id for one in arrived),
        " ".join(one.at for one in arrived),
    )


def _wall_time(at: float | None) -> str:
    """A time of this process' own clock as logs write it."""
    if at is None:
        return "-"
    return datetime.fromtimestamp(at + time.time() - time.monotonic(), UTC).isoformat()
