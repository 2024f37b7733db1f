"""The record of a message: a Redis hash, as there are very many of them.

`talk` is a participant's message, `sys` any other: its segments, its files if there are any,
and the template of a system message. `detail` says why it failed or was not relayed.
"""

from collections.abc import Mapping
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

_FAILED = (MessageState.UNDELIVERED, MessageState.FAILED)


def encode_record(record: MessageRecord) -> tuple[Argument, ...]:
    """The fields and values of a new record."""
    words: list[Argument] = ["state", record.state.value, "rank", record.state.rank]
    words += ["at", to_ms(record.create_time), "to", record.recipient_id]
    if record.conversation_id:
        words += ["conversation", record.conversation_id]
    words += ["talk" if record.is_relayed else "sys", _encode_content(record)]
    if record.relay_refusal:
        words += ["detail", encode_detail(record.relay_refusal)]
    return tuple(words)


def encode_resumed(now: datetime) -> tuple[Argument, ...]:
    """What changes in the record of a held message that is sent now."""
    return _encode_change(MessageState.ACCEPTED, now)


def encode_discarded(now: datetime) -> tuple[Argument, ...]:
    """What changes in the record of a held message that is given up."""
    return (*_encode_change(MessageState.FAILED, now), "detail", encode_detail(DISCARDED))


def decode_record(message_id: str, fields: Mapping[bytes, bytes]) -> MessageRecord:
    """The record of a message."""
    state = MessageState(fields[b"state"].decode())
    is_relayed, changed = b"talk" in fields, fields.get(b"changed")
    content = fields[b"talk" if is_relayed else b"sys"].decode()
    segments, files, template = _decode_content(content)
    detail = _decode_detail(state, fields.get(b"detail", b"").decode())
    return MessageRecord(
        message_id,
        state,
        from_ms(int(fields[b"at"])),
        fields.get(b"to", b"").decode(),
        fields.get(b"conversation", b"").decode(),
        is_relayed,
        template,
        segments,
        files,
        from_ms(int(changed)) if changed else None,
        detail if isinstance(detail, Failure) else None,
        detail if isinstance(detail, RelayRefusal) else None,
    )


def _encode_change(state: MessageState, now: datetime) -> tuple[Argument, ...]:
    return "state", state.value, "rank", state.rank, "changed", to_ms(now)


def _encode_content(record: MessageRecord) -> str:
    """The second number counts files; a word is the template."""
    files = str(record.attachment_count or "")
    template = record.template.value if record.template else ""
    return " ".join(filter(None, (str(record.segment_count), files, template)))


def _decode_content(stored: str) -> tuple[int, int, Template | None]:
    segments, *others = stored.split(" ")
    files = next((int(word) for word in others if word.isdigit()), 0)
    template = next((Template(word) for word in others if not word.isdigit()), None)
    return int(segments), files, template


def _decode_detail(state: MessageState, stored: str) -> Detail | None:
    """A failure that a later state outweighs stays in the record and is not told."""
    if state is MessageState.NOT_RELAYED:
        return decode_detail(EventType.MESSAGE_NOT_RELAYED, stored)
    return decode_detail(EventType.MESSAGE_FAILED, stored) if state in _FAILED else None
