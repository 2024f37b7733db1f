"""What every command has in common."""

from dataclasses import dataclass, field
from typing import Protocol

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.errors import EtagMismatch
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """Names a command, so that it is carried out once however often it arrives."""

    kind: str
    request_id: str
    # All fields of the command, in a fixed order: the same id with other fields is refused.
    fingerprint_fields: tuple[str, ...] = field(repr=False)


class Command(Protocol):
    """Something that somebody wants done."""

    @property
    def idempotency_key(self) -> IdempotencyKey:
        """Names this command."""
        ...

    def read_set(self, pool: Pool) -> ReadSet:
        """What to load before the decision."""
        ...

    def decide(self, snapshot: Snapshot) -> Change:
        """The whole outcome. Pure; raises ConversationError to refuse the command."""
        ...


def check_etag(given: str, present: str) -> None:
    """Raises EtagMismatch if a caller gave an etag, and another one is present."""
    if given not in ("", present):
        raise EtagMismatch(present)
