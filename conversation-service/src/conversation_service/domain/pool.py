"""A pool: masked numbers run as one, with its settings."""

from dataclasses import dataclass, field
from datetime import timedelta

from conversation_service.domain.words import Words


@dataclass(frozen=True, slots=True)
class Pool:
    """One organisation's numbers and how conversations on them behave."""

    name: str
    masked_numbers: tuple[str, ...]
    operator: str
    code_lifetime: timedelta = timedelta(minutes=15)
    idle_lifetime: timedelta = timedelta(days=7)
    # Staff can look up what happened for a while; then it is forgotten.
    kept_after_end: timedelta = timedelta(days=7)
    # A stranger gets one help text, then none for this long: machines must not loop.
    stranger_silence: timedelta = timedelta(minutes=10)
    words: Words = field(default_factory=Words)
