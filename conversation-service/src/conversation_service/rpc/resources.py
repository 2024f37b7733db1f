"""Conversations as callers see them."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from conversation_service.domain.conversation import Conversation, EndReason, State
from conversation_service.domain.phone import Person, masked
from maskline.conversation.v1 import conversation_pb2 as pb

_STATES = {
    State.WAITING: pb.CONVERSATION_STATE_WAITING,
    State.ACTIVE: pb.CONVERSATION_STATE_ACTIVE,
    State.ENDED: pb.CONVERSATION_STATE_ENDED,
}
_END_REASONS = {
    None: pb.END_REASON_UNSPECIFIED,
    EndReason.PARTICIPANT_ENDED: pb.END_REASON_PARTICIPANT_ENDED,
    EndReason.OPERATOR_ENDED: pb.END_REASON_OPERATOR_ENDED,
    EndReason.OPTED_OUT: pb.END_REASON_OPTED_OUT,
    EndReason.CODE_EXPIRED: pb.END_REASON_CODE_EXPIRED,
    EndReason.IDLE_EXPIRED: pb.END_REASON_IDLE_EXPIRED,
}


def conversation_message(conversation: Conversation) -> pb.Conversation:
    """Without numbers of people, and without the code: only who started is given that."""
    return pb.Conversation(
        conversation_id=conversation.conversation_id,
        pool=conversation.pool,
        masked_number=conversation.masked_number,
        state=_STATES[conversation.state],
        participants=[_participant(person) for person in conversation.participants],
        etag=conversation.etag,
        create_time=_time(conversation.create_time),
        join_time=_time(conversation.join_time),
        last_message_time=_time(conversation.last_message_time),
        expire_time=_time(conversation.due_time if conversation.is_live else None),
        end_time=_time(conversation.end_time),
        end_reason=_END_REASONS[conversation.end_reason],
    )


def _participant(person: Person) -> pb.Participant:
    return pb.Participant(
        participant_id=person.participant_id, masked_phone_number=masked(person.phone_number)
    )


def _time(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp
