"""A fault and the messages it applies to."""

from dataclasses import dataclass, field
from datetime import timedelta

from simulator.faults.kinds import TRAITS, Kind, Stage


@dataclass(frozen=True, slots=True)
class Match:
    """The messages that a fault applies to. None matches everything."""

    from_number: str | None = field(default=None, repr=False)
    to_number: str | None = field(default=None, repr=False)
    body: str | None = field(default=None, repr=False)

    def fits(self, from_number: str, to_number: str, body: str) -> bool:
        """Whether the fault applies to a message. Numbers are E.164 with plus."""
        return (
            self.from_number in (None, from_number)
            and self.to_number in (None, to_number)
            and self.body in (None, body)
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Parameters that its kind does not take are ignored."""

    kind: Kind
    match: Match = Match()
    seconds: float = 0.0
    status: int = 0
    status_code: int = 0
    # The response's Retry-After, in seconds.
    retry_after: int | None = None
    times: int = 1

    @property
    def stage(self) -> Stage:
        """The stage at which it occurs."""
        return TRAITS[self.kind].stage

    @property
    def delay(self) -> timedelta:
        """`seconds` as a timedelta."""
        return timedelta(seconds=self.seconds)
