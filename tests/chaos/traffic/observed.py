"""All phones of a run as the test has seen them: messages typed, accepted and received."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chaos.results.messages import Expected, Place, Received

# Several outages in a row, with 429 and a wrong clock between, may take a minute.
WAIT_SECONDS = 120.0

ACCEPTED = "accepted"
UNDER_WAY = ("sending", "resending")


class NeverHappened(Exception):
    """A condition did not hold within WAIT_SECONDS."""


@dataclass(slots=True)
class Typed:
    """A typed message and its state at the carrier."""

    text_id: str
    typed_at: float
    state: str = ""
    accepted_at: float | None = None


@dataclass(slots=True)
class Expectation:
    """What a typed message must lead to."""

    typed: Typed
    place: Place
    direction: str
    failure_notice: Place | None
    picture_notice: Place | None

    def expected(self) -> Expected:
        """In the form of the checker."""
        typed = self.typed
        return Expected(
            typed.text_id,
            self.place,
            self.direction,
            typed.typed_at,
            typed.accepted_at,
            self.failure_notice,
            pictures=int(self.picture_notice is not None),
            picture_notice=self.picture_notice,
        )


@dataclass(slots=True)
class Observed:
    """Filled from the carrier; people wait here for replies and messages."""

    typed: dict[str, Typed] = field(default_factory=dict)
    received: dict[str, Received] = field(default_factory=dict)
    expectations: list[Expectation] = field(default_factory=list)
    changed_at: float = 0.0
    _missing: Counter[Place] = field(default_factory=Counter)
    _bodies: defaultdict[tuple[str, str], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def record_typed(self, text_id: str, typed_at: float) -> Typed:
        """A message was typed. Its state may have been seen before."""
        typed = self.typed.setdefault(text_id, Typed(text_id, typed_at))
        typed.typed_at = typed_at
        return typed

    def expectation(
        self,
        typed: Typed,
        place: Place,
        direction: str = "",
        failure_notice: Place | None = None,
        picture_notice: Place | None = None,
    ) -> Expectation:
        """One more message is expected at a place, or a failure notice instead.

        With `picture_notice` it has a picture, or this notice comes as well.
        """
        expectation = Expectation(typed, place, direction, failure_notice, picture_notice)
        self.expectations.append(expectation)
        self._missing[place] += 1
        return expectation

    def take(self, phone: str, text: Mapping[str, object]) -> None:
        """A message of a phone as the carrier shows it, new or changed."""
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
        self._changed.set()
        self._changed = asyncio.Event()

    def bodies(self, phone: str, number: str, beginning: str) -> list[str]:
        """Received on a phone from a number, with this beginning."""
        return [body for body in self._bodies[phone, number] if body.startswith(beginning)]

    def is_accepted(self, expectation: Expectation) -> bool:
        """Accepted, or found in the records and then relayed or reported as failed."""
        return expectation.typed.accepted_at is not None or self._is_settled(expectation)

    def has_arrived(self, place: Place) -> bool:
        """Whether all messages expected at a place are there."""
        return len(self.bodies(place.phone, place.number, place.body)) >= self._missing[place]

    def missing(self) -> int:
        """How many messages are neither there nor excused by a failure notice."""
        return sum(not self._is_settled(expectation) for expectation in self.expectations)

    def _is_settled(self, expectation: Expectation) -> bool:
        failure_notice = expectation.failure_notice
        is_excused = failure_notice and self.bodies(
            failure_notice.phone, failure_notice.number, failure_notice.body
        )
        return self.has_arrived(expectation.place) or bool(is_excused)

    def under_way(self) -> int:
        """How many typed messages the carrier still tries to deliver."""
        return sum(one.state in UNDER_WAY for one in self.typed.values())

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until a condition holds. Raises NeverHappened."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not holds():
                    await self._changed.wait()
        except TimeoutError:
            raise NeverHappened from None


def _received(text_id: str, phone: str, text: Mapping[str, object]) -> Received:
    media = text["media"]
    assert isinstance(media, Sequence)
    return Received(
        text_id, phone, str(text["peer"]), str(text["body"]), str(text["time"]), len(media)
    )
