"""An operator deletes a block."""

from dataclasses import dataclass

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.errors import BlockNotFound
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class DeleteBlock:
    """Lets two people meet again, unless another block stands between them."""

    request_id: str
    block_id: str

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return IdempotencyKey("delete-block", self.request_id, (self.block_id,))

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet(block_id=self.block_id)

    def decide(self, snapshot: Snapshot) -> Change:
        block = snapshot.block
        if block is None:
            raise BlockNotFound(self.block_id)
        event = Event(EventType.PARTICIPANT_UNBLOCKED, block.conversation_id, block.blocker_id)
        return Change(deleted_block=block, events=(event,))
