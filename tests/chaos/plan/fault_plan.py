"""What is broken in a fault run, and when: all of it follows from the seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeVar

from chaos.plan.limits import (
    GIVEN_UP_SECONDS,
    LONGEST_DOWN_SECONDS,
    LONGEST_HARM_SECONDS,
    LONGEST_LATE_SECONDS,
    LONGEST_SLOW_SECONDS,
)

CARRIER_WIRE = "messaging>carrier"
WIRES = (
    "conversation_1>valkey",
    "conversation_2>valkey",
    "messaging_1>valkey",
    "messaging_2>valkey",
    "gateway>conversation",
    "conversation>messaging",
    CARRIER_WIRE,
    "carrier>gateway",
)


class Harm(StrEnum):
    """What can be done to a wire."""

    CUT = "cut"
    REFUSE = "refuse"
    STALL = "stall"
    LOSE_ANSWERS = "lose_answers"


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL to all of `parts` at once; they are started again after a while."""

    parts: tuple[str, ...]
    down_seconds: float


@dataclass(frozen=True, slots=True)
class Hurt:
    """All connections of a wire suffer for a while; a cut is over at once."""

    wire: str
    harm: Harm
    seconds: float


@dataclass(frozen=True, slots=True)
class Spoil:
    """The carrier misbehaves once: the fields of POST /simulator/faults."""

    fault: Mapping[str, object]


Blow = Kill | Hurt | Spoil
Card = TypeVar("Card")

# Both replicas at once are an outage.
KILLS = (
    ("conversation_1",),
    ("conversation_2",),
    ("conversation_1", "conversation_2"),
    ("messaging_1",),
    ("messaging_2",),
    ("messaging_1", "messaging_2"),
    ("gateway",),
    ("valkey",),
)
HURTS = tuple((wire, harm) for wire in WIRES if wire != CARRIER_WIRE for harm in Harm)
# By the simulator's words; a pair of numbers is a range to draw from.
SPOILS: tuple[Mapping[str, object], ...] = (
    {"kind": "accept_then_hang", "seconds": GIVEN_UP_SECONDS},
    {"kind": "accept_then_reset"},
    {"kind": "accept_then_status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "slow", "seconds": (0.5, LONGEST_SLOW_SECONDS)},
    {"kind": "receipts_early"},
    {"kind": "receipts_late", "seconds": (0.5, LONGEST_LATE_SECONDS)},
    {"kind": "receipts_never"},
    {"kind": "receipts_twice"},
    {"kind": "receipts_unwrapped"},
    {"kind": "receipts_reordered"},
    {"kind": "receipts_without_token"},
    {"kind": "records_late", "seconds": (0.5, LONGEST_LATE_SECONDS)},
    {"kind": "callback_twice"},
    {"kind": "callback_again", "times": 2, "seconds": (0.2, 1.0)},
    {"kind": "callback_late", "seconds": (0.2, LONGEST_LATE_SECONDS)},
    {"kind": "callback_lost"},
)
RATE_LIMITED = Spoil({"kind": "status", "status": 429, "retry_after": 1})
# What can keep a look into the carrier's records from being made.
BLINDING: tuple[Blow, ...] = (
    Spoil({"kind": "records_unavailable", "status": 503}),
    *(Hurt(CARRIER_WIRE, harm, LONGEST_HARM_SECONDS) for harm in Harm),
)

# The least and the most seconds from one to the next.
KILL_GAP = (2.0, 5.0)
HURT_GAP = (0.8, 2.2)
SPOIL_GAP = (0.3, 0.9)
# The last look is made once more when it could not be made: one of the two gets through.
BLINDING_GAP = (8.0, 12.0)
# Within a minute each 429 doubles the pause that everything makes.
RATE_LIMITED_GAP = (75.0, 120.0)


def blows(seed: int, seconds: float) -> list[tuple[float, Blow]]:
    """What is broken in so many seconds, by the second in which it begins."""
    random = Random(f"{seed} blows")
    planned: list[tuple[float, Blow]] = [
        (at, Kill(parts, random.choice((0.0, random.uniform(0, LONGEST_DOWN_SECONDS)))))
        for at, parts in _dealt(random, KILLS, seconds, KILL_GAP)
    ]
    for at, (wire, harm) in _dealt(random, HURTS, seconds, HURT_GAP):
        planned.append((at, Hurt(wire, harm, random.uniform(0.1, LONGEST_HARM_SECONDS))))
    for at, fault in _dealt(random, SPOILS, seconds, SPOIL_GAP):
        planned.append((at, Spoil(_drawn(random, fault))))
    planned += _dealt(random, BLINDING, seconds, BLINDING_GAP)
    planned += _dealt(random, (RATE_LIMITED,), seconds, RATE_LIMITED_GAP)
    return sorted(planned, key=lambda one: one[0])


def _dealt(
    random: Random, cards: Sequence[Card], seconds: float, gap: tuple[float, float]
) -> Iterator[tuple[float, Card]]:
    """All cards in turn before any comes again, shuffled anew each time."""
    at = random.uniform(0, gap[1])
    while True:
        for card in random.sample(cards, len(cards)):
            if at > seconds:
                return
            yield at, card
            at += random.uniform(*gap)


def _drawn(random: Random, fault: Mapping[str, object]) -> dict[str, object]:
    return {
        name: random.uniform(*value) if isinstance(value, tuple) else value
        for name, value in fault.items()
    }
