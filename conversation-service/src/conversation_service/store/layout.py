"""How intents, changes and conversations are laid out in Redis: calls out, answers in, no I/O."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from conversation_service.domain.change import Change, Line, OutboundText
from conversation_service.domain.conversation import Conversation, State
from conversation_service.domain.facts import Lookup
from conversation_service.domain.intents import Receipt
from conversation_service.store.codec import (
    Answer,
    decode_answer,
    decode_conversation,
    encode_answer,
    encode_conversation,
    encode_envelope,
    to_ms,
)
from conversation_service.store.keys import Keys
from conversation_service.store.store import Commit, Conflict, Done, Earlier, Loaded, Outcome
from conversation_service.store.vault import Vault
from runtime.redis_scripts import Argument, Reply

# A bug that strikes on Friday evening is mended on Monday, and what was sent meanwhile by a
# client that repeats itself is still recognised.
RECEIPT_LIFETIME = timedelta(hours=72)
# Receipts of the carrier may come days late (a phone that was switched off).
MESSAGE_LIFETIME = timedelta(days=7)
# The sweeper forgets ended conversations on time; this is for the day it cannot.
FORGOTTEN_ANYWAY_AFTER = timedelta(days=1)

_NO_ANSWER = Answer(None)

# The keys and arguments of one run of a script.
Call = tuple[Sequence[str], Sequence[Argument]]


class Layout:
    """Where everything of one pool lies and how it is sealed."""

    def __init__(self, keys: Keys, vault: Vault) -> None:
        self._keys = keys
        self._vault = vault

    def load_call(self, receipt: Receipt, lookup: Lookup) -> Call:
        """What load.lua is asked for one intent."""
        pointers = [self._route(line) for line in lookup.lines]
        pointers += [self._code(lookup.code)] if lookup.code else []
        silence = self._silence(lookup.silence)
        conversation = self._keys.conversation(lookup.conversation_id)
        keys = (self._receipt(receipt), silence, conversation, *pointers)
        return keys, (self._keys.conversation_prefix,)

    def loaded(self, receipt: Receipt, lookup: Lookup, reply: Reply) -> Loaded:
        """What load.lua found. Raises InvalidTag for what another key has sealed."""
        earlier, silenced, conversation, *pointed = cast("list[bytes]", reply)
        found = [
            self.opened(name.decode(), stored) if name else None
            for name, stored in zip(pointed[::2], pointed[1::2], strict=True)
        ]
        live = zip(lookup.lines, found, strict=False)
        return Loaded(
            earlier=self._earlier(receipt, earlier) if earlier else None,
            is_silenced=silenced == b"1",
            live={line: one for line, one in live if one is not None},
            invitation=found[-1] if lookup.code else None,
            conversation=self.opened(lookup.conversation_id, conversation),
        )

    def commit_call(self, commit: Commit) -> Call:
        """What commit.lua is given for one change."""
        change = commit.change
        before, after = change.before, change.after
        claims, releases = self._claims(change)
        keys = (
            self._receipt(commit.receipt),
            self._keys.outbox,
            self._keys.deadlines,
            self._keys.conversations,
            self._keys.conversation(after.conversation_id if after else ""),
            self._silence(change.silence.line if change.silence else None),
            *claims,
            *releases,
            *(self._keys.message(text.message_id) for text in change.texts),
        )
        arguments: tuple[Argument, ...] = (
            self._fingerprint(commit.receipt),
            self._sealed_answer(commit),
            _ms(RECEIPT_LIFETIME),
            to_ms(commit.now),
            *self._conversation_arguments(before, after, commit.now),
            _ms(change.silence.lasts) if change.silence else 0,
            _ms(after.due_time - commit.now) if after and before is None else 0,
            len(claims),
            len(releases),
            _ms(MESSAGE_LIFETIME),
            *(argument for text in change.texts for argument in self._text_arguments(text)),
        )
        return keys, arguments

    def _conversation_arguments(
        self, before: Conversation | None, after: Conversation | None, now: datetime
    ) -> tuple[Argument, ...]:
        if after is None:
            return ("", "", "", "", 0, 0)
        name = after.conversation_id
        body = self._vault.seal(encode_conversation(after), self._keys.conversation(name))
        kept = 0 if after.is_live else _ms(after.due_time - now + FORGOTTEN_ANYWAY_AFTER)
        etag_before = before.etag if before else ""
        return (name, etag_before, after.etag, body, to_ms(after.due_time), kept)

    def _text_arguments(self, text: OutboundText) -> tuple[Argument, Argument]:
        record = self._keys.message(text.message_id)
        return text.message_id, self._vault.seal(encode_envelope(text), record)

    def _claims(self, change: Change) -> tuple[list[str], list[str]]:
        """The pointers that appear and those that go. A code comes last and only with a start."""
        if _same_people(change):
            return [], []
        before, after = self._pointers(change.before), self._pointers(change.after)
        return [key for key in after if key not in before], [
            key for key in before if key not in after
        ]

    def _pointers(self, conversation: Conversation | None) -> list[str]:
        if conversation is None or not conversation.is_live:
            return []
        people = (Line(conversation.masked_number, one) for one in conversation.participants)
        routes = [self._route(line) for line in people]
        waiting = conversation.state is State.WAITING
        return [*routes, self._code(conversation.code)] if waiting else routes

    def outcome(self, receipt: Receipt, reply: Reply) -> Outcome:
        """What commit.lua answered, or the error that Redis did."""
        if isinstance(reply, Exception):
            return reply
        word, sealed = cast("list[bytes]", reply)
        match word.decode():
            case "done":
                return Done()
            case "repeat":
                return Earlier(True, self._opened_answer(receipt, sealed))
            case "reused":
                return Earlier(False, _NO_ANSWER)
            case "conflict":
                return Conflict()
            case unknown:
                raise AssertionError(f"commit.lua answered {unknown!r}")

    def _earlier(self, receipt: Receipt, stored: bytes) -> Earlier:
        fingerprint, _, sealed = stored.partition(b"\n")
        if fingerprint.decode() != self._fingerprint(receipt):
            return Earlier(False, _NO_ANSWER)
        return Earlier(True, self._opened_answer(receipt, sealed))

    def _sealed_answer(self, commit: Commit) -> bytes:
        """An inbound text's sender is not on the line: only a client's answer is kept."""
        if commit.receipt.kind in ("text", "expire"):
            return b""
        return self._vault.seal(encode_answer(commit.answer), self._receipt(commit.receipt))

    def _opened_answer(self, receipt: Receipt, sealed: bytes) -> Answer:
        if not sealed:
            return _NO_ANSWER
        return decode_answer(self._vault.open(sealed, self._receipt(receipt)))

    def opened(self, name: str, stored: bytes | None) -> Conversation | None:
        """A conversation as it was stored, if it was."""
        if not stored:
            return None
        _, _, sealed = stored.partition(b"\n")
        return decode_conversation(self._vault.open(sealed, self._keys.conversation(name)))

    def _receipt(self, receipt: Receipt) -> str:
        return self._keys.receipt(self._vault.blind("receipt", receipt.kind, receipt.request_id))

    def _fingerprint(self, receipt: Receipt) -> str:
        return self._vault.blind("fingerprint", *receipt.fields)

    def _route(self, line: Line) -> str:
        return self._keys.route(self._line(line))

    def _code(self, code: str) -> str:
        return self._keys.code(self._vault.blind("code", code))

    def _silence(self, line: Line | None) -> str:
        return self._keys.silence(self._line(line) if line else "")

    def _line(self, line: Line) -> str:
        return self._vault.blind("line", line.masked_number, line.person.phone_number)


def _same_people(change: Change) -> bool:
    """Most changes are talk: they move no pointer."""
    before, after = change.before, change.after
    if before is None or after is None:
        return before is after
    return before.state is after.state and before.participants == after.participants


def _ms(span: timedelta) -> int:
    # Redis refuses to keep anything for no time at all.
    return max(1, span // timedelta(milliseconds=1))
