"""Conversations as people read them."""

from collections.abc import Iterable, Iterator

from rich.table import Table

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline_cli.output.render import facts, table
from maskline_cli.values.fields import time_of, word_of
from maskline_cli.values.participants import POSITIONS, shown_number

HEADINGS = ("conversation", "state", "number", "first", "second", "name", "started", "last text")


def conversation_table(conversations: Iterable[pb.Conversation]) -> Table:
    """One line for each."""
    return table(HEADINGS, map(_row, conversations))


def conversation_facts(one: pb.Conversation, *more: tuple[str, str]) -> Table:
    """All that is known of one, below what else there is to say."""
    return facts([*more, *_facts(one)])


def _row(one: pb.Conversation) -> tuple[str, ...]:
    return (
        one.conversation_id,
        _state(one),
        one.masked_number,
        shown_number(one, 0),
        shown_number(one, 1),
        one.unique_name,
        time_of(one, "create_time"),
        time_of(one, "last_message_time"),
    )


def _facts(one: pb.Conversation) -> Iterator[tuple[str, str]]:
    yield "conversation", one.conversation_id
    yield "name", one.unique_name
    yield "pool", one.pool
    yield "number", one.masked_number
    yield "state", _state(one)
    yield "why it ended", " ".join(filter(None, (word_of(one, "end_reason"), one.end_note)))
    for index, place in enumerate(POSITIONS[: len(one.participants)]):
        yield place, f"{shown_number(one, index)} {one.participants[index].participant_id}"
    yield "started", time_of(one, "create_time")
    yield "joined", time_of(one, "join_time")
    yield "last text", time_of(one, "last_message_time")
    yield "ends without texts", time_of(one, "expire_time")
    yield "ends at the latest", time_of(one, "latest_end_time")
    yield "paused", time_of(one, "pause_time")
    yield "reported", time_of(one, "report_time")
    yield "ended", time_of(one, "end_time")


def _state(one: pb.Conversation) -> str:
    """Where it stands, and what staff should see at once."""
    marks = [word_of(one, "state")]
    marks += ["paused"] * one.HasField("pause_time")
    marks += ["reported"] * one.HasField("report_time")
    return ", ".join(marks)
