"""What is stored, as JSON. `v` is the version of the form; readers understand every older one."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from conversation_service.domain.change import OutboundText
from conversation_service.domain.conversation import Conversation, EndReason, State
from conversation_service.domain.phone import Person

VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """The first answer to an intent, kept for its repetitions."""

    conversation: Conversation | None
    message_ids: tuple[str, ...] = ()

    @property
    def changed(self) -> Conversation:
        """The conversation after an intent that always changes one."""
        if self.conversation is None:
            raise AssertionError("the intent changed no conversation")
        return self.conversation


@dataclass(frozen=True, slots=True)
class Envelope:
    """A text as the outbox holds it."""

    from_number: str
    to_number: str = field(repr=False)
    body: str = field(repr=False)


class _StoredConversation(TypedDict):
    v: int
    id: str
    pool: str
    number: str
    state: str
    etag: str
    code: str
    people: list[list[str]]
    created: int
    due: int
    joined: int | None
    talked: int | None
    ended: int | None
    reason: str | None


def to_ms(time: datetime) -> int:
    """Milliseconds since 1970, UTC."""
    return (time - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """The moment that many milliseconds after 1970, UTC."""
    return _EPOCH + ms * _MILLISECOND


def encode_conversation(conversation: Conversation) -> bytes:
    """A conversation as stored."""
    return _dumps(_stored(conversation))


def decode_conversation(stored: bytes) -> Conversation:
    """A conversation as it was stored."""
    return _restored(json.loads(stored))


def encode_answer(answer: Answer) -> bytes:
    """An answer as stored."""
    conversation = _stored(answer.conversation) if answer.conversation else None
    return _dumps({"v": VERSION, "conversation": conversation, "messages": answer.message_ids})


def decode_answer(stored: bytes) -> Answer:
    """An answer as it was stored."""
    found = json.loads(stored)
    conversation = found["conversation"]
    restored = _restored(conversation) if conversation else None
    return Answer(restored, tuple(found["messages"]))


def encode_envelope(text: OutboundText) -> bytes:
    """A text as the outbox holds it."""
    return _dumps([VERSION, text.from_number, text.to_number, text.body])


def decode_envelope(stored: bytes) -> Envelope:
    """A text as the outbox held it."""
    _, from_number, to_number, body = json.loads(stored)
    return Envelope(from_number, to_number, body)


def _dumps(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _stored(conversation: Conversation) -> _StoredConversation:
    return {
        "v": VERSION,
        "id": conversation.conversation_id,
        "pool": conversation.pool,
        "number": conversation.masked_number,
        "state": conversation.state.value,
        "etag": conversation.etag,
        "code": conversation.code,
        "people": [[one.phone_number, one.participant_id] for one in conversation.participants],
        "created": to_ms(conversation.create_time),
        "due": to_ms(conversation.due_time),
        "joined": _optional_ms(conversation.join_time),
        "talked": _optional_ms(conversation.last_message_time),
        "ended": _optional_ms(conversation.end_time),
        "reason": conversation.end_reason.value if conversation.end_reason else None,
    }


def _restored(stored: _StoredConversation) -> Conversation:
    reason = stored["reason"]
    return Conversation(
        conversation_id=stored["id"],
        pool=stored["pool"],
        masked_number=stored["number"],
        state=State(stored["state"]),
        etag=stored["etag"],
        code=stored["code"],
        participants=tuple(Person(number, known_as) for number, known_as in stored["people"]),
        create_time=from_ms(stored["created"]),
        due_time=from_ms(stored["due"]),
        join_time=_optional_time(stored["joined"]),
        last_message_time=_optional_time(stored["talked"]),
        end_time=_optional_time(stored["ended"]),
        end_reason=EndReason(reason) if reason else None,
    )


def _optional_ms(time: datetime | None) -> int | None:
    return None if time is None else to_ms(time)


def _optional_time(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)
