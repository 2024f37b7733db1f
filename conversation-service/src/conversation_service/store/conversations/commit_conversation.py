"""What one change of a conversation writes: its record, and everything that points to it."""

from datetime import timedelta

from conversation_service.domain.commands.core.contact_limits import parted
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.participants import Route
from conversation_service.store.conversations.commit_writes import CommitWrites
from conversation_service.store.conversations.types import Commit
from conversation_service.store.keyspace.timestamps import span_ms, to_ms
from conversation_service.store.records.payloads import encode_held
from conversation_service.store.storage import PoolStorage

# Expiry purges ended conversations on time; this is for the day it cannot.
FORGOTTEN_ANYWAY_AFTER = timedelta(days=1)

# A pair that has not talked for so long does not miss its number.
LAST_NUMBER_LIFETIME = timedelta(days=90)

# After the last message, which waits for the pool's message_validity at most: whatever delays it
# that long may delay it another day.
DATA_KEY_MARGIN = timedelta(days=1)

# How often a conversation may end and be reopened before its first messages become unreadable.
DATA_KEYS_KEPT = 16

# More than anybody has while ended conversations are kept, except a machine.
HISTORY_LENGTH = 1000


class ConversationWriter:
    """Writes the conversations of one pool. `before` is None for a new conversation."""

    def __init__(self, storage: PoolStorage) -> None:
        self._keys = storage.keys
        self._index = storage.index
        self._records = storage.records

    def write(
        self, writes: CommitWrites, commit: Commit, before: Conversation | None, after: Conversation
    ) -> None:
        """Adds the checks and writes of one change."""
        conversation_id = after.conversation_id
        key = self._keys.conversation(conversation_id)
        left = None if after.is_live else after.due_time - commit.now + FORGOTTEN_ANYWAY_AFTER
        writes.expect(key, before.etag if before else "")
        writes.set(key, self._records.encrypt_conversation(after), left)
        writes.add("ZADD", self._keys.deadlines, to_ms(after.due_time), conversation_id)
        self._list(writes, before, after)
        self._held(writes, commit, before, after)
        self._keep_data_key(writes, commit, after)
        self._name(writes, commit, before, after)
        if not _has_same_people(before, after):
            self._code(writes, commit, before, after)
            self._routes(writes, commit, before, after)
            self._live_state(writes, commit, before, after)

    def _list(self, writes: CommitWrites, before: Conversation | None, after: Conversation) -> None:
        """Lists it under its state: of the pool, and of its number."""
        if before is not None and before.state is after.state:
            return
        for number in ("", after.masked_number):
            if before is not None:
                left = self._index.conversations(number, before.state)
                writes.add("ZREM", left, after.conversation_id)
            listed = self._index.conversations(number, after.state)
            writes.add("ZADD", listed, 0, after.conversation_id)

    def _code(
        self, writes: CommitWrites, commit: Commit, before: Conversation | None, after: Conversation
    ) -> None:
        code = self._index.code(after.code)
        if after.state is State.WAITING:
            writes.expect(code, "")
            writes.set(code, after.conversation_id.encode(), after.due_time - commit.now)
        elif before is not None and before.state is State.WAITING:
            writes.add("DEL", code)

    def _routes(
        self, writes: CommitWrites, commit: Commit, before: Conversation | None, after: Conversation
    ) -> None:
        """Claims the routes of new participants and counts live conversations by person."""
        for claim in commit.change.claims:
            route = self._index.route(claim.route)
            writes.expect(route, claim.current_conversation_id)
            writes.set(route, after.conversation_id.encode())
        people_before, people_after = _live_people(before), _live_people(after)
        for person in people_after - people_before:
            writes.add("TALLY", self._keys.live_by_person, person, 1)
        for person in people_before - people_after:
            writes.add("TALLY", self._keys.live_by_person, person, -1)

    def _live_state(
        self, writes: CommitWrites, commit: Commit, before: Conversation | None, after: Conversation
    ) -> None:
        was_live, number = before is not None and before.is_live, after.masked_number
        if after.is_live and not was_live:
            writes.add("TALLY", self._keys.live_by_number, self._index.number(number), 1)
            self._write_started(writes, before, after)
        elif was_live and not after.is_live:
            writes.add("TALLY", self._keys.live_by_number, self._index.number(number), -1)
            self._write_ended(writes, commit, after)

    def _write_started(
        self, writes: CommitWrites, before: Conversation | None, after: Conversation
    ) -> None:
        if before is not None:
            writes.add("PERSIST", self._keys.timeline(after.conversation_id))
            for person in after.participants:
                history = self._keys.history(person.participant_id)
                writes.add("ZREM", history, after.conversation_id)

    def _write_ended(self, writes: CommitWrites, commit: Commit, after: Conversation) -> None:
        conversation_id, people = after.conversation_id, after.participants
        kept = after.due_time - commit.now + FORGOTTEN_ANYWAY_AFTER
        for person in people:
            self._release_route(writes, commit, Route(after.masked_number, person), after)
            _add_to_history(writes, commit, self._keys.history(person.participant_id), after)
        if len(people) > 1:
            number = self._index.number(after.masked_number).encode()
            writes.set(self._index.last_number(*people), number, LAST_NUMBER_LIFETIME)
        self._write_parted(writes, commit, after)
        writes.add("PEXPIRE", self._keys.timeline(conversation_id), span_ms(kept))

    def _write_parted(self, writes: CommitWrites, commit: Commit, after: Conversation) -> None:
        """Keeps with whom each had the conversation, for as long as no client may reopen it."""
        pause = commit.pool.settings.consent.reopen_pause
        for person, other in parted(after) if pause else ():
            key = self._keys.endings(person.participant_id)
            writes.add("ZREMRANGEBYSCORE", key, "-inf", to_ms(commit.now - pause))
            writes.add("ZADD", key, to_ms(commit.now), other.participant_id)
            writes.add("PEXPIRE", key, span_ms(pause))

    def _name(
        self, writes: CommitWrites, commit: Commit, before: Conversation | None, after: Conversation
    ) -> None:
        """A live conversation has its name alone; ended ones are listed under it."""
        given_up, taken = _live_name(before), _live_name(after)
        if given_up == taken:
            return
        if taken:
            writes.expect(self._index.unique_name(taken), "")
            writes.set(self._index.unique_name(taken), after.conversation_id.encode())
            writes.add("ZREM", self._index.name_history(taken), after.conversation_id)
        if given_up:
            writes.add("DEL", self._index.unique_name(given_up))
        if not after.is_live:
            _add_to_history(writes, commit, self._index.name_history(given_up), after)

    def _release_route(
        self, writes: CommitWrites, commit: Commit, route: Route, after: Conversation
    ) -> None:
        """A route cools off unless its person waited alone."""
        key, cool_off = self._index.route(route), commit.pool.settings.lifecycle.cool_off
        if cool_off and len(after.participants) > 1:
            writes.set(key, after.conversation_id.encode(), cool_off)
        else:
            writes.add("DEL", key)

    def _held(
        self, writes: CommitWrites, commit: Commit, before: Conversation | None, after: Conversation
    ) -> None:
        key, conversation_id = self._keys.held(after.conversation_id), after.conversation_id
        for message in commit.change.held:
            body = encode_held(message)
            encrypted = self._records.encrypt_body(body, key, conversation_id, after.data_key)
            writes.add("RPUSH", key, encrypted)
        if before is not None and any(before.held) and not any(after.held):
            writes.add("DEL", key)

    def _keep_data_key(self, writes: CommitWrites, commit: Commit, after: Conversation) -> None:
        """Keeps the data key of an ended conversation until its messages are sent."""
        if after.is_live or not after.data_key:
            return
        key = self._keys.data_keys(after.conversation_id)
        kept = commit.pool.settings.sending.message_validity + DATA_KEY_MARGIN
        writes.add("RPUSH", key, self._records.encrypt_body(after.data_key, key))
        writes.add("LTRIM", key, -DATA_KEYS_KEPT, -1)
        writes.add("PEXPIRE", key, span_ms(kept))


def _add_to_history(writes: CommitWrites, commit: Commit, key: str, ended: Conversation) -> None:
    # Entries of purged conversations go with the next ending.
    writes.add("ZREMRANGEBYSCORE", key, "-inf", to_ms(commit.now))
    writes.add("ZADD", key, to_ms(ended.due_time), ended.conversation_id)
    writes.add("ZREMRANGEBYRANK", key, 0, -HISTORY_LENGTH - 1)
    writes.add("PEXPIRE", key, span_ms(ended.due_time - commit.now + FORGOTTEN_ANYWAY_AFTER))


def _live_name(conversation: Conversation | None) -> str:
    return conversation.unique_name if conversation and conversation.is_live else ""


def _live_people(conversation: Conversation | None) -> set[str]:
    if conversation is None or not conversation.is_live:
        return set()
    return {person.participant_id for person in conversation.participants}


def _has_same_people(before: Conversation | None, after: Conversation) -> bool:
    """True of most changes, which only pass a message on."""
    if before is None:
        return False
    return before.state is after.state and before.participants == after.participants
