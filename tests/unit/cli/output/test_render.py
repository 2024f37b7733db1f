import time
from collections.abc import Iterator
from io import StringIO

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console, RenderableType

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.event_pb2 import Event
from maskline_cli.output.render import cell, details, table
from maskline_cli.values.fields import enum_word, local_time


def printed(view: RenderableType, width: int) -> str:
    out = StringIO()
    Console(file=out, width=width, markup=False, highlight=False, emoji=False).print(view)
    return out.getvalue()


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Five hours ahead of UTC, for this test only."""
    monkeypatch.setenv("TZ", "XYZ-05:00")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_times_are_shown_in_the_local_zone_with_its_name() -> None:
    conversation = pb.Conversation(create_time=Timestamp(seconds=1_772_366_405))
    assert local_time(conversation, "create_time") == "2026-03-01 17:00:05 XYZ"
    assert local_time(conversation, "end_time") == ""


def test_enums_are_words_and_newer_ones_are_numbers() -> None:
    assert enum_word(pb.Conversation(state=pb.CONVERSATION_STATE_ACTIVE), "state") == "active"
    assert enum_word(pb.Conversation(), "end_reason") == ""
    newer = Event.FromString(b"\x20\xce\x0f")
    assert enum_word(newer, "type") == "1998"


def test_a_narrow_terminal_folds_a_cell_and_loses_nothing_of_it() -> None:
    output = printed(table(("conversation", "state"), [("c" * 50, "active")]), width=30)
    assert output.count("c" * 10) >= 4
    assert "…" not in output
    assert sum(line.split(" ")[0].count("c") for line in output.splitlines()[1:]) == 50


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    assert "[red]:smile:" in printed(table(("note",), [("[red]:smile:",)]), width=80)


def test_nothing_that_a_terminal_would_obey_is_shown() -> None:
    unreadable, line_break = "\N{REPLACEMENT CHARACTER}", "\N{RETURN SYMBOL}"
    assert cell("a\x1b[2Jb\rc\nd").plain == f"a{unreadable}[2Jb{unreadable}c{line_break}d"


def test_facts_without_a_value_are_left_out() -> None:
    output = printed(details([("name", ""), ("state", "active")]), width=80)
    assert output.split() == ["state", "active"]
