"""Conversations, texts and events as callers see them."""

from conversation_service.application.queries import MessageSummary
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.events import EventType
from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.model.participants import Person, redacted_number
from conversation_service.rpc.conversations.event_descriptions import describe
from conversation_service.rpc.core.convert import timestamp
from conversation_service.rpc.core.permissions import Caller
from conversation_service.store.event_log import RecordedEvent
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2

_STATES = {state: pb.ConversationState.Value(f"CONVERSATION_STATE_{state}") for state in State}

_END_REASONS = {reason: pb.EndReason.Value(f"END_REASON_{reason}") for reason in EndReason}

_MESSAGE_STATES = {state: pb.MessageState.Value(f"MESSAGE_STATE_{state}") for state in MessageState}

_EVENT_TYPES = {kind: event_pb2.EventType.Value(f"EVENT_TYPE_{kind}") for kind in EventType}


def conversation_message(conversation: Conversation, caller: Caller) -> pb.Conversation:
    """Without the code: only who started is given that."""
    reason = conversation.end_reason
    active = conversation.state is State.ACTIVE
    return pb.Conversation(
        conversation_id=conversation.conversation_id,
        pool=conversation.pool,
        masked_number=conversation.masked_number,
        state=_STATES[conversation.state],
        participants=[_participant(person, caller) for person in conversation.participants],
        etag=conversation.etag,
        create_time=timestamp(conversation.create_time),
        join_time=timestamp(conversation.join_time),
        last_message_time=timestamp(conversation.last_message_time),
        expire_time=timestamp(conversation.next_end_time),
        end_time=timestamp(conversation.end_time),
        end_reason=_END_REASONS[reason] if reason else pb.END_REASON_UNSPECIFIED,
        unique_name=conversation.unique_name,
        latest_end_time=timestamp(conversation.latest_end_time if active else None),
        pause_time=timestamp(conversation.pause_time),
        report_time=timestamp(conversation.report_time),
        end_note=conversation.end_note,
    )


def text_summary(text: MessageSummary) -> pb.MessageSummary:
    """How far a text got."""
    is_system = text.event.type is EventType.SYSTEM_TEXT_ACCEPTED
    return pb.MessageSummary(
        message_id=text.message.message_id,
        conversation_id=text.event.conversation_id,
        author_participant_id="" if is_system else text.event.participant_id,
        template=text.event.detail if is_system else "",
        recipient_participant_id=text.recipient.participant_id,
        state=_MESSAGE_STATES[text.message.state],
        accept_time=timestamp(text.message.accept_time),
        update_time=timestamp(text.message.change_time),
    )


def event_message(recorded: RecordedEvent, conversation: Conversation | None) -> event_pb2.Event:
    """What happened; with its conversation the sentence says which of the two did it."""
    event = recorded.event
    return event_pb2.Event(
        event_id=recorded.event_id,
        event_time=timestamp(recorded.time),
        type=_EVENT_TYPES[event.type],
        conversation_id=event.conversation_id,
        participant_id=event.participant_id,
        message_id=event.message_id,
        detail=event.detail,
        description=describe(event, conversation),
    )


def _participant(person: Person, caller: Caller) -> pb.Participant:
    return pb.Participant(
        participant_id=person.participant_id,
        masked_phone_number=redacted_number(person.phone_number),
        phone_number=person.phone_number if caller.may_see_numbers else "",
    )
