"""One fault, and the messages that it is for."""

from dataclasses import dataclass, field
from datetime import timedelta

from simulator.faults.kinds import TRAITS, Kind, Stage


@dataclass(frozen=True, slots=True)
class Match:
    """The messages that a fault is for. What is None may be anything, the rest is exact."""

    from_number: str | None = field(default=None, repr=False)
    to_number: str | None = field(default=None, repr=False)
    body: str | None = field(default=None, repr=False)

    def fits(self, from_number: str, to_number: str, body: str) -> bool:
        """Whether a message is one of them. Numbers are E.164 with plus."""
        return (
            self.from_number in (None, from_number)
            and self.to_number in (None, to_number)
            and self.body in (None, body)
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to go wrong. Only the parameters that its kind takes mean anything."""

    kind: Kind
    match: Match = Match()
    seconds: float = 0.0
    status: int = 0
    status_code: int = 0
    # In seconds, as the answer's Retry-After says it.
    retry_after: int | None = None
    times: int = 1

    @property
    def stage(self) -> Stage:
        """Where it strikes."""
        return TRAITS[self.kind].stage

    @property
    def delay(self) -> timedelta:
        """Its seconds on the carrier's clock."""
        return timedelta(seconds=self.seconds)
