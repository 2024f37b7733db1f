"""How what a decision needs is read from Redis: calls out, answers in, no I/O."""

from collections.abc import Iterator, Sequence
from typing import cast

from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.domain.model.pool import Pool
from conversation_service.store.conversations.types import (
    UNSTORED_RESPONSES,
    Committed,
    Conflict,
    Duplicate,
    Loaded,
    Outcome,
)
from conversation_service.store.encryption.blind_index import BlindIndexKeys
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.records.encrypted import RecordCipher
from conversation_service.store.records.payloads import (
    StoredResponse,
    decode_ack,
    decode_conduct,
    decode_count,
    decode_held,
)
from runtime.redis.scripts import Argument, Reply

_NO_ANSWER = StoredResponse()

# The keys and arguments of one run of a script.
ScriptCall = tuple[Sequence[str], Sequence[Argument]]


class SnapshotScript:
    """Where what a decision needs lies, and how it is opened."""

    def __init__(self, keys: Keys, vault: Cipher) -> None:
        self._keys = keys
        self._names = BlindIndexKeys(keys, vault)
        self._seals = RecordCipher(keys, vault)

    def load_call(self, receipt: IdempotencyKey, lookup: ReadSet) -> ScriptCall:
        """What load.lua is asked for one intent."""
        names, keys = self._names, self._keys
        strings, pointers = self._strings(lookup), self._pointers(lookup)
        others = {
            "list": keys.held(lookup.held_in) if lookup.held_in else "",
            "hash": keys.loads if lookup.needs_loads else "",
            "set": names.blocks(lookup.blocks_of) if lookup.blocks_of else "",
        }
        asked = {kind: key for kind, key in others.items() if key}
        first = (names.receipt(receipt), keys.version, *asked.values())
        arguments = (keys.conversation_prefix, " ".join(asked), len(strings))
        return (*first, *strings, *pointers), arguments

    def loaded(self, receipt: IdempotencyKey, lookup: ReadSet, reply: Reply, pool: Pool) -> Loaded:
        """What load.lua found. Raises InvalidTag for what another key has sealed."""
        earlier, _, held, loads, blocked, *rest = cast("list[bytes]", reply)
        strings = iter(rest)
        holder = _conversation_of(lookup)
        found = self._seals.opened_conversation(holder, next(strings)) if holder else None
        tries = next(strings) if lookup.tries_on else b""
        last = next(strings) if lookup.pair else b""
        sender_limits = {person: decode_conduct(next(strings)) for person in lookup.people}
        pointers = list(strings)
        pointed = list(self._pointed(pointers))
        lines = zip(lookup.lines, pointed, strict=False)
        current_conversation_ids = zip(lookup.lines, pointers[::2], strict=False)
        behind = iter(pointed[len(lookup.lines) :])
        invitation = next(behind) if lookup.code else None
        named = next(behind) if lookup.unique_name else None
        return Loaded(
            earlier=self._earlier(receipt, earlier) if earlier else None,
            lines={line: one for line, one in lines if one is not None},
            current_conversation_ids={
                line: name.decode() for line, name in current_conversation_ids if name
            },
            invitation=invitation if invitation and invitation.state is State.WAITING else None,
            conversation=found if lookup.conversation_id else None,
            named=named if named and named.is_live else None,
            sender_limits=sender_limits,
            blocked=frozenset(one.decode() for one in cast("list[bytes]", blocked)),
            tries=decode_count(tries),
            last_number=self._number(last, pool),
            held=self._held(lookup, cast("list[bytes]", held), found),
            loads=self.counts(loads, pool.masked_numbers),
        )

    def version(self, reply: Reply) -> str:
        """The version that the pool had when load.lua looked."""
        return cast("list[bytes]", reply)[1].decode()

    def counts(self, stored: object, numbers: Sequence[str]) -> dict[str, int]:
        """How much is on each number, from a flat list of hashes and counts."""
        flat = cast("list[bytes]", stored)
        by_hash = dict(zip(flat[::2], map(int, flat[1::2]), strict=True))
        found = ((number, by_hash.get(self._names.number(number).encode())) for number in numbers)
        return {number: count for number, count in found if count} if by_hash else {}

    def outcome(self, receipt: IdempotencyKey, reply: Reply) -> Outcome:
        """What commit.lua answered, or the error that Redis did."""
        if isinstance(reply, Exception):
            return reply
        word, stored = cast("list[bytes]", reply)
        match word.decode():
            case "done":
                return Committed()
            case "repeat":
                return Duplicate(True, self._opened_answer(receipt, stored))
            case "reused":
                return Duplicate(False, _NO_ANSWER)
            case "conflict":
                return Conflict()
            case unknown:
                raise AssertionError(f"commit.lua answered {unknown!r}")

    def _strings(self, lookup: ReadSet) -> list[str]:
        """In the order in which `loaded` takes them."""
        names = self._names
        named = _conversation_of(lookup)
        strings = [self._keys.conversation(named)] if named else []
        strings += [names.tries(lookup.tries_on)] if lookup.tries_on else []
        strings += [names.last_number(*lookup.pair)] if lookup.pair else []
        return strings + [names.conduct(person) for person in lookup.people]

    def _held(
        self, lookup: ReadSet, held: Sequence[bytes], conversation: Conversation | None
    ) -> tuple[HeldMessage, ...]:
        key = self._keys.held(lookup.held_in)
        secrets = [conversation.text_secret] if conversation else []
        return tuple(decode_held(self._seals.opened_text(one, key, secrets)) for one in held)

    def _pointers(self, lookup: ReadSet) -> list[str]:
        pointers = [self._names.route(line) for line in lookup.lines]
        pointers += [self._names.code(lookup.code)] if lookup.code else []
        pointers += [self._names.name(lookup.unique_name)] if lookup.unique_name else []
        return pointers

    def _pointed(self, replies: Sequence[bytes]) -> Iterator[Conversation | None]:
        for name, stored in zip(replies[::2], replies[1::2], strict=True):
            yield self._seals.opened_conversation(name.decode(), stored) if name else None

    def _number(self, hashed: bytes, pool: Pool) -> str:
        same = (n for n in pool.masked_numbers if self._names.number(n).encode() == hashed)
        return next(same, "") if hashed else ""

    def _earlier(self, receipt: IdempotencyKey, stored: bytes) -> Duplicate:
        fingerprint, _, answer = stored.partition(b"\n")
        if fingerprint.decode() != self._names.fingerprint(receipt):
            return Duplicate(False, _NO_ANSWER)
        return Duplicate(True, self._opened_answer(receipt, answer))

    def _opened_answer(self, receipt: IdempotencyKey, stored: bytes) -> StoredResponse:
        if receipt.kind in UNSTORED_RESPONSES:
            return decode_ack(stored)
        return self._seals.opened_answer(stored, self._names.receipt(receipt))


def _conversation_of(lookup: ReadSet) -> str:
    """The conversation asked for: what it holds is read with the secret that lies in it."""
    return lookup.conversation_id or lookup.held_in
