"""The pending faults, kept in memory."""

import secrets
from collections import Counter
from dataclasses import dataclass

from simulator.faults.fault import Fault
from simulator.faults.kinds import Kind, Stage

# Each message is compared with all of them; a fault run has some hundreds at most.
MAX_FAULTS = 1_000


class TooManyFaults(Exception):
    """MAX_FAULTS are already pending."""


class NoSuchFault(Exception):
    """No fault with this id is pending."""


@dataclass(slots=True)
class PendingFault:
    """A fault in the list. `remaining` occurrences; None is until it is removed."""

    id: str
    fault: Fault
    remaining: int | None


class Faults:
    """The pending faults in the order of addition."""

    def __init__(self) -> None:
        self._pending: dict[str, PendingFault] = {}
        # How often each kind has occurred since the start.
        self.occurrences: Counter[Kind] = Counter()

    def pending(self) -> list[PendingFault]:
        """All pending faults, oldest first."""
        return list(self._pending.values())

    def add(self, fault: Fault, count: int | None = 1) -> str:
        """Adds a fault that occurs `count` times, or until it is removed. Raises TooManyFaults."""
        if len(self._pending) >= MAX_FAULTS:
            raise TooManyFaults
        pending = PendingFault(secrets.token_hex(8), fault, count)
        self._pending[pending.id] = pending
        return pending.id

    def remove(self, fault_id: str) -> None:
        """Removes one fault. Raises NoSuchFault."""
        if self._pending.pop(fault_id, None) is None:
            raise NoSuchFault

    def clear(self) -> None:
        """Removes all faults."""
        self._pending.clear()

    def next_fault(
        self, stage: Stage, from_number: str = "", to_number: str = "", body: str = ""
    ) -> Fault | None:
        """Takes one occurrence of the first fault for this stage and message, if any."""
        if not self._pending:
            return None
        for pending in self._pending.values():
            fault = pending.fault
            if fault.stage is stage and fault.match.fits(from_number, to_number, body):
                self._use(pending)
                return fault
        return None

    def _use(self, pending: PendingFault) -> None:
        self.occurrences[pending.fault.kind] += 1
        if pending.remaining is None:
            return
        pending.remaining -= 1
        if pending.remaining == 0:
            del self._pending[pending.id]
