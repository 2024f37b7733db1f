"""Snapshots and messages for tests of decisions, and what such tests read from a change."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.lifecycle import created, ended, joined, paused
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.messages import Attachment, HeldMessage, InboundMessage
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import MaskedNumber, NumberState, Pool
from conversation_service.domain.model.rate_limits import NEVER, WindowCounter
from conversation_service.domain.templates.catalog import Template
from conversation_service.store.records.event_details import encode_detail
from support.builders.conversations import (
    ALICE,
    BOB,
    MASKED,
    NUMBERS,
    POOL,
    settings_with,
    system_message,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
CODE = "K7M2Q9"
OTHER_CODE = "X4X4X4"
TEXT_ID = "mdr2-1"
PICTURE = Attachment("https://media.example.net/1", "image/png", 14_832)
# Refused before its content is known, as nobody can fetch it.
CARD = Attachment("", "text/x-vcard", 312)

READ_SET = ReadSet(
    conversation_id="conversation",
    code=CODE,
    unique_name="named",
    code_attempts_on=MASKED,
    pair=(ALICE, BOB),
    held_in="held",
)


def pool_with(
    settings: Mapping[str, Any] | None = None, *, numbers: tuple[MaskedNumber, ...] = NUMBERS
) -> Pool:
    """The pool of these tests with other settings, by their paths."""
    return replace(POOL, settings=settings_with(settings or {}), numbers=numbers)


def draining(*masked_numbers: str) -> tuple[MaskedNumber, ...]:
    """The numbers of these tests, some of which begin nothing new."""
    state = NumberState.DRAINING
    return tuple(
        replace(number, state=state) if number.phone_number in masked_numbers else number
        for number in NUMBERS
    )


def snapshot_of(
    *on_routes: Conversation,
    pool: Pool = POOL,
    now: datetime = NOW,
    conversation: Conversation | None = None,
    invitation: Conversation | None = None,
    named: Conversation | None = None,
    code_attempts: WindowCounter = NEVER,
    last_number: str = "",
    held: tuple[HeldMessage, ...] = (),
    **loaded: Any,  # noqa: ANN401 - other fields of Snapshot
) -> Snapshot:
    """A snapshot with conversations on the routes of their people, and what a read set names."""
    ids = {
        Route(item.masked_number, person): item.conversation_id
        for item in on_routes
        for person in item.participants
    }
    read = {"conversation": conversation, "invitation": invitation, "named": named}
    defaults: dict[str, Any] = {
        "conversations": {item.conversation_id: item for item in on_routes}
        | {name: item for name, item in read.items() if item},
        "current_conversation_ids": ids,
        "codes": {CODE: "invitation"},
        "unique_names": {"named": "named"},
        "code_attempts": {MASKED: code_attempts},
        "last_numbers": {(ALICE, BOB): last_number},
        "held_messages": {"held": held},
    }
    return Snapshot(pool, now, "change", CODE, READ_SET, **defaults | loaded)


def snapshot_about(
    conversation: Conversation,
    **besides: Any,  # noqa: ANN401 - as above
) -> Snapshot:
    """The same for a decision about one conversation."""
    return snapshot_of(conversation, conversation=conversation, **besides)


def incoming(
    body: str,
    by: Person = BOB,
    on: str = MASKED,
    *,
    attachments: tuple[Attachment, ...] = (),
    carrier_time: datetime | None = None,
    is_recovered: bool = False,
) -> ReceiveMessage:
    """A text that arrives, or that is found in the carrier's records."""
    message = InboundMessage(
        TEXT_ID, by.phone_number, on, body, attachments, carrier_time, is_recovered
    )
    return ReceiveMessage(message, by)


def texted(
    body: str,
    *on_routes: Conversation,
    by: Person = BOB,
    attachments: tuple[Attachment, ...] = (),
    **snapshot: Any,  # noqa: ANN401 - arguments of snapshot_of
) -> Change:
    """The decision about a message, given the conversations on the routes of their people."""
    return incoming(body, by, attachments=attachments).decide(snapshot_of(*on_routes, **snapshot))


def sent_bodies(change: Change) -> list[tuple[Person, str]]:
    """Recipients and bodies of the messages, in order."""
    return [(message.to, message.body) for message in change.texts]


def system(
    to: Person, template: Template, *, code: str = "", span: timedelta | None = None
) -> tuple[Person, str]:
    """A system message as `sent_bodies` has it."""
    return to, system_message(template, code=code, span=span)


def to_both(template: Template) -> list[tuple[Person, str]]:
    """The same system message to both participants."""
    return [system(ALICE, template), system(BOB, template)]


def event_details(change: Change) -> list[tuple[str, str]]:
    """Types and details of the events, in order."""
    return [(event.type.value, encode_detail(event.detail)) for event in change.events]


def after(change: Change) -> Conversation:
    """The conversation as it is afterwards."""
    assert change.after is not None
    return change.after


WAITING = replace(created(snapshot_of(), MASKED, (ALICE,)), conversation_id="c", etag="e1")
# The store gives every live conversation a data key.
ACTIVE = replace(joined(snapshot_of(), WAITING, BOB), etag="e2", data_key=b"\xffa data key")
PAUSED = replace(paused(snapshot_of(), ACTIVE), etag="e3")
ENDED = replace(ended(snapshot_of(), ACTIVE, EndReason.PARTICIPANT_ENDED), etag="e4")
