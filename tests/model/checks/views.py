"""Conversations as the service shows them and as the model has them, in one form."""

from datetime import UTC, datetime

from model.reference.records import Conversation

from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversations import PEOPLE


def view_of_response(conversation: pb.Conversation) -> dict[str, object]:
    """As the service shows it."""
    state = pb.ConversationState.Name(conversation.state)
    reason = pb.EndReason.Name(conversation.end_reason)
    return {
        "number": conversation.masked_number,
        "state": state.removeprefix("CONVERSATION_STATE_"),
        "people": [person.participant_id for person in conversation.participants],
        "unique name": conversation.unique_name,
        "labels": dict(conversation.labels),
        "expires": _time(conversation, "expire_time"),
        "latest end": _time(conversation, "max_end_time"),
        "ended": _time(conversation, "end_time"),
        "reason": reason.removeprefix("END_REASON_"),
        "is reported": conversation.HasField("report_time"),
        "last message": _time(conversation, "last_message_time"),
    }


def view_of_model(conversation: Conversation) -> dict[str, object]:
    """As the model expects it."""
    live = "WAITING" if conversation.is_waiting else "ACTIVE"
    live = "PAUSED" if conversation.is_paused else live
    return {
        "number": conversation.number,
        "state": live if conversation.is_live else "ENDED",
        "people": [participant_id(conversation.pool, person) for person in conversation.people],
        "unique name": conversation.unique_name,
        "labels": conversation.labels,
        "expires": conversation.next_end if conversation.is_live else None,
        "latest end": conversation.latest_end if conversation.is_active else None,
        "ended": conversation.end_time,
        "reason": conversation.end_reason or "UNSPECIFIED",
        "is reported": conversation.is_reported,
        "last message": conversation.last_message,
    }


def participant_id(pool: str, person: str) -> str:
    return PEOPLE.person(pool, person).participant_id


def _time(conversation: pb.Conversation, field: str) -> datetime | None:
    present = {descriptor.name: value for descriptor, value in conversation.ListFields()}
    return present[field].ToDatetime(tzinfo=UTC) if field in present else None
