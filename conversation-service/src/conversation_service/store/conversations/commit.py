"""How a change is laid out in Redis: what commit.lua checks and writes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.events import Event
from conversation_service.domain.model.messages import OutboundMessage
from conversation_service.domain.model.participants import Route
from conversation_service.store.conversations.commit_writes import CommitWrites
from conversation_service.store.conversations.snapshot import ScriptCall
from conversation_service.store.conversations.types import UNSTORED_RESPONSES, Commit
from conversation_service.store.encryption import conversation_keys as text_keys
from conversation_service.store.encryption.blind_index import BlindIndexKeys
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.keyspace.timestamps import span_ms, to_ms
from conversation_service.store.records.encrypted import RecordCipher
from conversation_service.store.records.payloads import (
    encode_ack,
    encode_conduct,
    encode_count,
    encode_held,
    encode_payload,
)
from runtime.redis.scripts import Argument

# The sweeper forgets ended conversations on time; this is for the day it cannot.
FORGOTTEN_ANYWAY_AFTER = timedelta(days=1)

# A pair that has not talked for so long does not miss its number.
LAST_NUMBER_LIFETIME = timedelta(days=90)

# Behind a conversation's last text, which is owed for the pool's text_validity at most: whatever
# keeps it that long may last another day.
TEXT_SECRET_MARGIN = timedelta(days=1)

# How often a conversation may end and be reopened before its first words are read no more.
TEXT_SECRETS_KEPT = 16

# More than anybody has in the time that ended conversations are kept; who has is a machine.
HISTORY_LENGTH = 1000

# A long conversation's beginning interests nobody any more; its end does.
TIMELINE_LENGTH = 2000


class CommitScript:
    """Lays out the changes of one pool."""

    def __init__(self, keys: Keys, vault: Cipher) -> None:
        self._keys = keys
        self._names = BlindIndexKeys(keys, vault)
        self._seals = RecordCipher(keys, vault)

    def calls(self, commits: Sequence[Commit]) -> Iterator[ScriptCall]:
        """What commit.lua is given for changes that were decided together."""
        drawn: dict[str, bytes] = {}
        for commit in commits:
            yield self._call(replace(commit, change=_with_secret(commit.change, drawn)))

    def _call(self, commit: Commit) -> ScriptCall:
        writes = CommitWrites(
            (self._names.receipt(commit.receipt), self._keys.outbox, self._keys.events)
        )
        writes.expect(self._keys.version, commit.pool.version)
        self._lay_out(writes, commit)
        texts, settings = list(self._texts(writes, commit.change)), commit.pool.settings
        events = [argument for one in commit.change.events for argument in _event(one)]
        self._answered(writes, commit)
        arguments = (
            self._names.fingerprint(commit.receipt),
            self._answer(commit),
            span_ms(settings.receipts_kept),
            to_ms(commit.now),
            span_ms(settings.messages_kept),
            self._keys.timeline_prefix,
            TIMELINE_LENGTH,
            self._keys.conversation_prefix,
            *writes.counts,
            len(commit.change.texts),
            len(commit.change.events),
            *writes.arguments,
            *texts,
            *events,
        )
        return writes.keys, arguments

    def _lay_out(self, writes: CommitWrites, commit: Commit) -> None:
        change = commit.change
        if change.after is not None:
            self._conversation(writes, commit, change.before, change.after)
        if change.pool is not None:
            writes.set(self._keys.settings, self._seals.pool(change.pool))
            writes.set(self._keys.version, change.pool.version.encode())
        if change.unless_live_on:
            writes.expect_unset(self._keys.loads, self._names.number(change.unless_live_on))
        self._conduct(writes, commit)
        self._pairs(writes, change)

    def _conversation(
        self, writes: CommitWrites, commit: Commit, before: Conversation | None, after: Conversation
    ) -> None:
        name = after.conversation_id
        key = self._keys.conversation(name)
        left = None if after.is_live else after.due_time - commit.now + FORGOTTEN_ANYWAY_AFTER
        writes.expect(key, before.etag if before else "")
        writes.set(key, self._seals.conversation(after), left)
        writes.add("ZADD", self._keys.deadlines, to_ms(after.due_time), name)
        if before is None:
            writes.add("ZADD", self._keys.conversations, 0, name)
        self._held(writes, commit.change, before, after)
        self._last_words(writes, commit, after)
        if not _same_people(before, after):
            self._code(writes, commit, before, after)
            self._people(writes, commit, before, after)
            self._life(writes, commit, before, after)

    def _code(
        self, writes: CommitWrites, commit: Commit, before: Conversation | None, after: Conversation
    ) -> None:
        code = self._names.code(after.code)
        if after.state is State.WAITING:
            writes.expect(code, "")
            writes.set(code, after.conversation_id.encode(), after.due_time - commit.now)
        elif before is not None and before.state is State.WAITING:
            writes.add("DEL", code)

    def _people(
        self, writes: CommitWrites, commit: Commit, before: Conversation | None, after: Conversation
    ) -> None:
        """Who comes takes a line, who goes leaves it; each line is counted."""
        for claim in commit.change.claims:
            route = self._names.route(claim.line)
            writes.expect(route, claim.current_conversation_id)
            writes.set(route, after.conversation_id.encode())
        there = _live_people(before)
        here = _live_people(after)
        for person in here - there:
            writes.add("TALLY", self._keys.holders, person, 1)
        for person in there - here:
            writes.add("TALLY", self._keys.holders, person, -1)

    def _life(
        self, writes: CommitWrites, commit: Commit, before: Conversation | None, after: Conversation
    ) -> None:
        was_live, number = before is not None and before.is_live, after.masked_number
        if after.is_live and not was_live:
            writes.add("TALLY", self._keys.loads, self._names.number(number), 1)
            self._begin(writes, before, after)
        elif was_live and not after.is_live:
            writes.add("TALLY", self._keys.loads, self._names.number(number), -1)
            self._end(writes, commit, after)

    def _begin(
        self, writes: CommitWrites, before: Conversation | None, after: Conversation
    ) -> None:
        if after.unique_name:
            name = self._names.name(after.unique_name)
            writes.expect(name, "")
            writes.set(name, after.conversation_id.encode())
        if before is not None:
            writes.add("PERSIST", self._keys.timeline(after.conversation_id))
            for person in after.participants:
                history = self._keys.history(person.participant_id)
                writes.add("ZREM", history, after.conversation_id)

    def _end(self, writes: CommitWrites, commit: Commit, after: Conversation) -> None:
        name, people = after.conversation_id, after.participants
        kept = after.due_time - commit.now + FORGOTTEN_ANYWAY_AFTER
        cool_off = commit.pool.settings.cool_off if len(people) > 1 else timedelta(0)
        for person in people:
            route = self._names.route(Route(after.masked_number, person))
            if cool_off:
                writes.set(route, name.encode(), cool_off)
            else:
                writes.add("DEL", route)
            history = self._keys.history(person.participant_id)
            # What has been forgotten since goes with the next ending.
            writes.add("ZREMRANGEBYSCORE", history, "-inf", to_ms(commit.now))
            writes.add("ZADD", history, to_ms(after.due_time), name)
            writes.add("ZREMRANGEBYRANK", history, 0, -HISTORY_LENGTH - 1)
            writes.add("PEXPIRE", history, span_ms(kept))
        if after.unique_name:
            writes.add("DEL", self._names.name(after.unique_name))
        if len(people) > 1:
            number = self._names.number(after.masked_number).encode()
            writes.set(self._names.last_number(*people), number, LAST_NUMBER_LIFETIME)
        writes.add("PEXPIRE", self._keys.timeline(name), span_ms(kept))

    def _held(
        self, writes: CommitWrites, change: Change, before: Conversation | None, after: Conversation
    ) -> None:
        key = self._keys.held(after.conversation_id)
        for text in change.held:
            held = encode_held(text), key, after.conversation_id, after.text_secret
            writes.add("RPUSH", key, self._seals.text(*held))
        if before is not None and any(before.held) and not any(after.held):
            writes.add("DEL", key)

    def _last_words(self, writes: CommitWrites, commit: Commit, after: Conversation) -> None:
        """What an ended conversation's words are sealed under outlives it until they are sent."""
        if after.is_live or not after.text_secret:
            return
        key = self._keys.text_secrets(after.conversation_id)
        kept = commit.pool.settings.text_validity + TEXT_SECRET_MARGIN
        writes.add("RPUSH", key, self._seals.text(after.text_secret, key))
        writes.add("LTRIM", key, -TEXT_SECRETS_KEPT, -1)
        writes.add("PEXPIRE", key, span_ms(kept))

    def _conduct(self, writes: CommitWrites, commit: Commit) -> None:
        conduct, tries = commit.change.conduct, commit.change.tries
        if conduct is not None:
            key = self._names.conduct(conduct.person)
            writes.expect(key, encode_conduct(conduct.before))
            end = conduct.after.forgotten_at or commit.now
            writes.set(key, encode_conduct(conduct.after).encode(), end - commit.now)
        if tries is not None and tries.after.until is not None:
            key = self._names.tries(tries.masked_number)
            writes.expect(key, encode_count(tries.before))
            left = tries.after.until - commit.now
            writes.set(key, encode_count(tries.after).encode(), left)

    def _pairs(self, writes: CommitWrites, change: Change) -> None:
        if change.blocks is not None:
            one, other = change.blocks
            writes.add("SADD", self._names.blocks(one), other.participant_id)
            writes.add("SADD", self._names.blocks(other), one.participant_id)
        if change.unless_blocked is not None:
            one, other = change.unless_blocked
            writes.expect_without(self._names.blocks(one), other.participant_id)

    def _texts(self, writes: CommitWrites, change: Change) -> Iterator[Argument]:
        for text in change.texts:
            key = self._keys.message(text.message_id)
            secret = _secret_of(text, change)
            sealed = self._seals.text(encode_payload(text), key, text.conversation_id, secret)
            yield writes.place(key)
            spoken = "1" if text.is_relayed else ""
            yield from (text.message_id, text.conversation_id, text.to.person_id, spoken, sealed)

    def _answered(self, writes: CommitWrites, commit: Commit) -> None:
        """Whoever forgets a conversation finds the answers that hold it."""
        after = commit.change.after
        if after is None or commit.receipt.kind in UNSTORED_RESPONSES:
            return
        kept = commit.pool.settings.receipts_kept
        key, end = self._keys.answers(after.conversation_id), commit.now + kept
        writes.add("ZREMRANGEBYSCORE", key, "-inf", to_ms(commit.now))
        writes.add("ZADD", key, to_ms(end), self._names.intent(commit.receipt))
        # As long as the answer that stays longest, whatever the settings were at each.
        writes.add("PEXPIRE", key, span_ms(kept), "NX")
        writes.add("PEXPIRE", key, span_ms(kept), "GT")

    def _answer(self, commit: Commit) -> bytes:
        """An inbound text's sender is not on the line: only a client's answer is kept."""
        if commit.receipt.kind in UNSTORED_RESPONSES:
            return encode_ack(commit.answer)
        return self._seals.answer(commit.answer, self._names.receipt(commit.receipt))


def _event(event: Event) -> tuple[Argument, ...]:
    kind = event.type.value
    return kind, event.conversation_id, event.participant_id, event.message_id, event.detail


def _with_secret(change: Change, drawn: dict[str, bytes]) -> Change:
    """The conversation has the secret of its words: its own, or one that was drawn for it just now.

    An ended one gets another only if there is anything to be said in it.
    """
    after = change.after
    if after is None:
        return change
    name = after.conversation_id
    # One that started in the same batch has messages under the key that was drawn then.
    if not (after.is_live or after.text_secret or change.texts or name in drawn):
        return change
    secret = drawn.setdefault(name, after.text_secret or text_keys.generate())
    return replace(change, after=replace(after, text_secret=secret))


def _secret_of(text: OutboundMessage, change: Change) -> bytes:
    """Words of a conversation that the change does not touch are Maskline's own."""
    after = change.after
    return after.text_secret if after and after.conversation_id == text.conversation_id else b""


def _live_people(conversation: Conversation | None) -> set[str]:
    if conversation is None or not conversation.is_live:
        return set()
    return {person.participant_id for person in conversation.participants}


def _same_people(before: Conversation | None, after: Conversation) -> bool:
    """Most changes are talk: nobody comes or goes."""
    if before is None:
        return False
    return before.state is after.state and before.participants == after.participants
