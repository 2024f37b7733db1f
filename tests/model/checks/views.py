"""Conversations as the service shows them and as the model has them, to be compared."""

from datetime import UTC, datetime

from maskline.conversation.v1 import conversation_pb2 as pb
from support.conversations import PEOPLE

from model.reference.records import Talk


def shown(one: pb.Conversation) -> dict[str, object]:
    """A conversation as the service shows it."""
    return {
        "number": one.masked_number,
        "state": pb.ConversationState.Name(one.state).removeprefix("CONVERSATION_STATE_"),
        "people": [person.participant_id for person in one.participants],
        "name": one.unique_name,
        "ends": _time(one, "expire_time"),
        "ends at the latest": _time(one, "latest_end_time"),
        "ended": _time(one, "end_time"),
        "why": pb.EndReason.Name(one.end_reason).removeprefix("END_REASON_"),
        "is paused": one.HasField("pause_time"),
        "is reported": one.HasField("report_time"),
        "last message": _time(one, "last_message_time"),
    }


def known(talk: Talk) -> dict[str, object]:
    """The same as the model has it."""
    state = "WAITING" if talk.is_waiting else "ACTIVE" if talk.is_active else "ENDED"
    return {
        "number": talk.number,
        "state": state,
        "people": [participant_id(talk.pool, person) for person in talk.people],
        "name": talk.unique_name,
        "ends": talk.next_end if talk.is_live else None,
        "ends at the latest": talk.latest_end if talk.is_active else None,
        "ended": talk.end_time,
        "why": talk.end_reason or "UNSPECIFIED",
        "is paused": talk.is_paused,
        "is reported": talk.is_reported,
        "last message": talk.last_message,
    }


def participant_id(pool: str, person: str) -> str:
    """What stands for a person in a pool."""
    return PEOPLE.person(pool, person).participant_id


def _time(one: pb.Conversation, field: str) -> datetime | None:
    present = {known.name: value for known, value in one.ListFields()}
    return present[field].ToDatetime(tzinfo=UTC) if field in present else None
