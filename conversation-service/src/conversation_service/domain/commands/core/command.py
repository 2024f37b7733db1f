"""What every intent has in common."""

from dataclasses import dataclass, field
from typing import Protocol

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """Names an intent, so that it is carried out once however often it arrives.

    `fields` are all its fields in a fixed order: the same id with other fields is another intent.
    """

    kind: str
    request_id: str
    fields: tuple[str, ...] = field(repr=False)


class Command(Protocol):
    """Something that somebody wants to happen."""

    @property
    def receipt(self) -> IdempotencyKey:
        """Its name."""
        ...

    def lookup(self, pool: Pool) -> ReadSet:
        """What has to be known to decide, in the pool as it is."""
        ...

    def decide(self, facts: Snapshot) -> Change:
        """The whole outcome. Pure; raises ConversationError to refuse."""
        ...
