"""Blocks: two people who do not meet again in a pool."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Block:
    """Made by one participant of a conversation against the other; it holds participant ids only.

    There may be several between two people, as each block ends another conversation.
    """

    block_id: str
    blocker_id: str
    blocked_id: str
    create_time: datetime
    # The conversation that it ended; empty when that is not kept any more.
    conversation_id: str

    @property
    def participant_ids(self) -> tuple[str, str]:
        """Both people."""
        return self.blocker_id, self.blocked_id
