"""Messages in protobuf: the one conversion, for answers, single messages and lists."""

from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.messages import MessageState
from conversation_service.rpc.core.convert import timestamp
from conversation_service.rpc.events.responses import failure_to_proto, relay_refusal_to_proto
from conversation_service.store.encryption.blind_index import PersonIds
from maskline.conversation.v1 import message_pb2 as pb

_STATES = {state: pb.MessageState.Value(f"MESSAGE_STATE_{state}") for state in MessageState}


class MessageConverter:
    """Converts the messages of one pool."""

    def __init__(self, pool: str, people: PersonIds) -> None:
        self._pool = pool
        self._people = people

    def to_proto(self, record: MessageRecord, conversation: Conversation | None) -> pb.Message:
        """A message of a conversation; None outside of any."""
        message = pb.Message(
            message_id=record.message_id,
            conversation_id=record.conversation_id,
            recipient_participant_id=self._participant_id(record.recipient_id),
            state=_STATES[record.state],
            failure=failure_to_proto(record.failure) if record.failure else None,
            segment_count=record.segment_count,
            attachment_count=record.attachment_count,
            create_time=timestamp(record.create_time),
            update_time=timestamp(record.change_time or record.create_time),
            relay_refusal=relay_refusal_to_proto(record.relay_refusal),
        )
        _set_author(message, record, conversation)
        return message

    def _participant_id(self, person_id: str) -> str:
        if not person_id:
            return ""
        return self._people.participant_of(self._pool, person_id).participant_id


def _set_author(
    message: pb.Message, record: MessageRecord, conversation: Conversation | None
) -> None:
    """Without a recipient the author waited alone: the first participant."""
    if record.template:
        message.template = record.template.value
    elif not record.is_relayed:
        message.system.SetInParent()
    elif conversation:
        others = (p for p in conversation.participants if p.person_id != record.recipient_id)
        message.author_participant_id = next(others).participant_id
