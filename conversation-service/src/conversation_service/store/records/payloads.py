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
    optional_ms,
    optional_time,
    to_ms,
)
from conversation_service.store.records.conversation import dumps

VERSION = 1

# The stored limits of a person with none.
_UNSET_LIMITS = ("", "", None, None, "", None, "", "", None, None, "")

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


def encode_sender_limits(limits: SenderLimits) -> str:
    """Counts and times; empty if all are unset. Unset ones are left out at the end."""
    if limits == SenderLimits():
        return ""
    values = (
        encode_count(limits.replies),
        encode_count(limits.code_attempts),
        optional_ms(limits.helped_until),
        optional_ms(limits.locked_until),
        encode_count(limits.failures),
        optional_ms(limits.failed_until),
        encode_count(limits.relayed_minute),
        encode_count(limits.relayed_day),
        optional_ms(limits.relay_refused_until),
        optional_ms(limits.opted_out_helped_until),
        encode_count(limits.openings),
    )
    length = len(values)
    while length and values[length - 1] == _UNSET_LIMITS[length - 1]:
        length -= 1
    return dumps([VERSION, *values[:length]]).decode()


def decode_sender_limits(stored: bytes) -> SenderLimits:
    """A sender's rate limits."""
    if not stored:
        return SenderLimits()
    _, *given = json.loads(stored)
    values = (*given, *_UNSET_LIMITS[len(given) :])
    replies, tries, helped_until, locked_until, failures, failed_until, *relayed = values
    minute, day, relay_refused_until, opted_out_helped_until, openings = relayed
    return SenderLimits(
        replies=decode_count(replies.encode()),
        code_attempts=decode_count(tries.encode()),
        helped_until=optional_time(helped_until),
        locked_until=optional_time(locked_until),
        failures=decode_count(failures.encode()),
        failed_until=optional_time(failed_until),
        relayed_minute=decode_count(minute.encode()),
        relayed_day=decode_count(day.encode()),
        relay_refused_until=optional_time(relay_refused_until),
        opted_out_helped_until=optional_time(opted_out_helped_until),
        openings=decode_count(openings.encode()),
    )


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
