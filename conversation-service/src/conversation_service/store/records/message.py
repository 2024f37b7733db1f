"""The record of a message: a string of words, as there are very many of them.

Rank and letter of the state, when it changed (ms), recipient, conversation, when it was accepted
(ms, hexadecimal), content, and why it failed or was not relayed. Any but the first and the content
may be empty; scripts replace the first two and the last.

The content begins with a `t` for a participant's message, an `s` for any other. Its segments, its
files if there are any, and the template of a system message follow.
"""

from datetime import datetime

from conversation_service.domain.model.events import (
    DISCARDED,
    Detail,
    EventType,
    Failure,
    RelayRefusal,
)
from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.templates.catalog import Template
from conversation_service.store.keyspace.timestamps import from_ms, to_ms
from conversation_service.store.records.event_details import decode_detail, encode_detail
from runtime.redis.scripts import Argument

_LETTERS = {
    MessageState.ACCEPTED: "A",
    MessageState.HELD: "H",
    MessageState.UNCERTAIN: "U",
    MessageState.SENT: "S",
    MessageState.DELIVERED: "D",
    MessageState.UNDELIVERED: "N",
    MessageState.FAILED: "F",
    MessageState.EXPIRED: "E",
    MessageState.NOT_RELAYED: "R",
}

_STATES = {letter: state for state, letter in _LETTERS.items()}

_FAILED = (MessageState.UNDELIVERED, MessageState.FAILED)

_WORDS = 7


def encode_state(state: MessageState) -> str:
    """A state as records and scripts have it: the digit of its rank, and its letter."""
    return f"{state.rank}{_LETTERS[state]}"


def encode_record(record: MessageRecord) -> bytes:
    """A new record."""
    words = (
        encode_state(record.state),
        "",
        record.recipient_id,
        record.conversation_id,
        f"{to_ms(record.create_time):x}",
        _encode_content(record),
        encode_detail(record.relay_refusal),
    )
    return " ".join(words).rstrip().encode()


def encode_resumed(now: datetime) -> tuple[Argument, ...]:
    """The change in the record of a held message that is sent now."""
    return encode_state(MessageState.ACCEPTED), to_ms(now), ""


def encode_discarded(now: datetime) -> tuple[Argument, ...]:
    """The change in the record of a held message that is given up."""
    return encode_state(MessageState.FAILED), to_ms(now), encode_detail(DISCARDED)


def decode_record(message_id: str, stored: bytes) -> MessageRecord:
    """The record of a message."""
    words = [*stored.decode().split(" ", _WORDS - 1), ""]
    rank_and_state, changed, recipient_id, conversation_id, created, content, reason = words[
        :_WORDS
    ]
    state = _STATES[rank_and_state[1:]]
    is_relayed, segments, files, template = _decode_content(content)
    detail = _decode_detail(state, reason)
    return MessageRecord(
        message_id,
        state,
        from_ms(int(created, 16)),
        recipient_id,
        conversation_id,
        is_relayed,
        template,
        segments,
        files,
        from_ms(int(changed)) if changed else None,
        detail if isinstance(detail, Failure) else None,
        detail if isinstance(detail, RelayRefusal) else None,
    )


def _encode_content(record: MessageRecord) -> str:
    """The second number counts files; a word is the template."""
    segments = f"{'t' if record.is_relayed else 's'}{record.segment_count}"
    files = str(record.attachment_count or "")
    template = record.template.value if record.template else ""
    return ",".join(filter(None, (segments, files, template)))


def _decode_content(stored: str) -> tuple[bool, int, int, Template | None]:
    segments, *others = stored.split(",")
    files = next((int(word) for word in others if word.isdigit()), 0)
    template = next((Template(word) for word in others if not word.isdigit()), None)
    return segments.startswith("t"), int(segments[1:]), files, template


def _decode_detail(state: MessageState, stored: str) -> Detail | None:
    """A failure that a later state outweighs stays in the record and is not told."""
    if state is MessageState.NOT_RELAYED:
        return decode_detail(EventType.MESSAGE_NOT_RELAYED, stored)
    return decode_detail(EventType.MESSAGE_FAILED, stored) if state in _FAILED else None
