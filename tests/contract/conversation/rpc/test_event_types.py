"""Every published type of event is recorded somewhere, with the detail that its comment names."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import conversation_service
from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.events import (
    DETAILS,
    DeadLetterReason,
    Detail,
    Event,
    EventType,
    Failure,
    FailureReason,
    RelayRefusal,
    SendResolution,
)
from conversation_service.domain.templates.catalog import Template
from conversation_service.rpc.events.responses import event_to_proto
from conversation_service.store.event_log import RecordedEvent
from conversation_service.store.records.event_details import decode_detail, encode_detail
from maskline.conversation.v1 import event_pb2

PROTO = Path(__file__).parents[4] / "protos/maskline/conversation/v1/event.proto"
SOURCE = Path(conversation_service.__file__).parent
# What reads events and names their types, but records none.
READERS = ("domain/model/events.py", "application/queries.py", "rpc/")
# Every value of every detail. People never text TALK, which stands for no keyword.
VALUES: dict[type[Detail], list[Detail]] = {
    EndReason: [*EndReason],
    RelayRefusal: [*RelayRefusal],
    Failure: [Failure(reason, code) for reason in FailureReason for code in ("", "1110", "a b")],
    Keyword: [keyword for keyword in Keyword if keyword is not Keyword.TALK],
    Template: [*Template],
    SendResolution: [*SendResolution],
    DeadLetterReason: [*DeadLetterReason],
    int: [1, 50],
}


def documented() -> dict[str, str]:
    """The detail that the comment of each type names; empty if none."""
    rows = re.findall(r"((?:^  //.*\n)+)^  EVENT_TYPE_(\w+) =", PROTO.read_text(), re.MULTILINE)
    details = {}
    for comment, name in rows:
        found = re.search(r"Detail: (\w+)", re.sub(r"\s*//\s*", " ", comment))
        details[name] = found[1] if found else ""
    return {name: field for name, field in details.items() if name != "UNSPECIFIED"}


def converted(kind: EventType, detail: Detail | None) -> event_pb2.Event:
    event = Event(kind, "c", "p", "m", detail)
    return event_to_proto(RecordedEvent("1-0", datetime.now(UTC), event), "main", None)


def recorded() -> set[str]:
    """The types that are named where events are recorded."""
    names: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        if not str(path.relative_to(SOURCE)).startswith(READERS):
            names |= set(re.findall(r"EventType\.([A-Z_]+)", path.read_text()))
    for path in SOURCE.rglob("*.lua"):
        names |= set(re.findall(r'"([A-Z]+_[A-Z_]+)"', path.read_text()))
    return names


def test_every_type_is_recorded_somewhere() -> None:
    assert set(documented()) == {kind.value for kind in EventType}
    assert set(documented()) <= recorded()


@pytest.mark.parametrize("kind", EventType)
def test_a_type_has_exactly_the_detail_that_its_comment_names(kind: EventType) -> None:
    field = documented()[kind.value]
    details = VALUES[DETAILS[kind]] if kind in DETAILS else [None]
    assert {converted(kind, detail).WhichOneof("detail") for detail in details} == {field or None}


@pytest.mark.parametrize("kind", DETAILS)
def test_every_value_of_a_detail_is_read_as_it_was_stored_and_published_as_one_of_its_own(
    kind: EventType,
) -> None:
    values = VALUES[DETAILS[kind]]
    assert [decode_detail(kind, encode_detail(value)) for value in values] == values
    published = {converted(kind, value).SerializeToString() for value in values}
    assert len(published) == len(values)
    assert decode_detail(kind, encode_detail(None)) is None


def test_the_table_has_every_detail_of_the_contract() -> None:
    fields = {field.name for field in event_pb2.Event.DESCRIPTOR.oneofs_by_name["detail"].fields}
    assert set(documented().values()) - {""} == fields
    assert set(DETAILS.values()) == set(VALUES)
