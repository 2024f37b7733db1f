"""All phones of a run as the test has seen them: what was typed, taken and received."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chaos.results.messages import Expected, Place, Received

# A restart, the looks into the records and the recovery together take less than half of it.
PATIENCE_SECONDS = 60.0

ACCEPTED = "accepted"
UNDER_WAY = ("sending", "resending")


class GaveUp(Exception):
    """What was waited for did not come in PATIENCE_SECONDS."""


@dataclass(slots=True)
class Typed:
    """One text that a person has typed, and how far the carrier got with handing it in."""

    text_id: str
    typed_at: float
    state: str = ""
    accepted_at: float | None = None


@dataclass(slots=True)
class Promise:
    """What has to come of a typed text."""

    typed: Typed
    place: Place
    direction: str
    excuse: Place | None

    def expected(self) -> Expected:
        """As the verdict wants it."""
        typed = self.typed
        return Expected(
            typed.text_id,
            self.place,
            self.direction,
            typed.typed_at,
            typed.accepted_at,
            self.excuse,
        )


@dataclass(slots=True)
class Mailbox:
    """Filled by whoever follows the carrier; people wait here for what they need."""

    typed: dict[str, Typed] = field(default_factory=dict)
    received: dict[str, Received] = field(default_factory=dict)
    promises: list[Promise] = field(default_factory=list)
    changed_at: float = 0.0
    _owed: Counter[Place] = field(default_factory=Counter)
    _bodies: defaultdict[tuple[str, str], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def note_typed(self, text_id: str, typed_at: float) -> Typed:
        """Somebody typed a text; its state may have been seen already."""
        typed = self.typed.setdefault(text_id, Typed(text_id, typed_at))
        typed.typed_at = typed_at
        return typed

    def promise(
        self, typed: Typed, place: Place, direction: str = "", excuse: Place | None = None
    ) -> Promise:
        """From now on a text is owed at a place, or else a notice at its excuse."""
        promise = Promise(typed, place, direction, excuse)
        self.promises.append(promise)
        self._owed[place] += 1
        return promise

    def take(self, phone: str, text: Mapping[str, object]) -> None:
        """What the carrier shows of a text on a phone, new or changed."""
        text_id, state = str(text["id"]), str(text["state"])
        now = time.monotonic()
        if text["direction"] == "sent":
            typed = self.typed.setdefault(text_id, Typed(text_id, now))
            typed.state = state
            if state == ACCEPTED and typed.accepted_at is None:
                typed.accepted_at = now
        elif text_id not in self.received:
            one = self.received[text_id] = _received(text_id, phone, text)
            self._bodies[phone, one.peer].append(one.body)
        self.changed_at = now
        self._news.set()
        self._news = asyncio.Event()

    def heard(self, phone: str, number: str, beginning: str) -> list[str]:
        """The bodies of what a phone received on a number that begin so."""
        return [body for body in self._bodies[phone, number] if body.startswith(beginning)]

    def is_taken(self, promise: Promise) -> bool:
        """Whether the text was accepted, or found in the records and passed on or told of."""
        return promise.typed.accepted_at is not None or self._is_settled(promise)

    def has_arrived(self, place: Place) -> bool:
        """Whether a place has at least as many texts as it is owed."""
        return len(self.heard(place.phone, place.number, place.words)) >= self._owed[place]

    def owed(self) -> int:
        """How many texts are still lacking, with neither them nor their excuse there."""
        return sum(not self._is_settled(promise) for promise in self.promises)

    def _is_settled(self, promise: Promise) -> bool:
        excuse = promise.excuse
        is_excused = excuse and self.heard(excuse.phone, excuse.number, excuse.words)
        return self.has_arrived(promise.place) or bool(is_excused)

    def under_way(self) -> int:
        """How many typed texts the carrier still tries to hand in."""
        return sum(one.state in UNDER_WAY for one in self.typed.values())

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns once it holds. Raises GaveUp."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not holds():
                    await self._news.wait()
        except TimeoutError:
            raise GaveUp from None


def _received(text_id: str, phone: str, text: Mapping[str, object]) -> Received:
    return Received(text_id, phone, str(text["peer"]), str(text["body"]), str(text["time"]))
