"""Conversations in protobuf."""

from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.participants import Person
from conversation_service.rpc.core.convert import timestamp
from conversation_service.rpc.core.permissions import may_see_numbers
from maskline.conversation.v1 import conversation_pb2 as pb

_STATES = {state: pb.ConversationState.Value(f"CONVERSATION_STATE_{state}") for state in State}

_END_REASONS = {reason: pb.EndReason.Value(f"END_REASON_{reason}") for reason in EndReason}


def conversation_to_proto(conversation: Conversation) -> pb.Conversation:
    """Without the join code, which only the response of CreateConversation has."""
    reason = conversation.end_reason
    return pb.Conversation(
        conversation_id=conversation.conversation_id,
        pool_id=conversation.pool,
        masked_number=conversation.masked_number,
        state=_STATES[conversation.state],
        participants=map(
            _participant_to_proto, conversation.participants, conversation.consent_references
        ),
        etag=conversation.etag,
        create_time=timestamp(conversation.create_time),
        join_time=timestamp(conversation.join_time),
        last_message_time=timestamp(conversation.last_message_time),
        expire_time=timestamp(conversation.next_end_time),
        end_time=timestamp(conversation.end_time),
        end_reason=_END_REASONS[reason] if reason else pb.END_REASON_UNSPECIFIED,
        unique_name=conversation.unique_name,
        max_end_time=timestamp(conversation.max_end_time if conversation.is_connected else None),
        pause_time=timestamp(conversation.pause_time),
        report_time=timestamp(conversation.report_time),
        end_note=conversation.end_note,
        labels=conversation.labels,
    )


def _participant_to_proto(person: Person, consent_reference: str) -> pb.Participant:
    return pb.Participant(
        participant_id=person.participant_id,
        phone_number=person.phone_number if may_see_numbers() else "",
        consent_reference=consent_reference,
    )
