"""What is kept of a message for clients: everything but its body."""

from dataclasses import dataclass
from datetime import datetime

from conversation_service.domain.model.events import Failure, RelayRefusal
from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message from acceptance to the end. Person ids are the same in all pools."""

    message_id: str
    state: MessageState
    create_time: datetime
    # The recipient; empty if nobody had joined the conversation yet.
    recipient_id: str
    # Empty outside of any conversation.
    conversation_id: str = ""
    # Whether a participant wrote it.
    is_relayed: bool = False
    # Of a system message; None also for a message of a client.
    template: Template | None = None
    segment_count: int = 1
    attachment_count: int = 0
    # None before the first change of the state.
    change_time: datetime | None = None
    failure: Failure | None = None
    relay_refusal: RelayRefusal | None = None
