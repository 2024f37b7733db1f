"""What else is stored, as JSON or as words. `v` or the first item is the version of the form."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.messages import Attachment, HeldMessage, OutboundMessage
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

ENVELOPE_VERSION = 2

HELD_VERSION = 2

# Flags of an envelope.
_MAY_REACH_OPTED_OUT, _IS_TALK = 1, 2

_NO_FAILURES = ("", None)


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The first answer to an intent, kept for its repetitions.

    `is_refused` for what was refused although something was written. `place` is where an inbound
    text's events are told of: its conversation, if it had one. `is_forgotten` if the conversation
    that the answer held is kept no longer. `erasure_id` names the erasure that a text asked for:
    whether it did depends on what its pool allowed then.
    """

    conversation: Conversation | None = None
    message_ids: tuple[str, ...] = ()
    is_refused: bool = False
    is_held: bool = False
    place: str = ""
    is_forgotten: bool = False
    erasure_id: str = ""

    @property
    def changed(self) -> Conversation:
        """The conversation after an intent that always changes one."""
        if self.conversation is None:
            raise AssertionError("the intent changed no conversation")
        return self.conversation


def encode_payload(text: OutboundMessage) -> bytes:
    """A text as the outbox holds it."""
    flags = _MAY_REACH_OPTED_OUT * text.may_reach_opted_out | _IS_TALK * text.is_relayed
    numbers = (text.from_number, text.to.phone_number)
    spoken = (*numbers, text.body, text.conversation_id)
    return dumps([ENVELOPE_VERSION, *spoken, flags, *_files(text.attachments)])


def decode_payload(
    stored: bytes, message_id: str, person_of: Callable[[str], Person]
) -> OutboundMessage:
    """The message as it was encoded; `person_of` knows people by their numbers."""
    _, from_number, to_number, body, conversation_id, flags, *files = json.loads(stored)
    return OutboundMessage(
        message_id,
        conversation_id,
        from_number,
        person_of(to_number),
        body,
        may_reach_opted_out=bool(flags & _MAY_REACH_OPTED_OUT),
        is_relayed=bool(flags & _IS_TALK),
        attachments=_attachments(files),
    )


def encode_held(text: HeldMessage) -> bytes:
    """A text that waits for a conversation to go on."""
    return dumps([HELD_VERSION, text.author_id, text.body, *_files(text.attachments)])


def decode_held(stored: bytes) -> HeldMessage:
    """A text that waited; a text of version 1 had no files."""
    _, author_id, body, *files = json.loads(stored)
    return HeldMessage(author_id, body, _attachments(files))


def encode_count(count: WindowCounter) -> str:
    """A count and the end of its window (ms); empty while nothing has happened."""
    return f"{count.number} {to_ms(count.until)}" if count.until else ""


def decode_count(stored: bytes) -> WindowCounter:
    """A count as it was stored."""
    number, _, until = stored.decode().partition(" ")
    return WindowCounter(int(number), from_ms(int(until))) if until else WindowCounter()


def encode_conduct(conduct: SenderLimits) -> str:
    """Counts and times, none of which says who did what."""
    if conduct == SenderLimits():
        return ""
    counts = (encode_count(conduct.replies), encode_count(conduct.tries))
    times = (optional_ms(conduct.helped_until), optional_ms(conduct.locked_until))
    failures = (encode_count(conduct.failures), optional_ms(conduct.failed_until))
    # Without failures as version 1 had it: a commit compares what it writes with what is there.
    added = () if failures == _NO_FAILURES else failures
    return dumps([VERSION, *counts, *times, *added]).decode()


def decode_conduct(stored: bytes) -> SenderLimits:
    """What a person has lately done, as it was stored."""
    if not stored:
        return SenderLimits()
    _, replies, tries, help_sent, locked, *added = json.loads(stored)
    failures, failed = added or _NO_FAILURES
    return SenderLimits(
        replies=decode_count(replies.encode()),
        tries=decode_count(tries.encode()),
        helped_until=optional_time(help_sent),
        locked_until=optional_time(locked),
        failures=decode_count(failures.encode()),
        failed_until=optional_time(failed),
    )


def encode_ack(answer: StoredResponse) -> bytes:
    """What is kept of the answer to who is told no more than that it was carried out."""
    return "\n".join((answer.place, answer.erasure_id)).rstrip("\n").encode()


def decode_ack(stored: bytes) -> StoredResponse:
    """The same; most of them hold a place or nothing."""
    place, _, erasure_id = stored.decode().partition("\n")
    return StoredResponse(place=place, erasure_id=erasure_id)


def encode_opt_out(opt_out: OptOut) -> str:
    """When, how and by which intent."""
    return f"{to_ms(opt_out.time)} {opt_out.source.value} {opt_out.intent_id}"


def decode_opt_out(stored: bytes) -> OptOut:
    """An opt-out as it was stored."""
    ms, source, intent_id = stored.decode().split(" ", 2)
    return OptOut(from_ms(int(ms)), OptOutSource(source), intent_id)


def _files(attachments: Iterable[Attachment]) -> list[tuple[str, str, int]]:
    return [(one.url, one.content_type, one.size_bytes) for one in attachments]


def _attachments(files: Iterable[tuple[str, str, int]]) -> tuple[Attachment, ...]:
    return tuple(Attachment(*one) for one in files)
