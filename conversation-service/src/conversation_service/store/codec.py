"""What else is stored, as JSON or as words. `v` or the first item is the version of the form."""

import json
from dataclasses import dataclass, field

from conversation_service.domain.change import HeldText, OutboundText
from conversation_service.domain.conduct import Conduct, Count
from conversation_service.domain.conversation import Conversation
from conversation_service.domain.opt_outs import OptOut, OptOutSource
from conversation_service.store.conversation_codec import dumps
from conversation_service.store.times import from_ms, optional_ms, optional_time, to_ms

VERSION = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """The first answer to an intent, kept for its repetitions.

    `is_refused` for what was refused although something was written. `place` is where an inbound
    text's events are told of: its conversation, if it had one.
    """

    conversation: Conversation | None = None
    message_ids: tuple[str, ...] = ()
    is_refused: bool = False
    is_held: bool = False
    place: str = ""

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
    may_reach_opted_out: bool = False


def encode_envelope(text: OutboundText) -> bytes:
    """A text as the outbox holds it."""
    spoken = [VERSION, text.from_number, text.to.phone_number, text.body]
    return dumps([*spoken, 1] if text.may_reach_opted_out else spoken)


def decode_envelope(stored: bytes) -> Envelope:
    """A text as the outbox held it."""
    _, from_number, to_number, body, *flag = json.loads(stored)
    return Envelope(from_number, to_number, body, may_reach_opted_out=bool(flag))


def encode_held(text: HeldText) -> bytes:
    """A text that waits for a conversation to go on."""
    return dumps([VERSION, text.author_id, text.body])


def decode_held(stored: bytes) -> HeldText:
    """A text that waited."""
    _, author_id, body = json.loads(stored)
    return HeldText(author_id, body)


def encode_count(count: Count) -> str:
    """A count and the end of its window (ms); empty while nothing has happened."""
    return f"{count.number} {to_ms(count.until)}" if count.until else ""


def decode_count(stored: bytes) -> Count:
    """A count as it was stored."""
    number, _, until = stored.decode().partition(" ")
    return Count(int(number), from_ms(int(until))) if until else Count()


def encode_conduct(conduct: Conduct) -> str:
    """Counts and times, none of which says who did what."""
    if conduct == Conduct():
        return ""
    counts = (encode_count(conduct.replies), encode_count(conduct.tries))
    times = (optional_ms(conduct.helped_until), optional_ms(conduct.locked_until))
    return dumps([VERSION, *counts, *times]).decode()


def decode_conduct(stored: bytes) -> Conduct:
    """What a person has lately done, as it was stored."""
    if not stored:
        return Conduct()
    _, replies, tries, helped, locked = json.loads(stored)
    return Conduct(
        replies=decode_count(replies.encode()),
        tries=decode_count(tries.encode()),
        helped_until=optional_time(helped),
        locked_until=optional_time(locked),
    )


def encode_opt_out(opt_out: OptOut) -> str:
    """When, how and by which intent."""
    return f"{to_ms(opt_out.time)} {opt_out.source.value} {opt_out.intent_id}"


def decode_opt_out(stored: bytes) -> OptOut:
    """An opt-out as it was stored."""
    ms, source, intent_id = stored.decode().split(" ", 2)
    return OptOut(from_ms(int(ms)), OptOutSource(source), intent_id)
