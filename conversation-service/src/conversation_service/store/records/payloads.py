"""Stored forms of messages, rate limits, opt-outs and responses.

The first item, or byte, is the version of the form.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.messages import (
    Attachment,
    HeldMessage,
    MessageState,
    OutboundMessage,
)
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.rate_limits import SenderLimits, WindowCounter
from conversation_service.store.keyspace.timestamps import (
    from_ms,
    to_ms,
)
from conversation_service.store.records.conversation import dumps

VERSION = 1

# The limits that are counts of a window; the others are times.
_COUNTS = ("replies", "code_attempts", "failures", "relayed_minute", "relayed_day", "openings")

# Stored by their index: append only.
_LIMITS = (
    "replies",
    "code_attempts",
    "helped_until",
    "locked_until",
    "failures",
    "failed_until",
    "relayed_minute",
    "relayed_day",
    "relay_refused_until",
    "opted_out_helped_until",
    "openings",
)

# Times until the year 2248 leave room for counts of two millions.
_MS_BITS, _LIMIT_BYTES = 43, 8

# Of the first two bytes; the version has the rest.
_LIMITS_BITS = 12

# Flags of an outbox entry.
_MAY_REACH_OPTED_OUT, _IS_RELAYED, _USES_RESERVE, _HAS_FILES = 1, 2, 4, 8

# A phone number has at most 15 digits.
_NUMBER_BYTES = 7


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The first response to a command, kept for its repetitions."""

    conversation: Conversation | None = None
    # The messages that a client sent, as they were accepted.
    messages: tuple[MessageRecord, ...] = ()
    # The command was refused although something was written.
    is_refused: bool = False
    # The conversation in whose timeline a keyword is recorded; empty if there is none.
    timeline_id: str = ""
    # The participant's message that was relayed, held or not relayed; empty if there was none.
    message_id: str = ""
    # The response contained a conversation that has been purged.
    is_expired: bool = False
    # The erasure that an inbound message asked for: whether it did depends on the pool's settings
    # at that time.
    erasure_id: str = ""

    @property
    def changed(self) -> Conversation:
        """The conversation after a command that always changes one."""
        if self.conversation is None:
            raise AssertionError("the command changed no conversation")
        return self.conversation


def encode_payload(message: OutboundMessage, *, has_conversation: bool = True) -> bytes:
    """An outbound message for the outbox: version, flags, both numbers, conversation id, a line
    break, and the body, as JSON if there are files.

    `has_conversation` is false where the envelope names the conversation.
    """
    flags = _MAY_REACH_OPTED_OUT * message.may_reach_opted_out | _IS_RELAYED * message.is_relayed
    flags |= _USES_RESERVE * message.uses_reserve | _HAS_FILES * bool(message.attachments)
    numbers = (message.from_number, message.to.phone_number)
    files = _encode_attachments(message.attachments)
    return b"".join(
        (
            bytes((VERSION, flags)),
            *(int(number.removeprefix("+")).to_bytes(_NUMBER_BYTES) for number in numbers),
            message.conversation_id.encode() if has_conversation else b"",
            b"\n",
            dumps([message.body, *files]) if files else message.body.encode(),
        )
    )


def decode_payload(
    stored: bytes, message_id: str, person: Callable[[str], Person], conversation_id: str = ""
) -> OutboundMessage:
    """The message of an outbox entry; `person` is the recipient with a phone number.

    `conversation_id` is the envelope's.
    """
    version, flags = stored[:2]
    if version != VERSION:
        raise ValueError("unknown form")
    numbers = stored[2 : 2 + 2 * _NUMBER_BYTES]
    own_id, _, content = stored[2 + 2 * _NUMBER_BYTES :].partition(b"\n")
    has_files = flags & _HAS_FILES
    body, *files = json.loads(content) if has_files else (content.decode(),)
    return OutboundMessage(
        message_id,
        own_id.decode() or conversation_id,
        _number(numbers[:_NUMBER_BYTES]),
        person(_number(numbers[_NUMBER_BYTES:])),
        body,
        may_reach_opted_out=bool(flags & _MAY_REACH_OPTED_OUT),
        is_relayed=bool(flags & _IS_RELAYED),
        uses_reserve=bool(flags & _USES_RESERVE),
        attachments=_decode_attachments(files),
    )


def encode_held(message: HeldMessage) -> bytes:
    """A message that a paused conversation holds."""
    attachments = _encode_attachments(message.attachments)
    return dumps([VERSION, message.message_id, message.author_id, message.body, *attachments])


def decode_held(stored: bytes) -> HeldMessage:
    """A held message."""
    _, message_id, author_id, body, *attachments = json.loads(stored)
    return HeldMessage(message_id, author_id, body, _decode_attachments(attachments))


def encode_count(count: WindowCounter) -> str:
    """A count and the end of its window (ms); empty for a count of 0."""
    return f"{count.number} {to_ms(count.until)}" if count.until else ""


def decode_count(stored: bytes) -> WindowCounter:
    """A count and the end of its window."""
    number, _, until = stored.decode().partition(" ")
    return WindowCounter(int(number), from_ms(int(until))) if until else WindowCounter()


def encode_sender_limits(limits: SenderLimits) -> bytes:
    """Version and which are set, then 8 bytes for each of them: its count and the end of its window
    (ms), or a time; empty if none is set."""
    fields, packed = 0, b""
    for index, name in enumerate(_LIMITS):
        limit = getattr(limits, name)
        number, until = (limit.number, limit.until) if name in _COUNTS else (0, limit)
        if until is not None:
            fields |= 1 << index
            packed += (number << _MS_BITS | to_ms(until)).to_bytes(_LIMIT_BYTES)
    return (VERSION << _LIMITS_BITS | fields).to_bytes(2) + packed if packed else b""


def decode_sender_limits(stored: bytes) -> SenderLimits:
    """A sender's rate limits."""
    fields, limits = int.from_bytes(stored[:2]), dict[str, Any]()
    starts = iter(range(2, len(stored), _LIMIT_BYTES))
    for name in (name for index, name in enumerate(_LIMITS) if fields >> index & 1):
        start = next(starts)
        number, ms = divmod(int.from_bytes(stored[start : start + _LIMIT_BYTES]), 1 << _MS_BITS)
        limits[name] = WindowCounter(number, from_ms(ms)) if name in _COUNTS else from_ms(ms)
    return SenderLimits(**limits)


def encode_ack(response: StoredResponse) -> bytes:
    """The response to a command whose caller learns only that it was carried out."""
    ids = (response.timeline_id, response.message_id, response.erasure_id)
    return "\n".join(ids).rstrip("\n").encode()


def decode_ack(stored: bytes) -> StoredResponse:
    """The same; most hold a message id."""
    timeline_id, message_id, erasure_id = [*stored.decode().split("\n"), "", ""][:3]
    return StoredResponse(timeline_id=timeline_id, message_id=message_id, erasure_id=erasure_id)


def encode_sent(record: MessageRecord) -> list[str | int | bool]:
    """A message of a client's response; it has no template, and has not changed yet."""
    counts = (record.segment_count, record.attachment_count)
    created = to_ms(record.create_time)
    ids = (record.message_id, record.recipient_id)
    return [*ids, record.state.value, record.is_relayed, created, *counts]


def decode_sent(values: list[Any], conversation_id: str) -> MessageRecord:
    """A message of a client's response."""
    message_id, recipient_id, state, is_relayed, created, segments, files = values
    return MessageRecord(
        message_id,
        MessageState(state),
        from_ms(created),
        recipient_id,
        conversation_id,
        is_relayed,
        segment_count=segments,
        attachment_count=files,
    )


def encode_opt_out(opt_out: OptOut) -> str:
    """When, how and by what, hashed; the note of an import."""
    return f"{to_ms(opt_out.time)} {opt_out.source.value} {opt_out.cause} {opt_out.note}"


def decode_opt_out(stored: bytes) -> OptOut:
    """An opt-out."""
    ms, source, cause, note = stored.decode().split(" ", 3)
    return OptOut(from_ms(int(ms)), OptOutSource(source), cause, note)


def _encode_attachments(attachments: Iterable[Attachment]) -> list[tuple[str, str, int]]:
    return [(file.url, file.content_type, file.size_bytes) for file in attachments]


def _decode_attachments(stored: Iterable[tuple[str, str, int]]) -> tuple[Attachment, ...]:
    return tuple(Attachment(*values) for values in stored)


def _number(stored: bytes) -> str:
    return f"+{int.from_bytes(stored)}"
