"""Conversations as tables."""

from collections.abc import Iterable, Iterator

from rich.table import Table

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline_cli.output.render import details, table
from maskline_cli.values.fields import enum_word, local_time
from maskline_cli.values.participants import POSITIONS, displayed_participant

HEADINGS = ("conversation", "state", "number", "first", "second", "name", "started", "last message")


def conversation_table(conversations: Iterable[pb.Conversation]) -> Table:
    """One row for each."""
    return table(HEADINGS, map(_row, conversations))


def conversation_details(conversation: pb.Conversation, *more: tuple[str, str]) -> Table:
    """All fields of conversation conversation, after `more` rows."""
    return details([*more, *_details(conversation)])


def _row(conversation: pb.Conversation) -> tuple[str, ...]:
    return (
        conversation.conversation_id,
        _state(conversation),
        conversation.masked_number,
        displayed_participant(conversation, 0),
        displayed_participant(conversation, 1),
        conversation.unique_name,
        local_time(conversation, "create_time"),
        local_time(conversation, "last_message_time"),
    )


def _details(conversation: pb.Conversation) -> Iterator[tuple[str, str]]:
    yield "conversation", conversation.conversation_id
    yield "name", conversation.unique_name
    yield (
        "labels",
        ", ".join(f"{key}={value}" for key, value in sorted(conversation.labels.items())),
    )
    yield "pool", conversation.pool_id
    yield "number", conversation.masked_number
    yield "state", _state(conversation)
    yield (
        "end reason",
        " ".join(filter(None, (enum_word(conversation, "end_reason"), conversation.end_note))),
    )
    for position, participant in zip(POSITIONS, conversation.participants, strict=False):
        yield position, f"{participant.phone_number} {participant.participant_id}".strip()
        yield f"consent of {position}", participant.consent_reference
    yield "started", local_time(conversation, "create_time")
    yield "joined", local_time(conversation, "join_time")
    yield "last message", local_time(conversation, "last_message_time")
    yield "ends if idle", local_time(conversation, "expire_time")
    yield "ends at the latest", local_time(conversation, "max_end_time")
    yield "paused", local_time(conversation, "pause_time")
    yield "reported", local_time(conversation, "report_time")
    yield "ended", local_time(conversation, "end_time")


def _state(conversation: pb.Conversation) -> str:
    """The state, with "reported"."""
    marks = [enum_word(conversation, "state")]
    marks += ["reported"] * conversation.HasField("report_time")
    return ", ".join(marks)
