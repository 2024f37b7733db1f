"""The faults that are still to come. They live in memory and end with the process."""

import secrets
from collections import Counter
from dataclasses import dataclass

from simulator.faults.fault import Fault
from simulator.faults.kinds import Kind, Stage

# A message is compared with all of them; a fault run has some hundreds at most.
MAX_FAULTS = 1_000


class TooManyFaults(Exception):
    """MAX_FAULTS wait already."""


class NoSuchFault(Exception):
    """No fault with this id is (still) to come."""


@dataclass(slots=True)
class Placed:
    """A fault in the list. `left` is how often it still strikes; None is until it is removed."""

    id: str
    fault: Fault
    left: int | None


class Faults:
    """The list, in the order in which it was filled."""

    def __init__(self) -> None:
        self._placed: dict[str, Placed] = {}
        # How often each kind struck since the start, for those who report on a run.
        self.struck: Counter[Kind] = Counter()

    def listed(self) -> list[Placed]:
        """All that are to come, oldest first."""
        return list(self._placed.values())

    def add(self, fault: Fault, count: int | None = 1) -> str:
        """Adds a fault that strikes `count` times, or until it is removed. Raises TooManyFaults."""
        if len(self._placed) >= MAX_FAULTS:
            raise TooManyFaults
        placed = Placed(secrets.token_hex(8), fault, count)
        self._placed[placed.id] = placed
        return placed.id

    def remove(self, fault_id: str) -> None:
        """Takes one away. Raises NoSuchFault."""
        if self._placed.pop(fault_id, None) is None:
            raise NoSuchFault

    def clear(self) -> None:
        """Takes all away."""
        self._placed.clear()

    def strike(
        self, stage: Stage, from_number: str = "", to_number: str = "", body: str = ""
    ) -> Fault | None:
        """The first fault for this stage and message, used once by this; mostly there is none."""
        if not self._placed:
            return None
        for placed in self._placed.values():
            fault = placed.fault
            if fault.stage is stage and fault.match.fits(from_number, to_number, body):
                self._use(placed)
                return fault
        return None

    def _use(self, placed: Placed) -> None:
        self.struck[placed.fault.kind] += 1
        if placed.left is None:
            return
        placed.left -= 1
        if placed.left == 0:
            del self._placed[placed.id]
