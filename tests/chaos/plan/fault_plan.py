"""What fails in a fault run, and when. It follows from the seed alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeVar

from chaos.plan.limits import (
    GIVEN_UP_SECONDS,
    LONGEST_DISRUPTION_SECONDS,
    LONGEST_DOWN_SECONDS,
    LONGEST_LATE_SECONDS,
    LONGEST_SLOW_SECONDS,
    LONGEST_WRONG_CLOCK_SECONDS,
)

CARRIER_CONNECTION = "messaging>carrier"
CONNECTIONS = (
    "conversation_1>valkey",
    "conversation_2>valkey",
    "messaging_1>valkey",
    "messaging_2>valkey",
    "gateway>conversation",
    "conversation>messaging",
    CARRIER_CONNECTION,
    "carrier>gateway",
)


class Disruption(StrEnum):
    """How a connection fails."""

    CUT = "cut"
    REFUSE = "refuse"
    STALL = "stall"
    LOSE_RESPONSES = "lose_responses"


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL to all of `parts` at once; they are restarted after `down_seconds`."""

    parts: tuple[str, ...]
    down_seconds: float


@dataclass(frozen=True, slots=True)
class Disrupt:
    """All sockets of a connection fail for a while; a cut is over at once."""

    connection: str
    disruption: Disruption
    seconds: float


@dataclass(frozen=True, slots=True)
class CarrierFault:
    """Once, by the carrier: the fields of POST /simulator/faults."""

    fault: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class StepClock:
    """The clock of a part's machine is wrong by `offset_seconds` for a while."""

    part: str
    offset_seconds: float
    seconds: float


PlannedFault = Kill | Disrupt | CarrierFault | StepClock
Choice = TypeVar("Choice")

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
DISRUPTIONS = tuple(
    (connection, disruption)
    for connection in CONNECTIONS
    if connection != CARRIER_CONNECTION
    for disruption in Disruption
)
# A step of a few seconds back is what time synchronisation does; two hours is a wrong time zone.
CLOCK_STEPS = tuple(
    (part, offset_seconds)
    for part in ("conversation_1", "conversation_2", "messaging_1", "messaging_2")
    for offset_seconds in (-15.0, 7200.0, -7200.0)
)
# Fields of the simulator. Values are drawn from a pair of numbers.
CARRIER_FAULTS: tuple[Mapping[str, object], ...] = (
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
RATE_LIMITED = CarrierFault({"kind": "status", "status": 429, "retry_after": 1})
# What makes a look-up in the carrier's records fail.
LOOKUP_FAULTS: tuple[PlannedFault, ...] = (
    CarrierFault({"kind": "records_unavailable", "status": 503}),
    *(
        Disrupt(CARRIER_CONNECTION, disruption, LONGEST_DISRUPTION_SECONDS)
        for disruption in Disruption
    ),
)

# Seconds from one to the next, at least and at most.
KILL_GAP = (2.0, 5.0)
DISRUPTION_GAP = (0.8, 2.2)
CARRIER_FAULT_GAP = (0.3, 0.9)
# A replica whose clock is wrong does not serve: mostly one of the four at a time.
CLOCK_STEP_GAP = (8.0, 14.0)
# A failed last look-up is made once more: one of the two succeeds.
LOOKUP_FAULT_GAP = (8.0, 12.0)
# Each stops all sending for a second or more, and twice as long if no message was accepted since.
RATE_LIMITED_GAP = (8.0, 16.0)


def planned_faults(seed: int, seconds: float) -> list[tuple[float, PlannedFault]]:
    """The faults of so many seconds, with the second in which each begins."""
    random = Random(f"{seed} faults")
    planned: list[tuple[float, PlannedFault]] = [
        (at, Kill(parts, random.choice((0.0, random.uniform(0, LONGEST_DOWN_SECONDS)))))
        for at, parts in _shuffled(random, KILLS, seconds, KILL_GAP)
    ]
    for at, (connection, disruption) in _shuffled(random, DISRUPTIONS, seconds, DISRUPTION_GAP):
        planned.append(
            (at, Disrupt(connection, disruption, random.uniform(0.1, LONGEST_DISRUPTION_SECONDS)))
        )
    for at, (part, offset_seconds) in _shuffled(random, CLOCK_STEPS, seconds, CLOCK_STEP_GAP):
        duration = random.uniform(1, LONGEST_WRONG_CLOCK_SECONDS)
        planned.append((at, StepClock(part, offset_seconds, duration)))
    for at, fault in _shuffled(random, CARRIER_FAULTS, seconds, CARRIER_FAULT_GAP):
        planned.append((at, CarrierFault(_with_drawn_values(random, fault))))
    planned += _shuffled(random, LOOKUP_FAULTS, seconds, LOOKUP_FAULT_GAP)
    planned += _shuffled(random, (RATE_LIMITED,), seconds, RATE_LIMITED_GAP)
    return sorted(planned, key=lambda one: one[0])


def _shuffled(
    random: Random, choices: Sequence[Choice], seconds: float, gap: tuple[float, float]
) -> Iterator[tuple[float, Choice]]:
    """All choices before any comes again, in a new order each time."""
    at = random.uniform(0, gap[1])
    while True:
        for choice in random.sample(choices, len(choices)):
            if at > seconds:
                return
            yield at, choice
            at += random.uniform(*gap)


def _with_drawn_values(random: Random, fault: Mapping[str, object]) -> dict[str, object]:
    return {
        name: random.uniform(*value) if isinstance(value, tuple) else value
        for name, value in fault.items()
    }
