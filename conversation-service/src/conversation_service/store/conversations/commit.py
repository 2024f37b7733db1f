"""commit.lua: the call, its reply, and the idempotency record."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.model.events import Event
from conversation_service.domain.model.messages import MessageState, OutboundMessage
from conversation_service.store.conversations.blocks import write_blocks
from conversation_service.store.conversations.commit_conversation import ConversationWriter
from conversation_service.store.conversations.commit_writes import CommitWrites
from conversation_service.store.conversations.types import (
    UNSTORED_RESPONSES,
    Commit,
    CommitOutcome,
    Committed,
    Conflict,
    Duplicate,
    record_of,
)
from conversation_service.store.encryption import conversation_keys
from conversation_service.store.keyspace.timestamps import span_ms, to_ms
from conversation_service.store.records.event_details import encode_detail, encode_type
from conversation_service.store.records.message import (
    encode_discarded,
    encode_record,
    encode_resumed,
)
from conversation_service.store.records.payloads import (
    StoredResponse,
    decode_ack,
    encode_ack,
    encode_count,
    encode_payload,
    encode_sender_limits,
)
from conversation_service.store.storage import PoolStorage
from runtime.redis.scripts import Argument, Command, Reply

# A timeline has no more ids than there are events: removed ones leave it faster than new ones come,
# which are at most a few for each message.
DROPPED_AT_ONCE = 16

# What strangers are told is in no list of messages: only its delivery receipt may still be matched,
# and that comes within minutes.
KEPT_FOR_RECEIPTS = timedelta(hours=1)

# A number may belong to somebody else 45 days after it was given up (47 CFR 52.15).
INTRODUCTION_LIFETIME = timedelta(days=45)

# A carrier does not say for how long it blocks: the failure of the next message renews the record.
CARRIER_BLOCK_LIFETIME = timedelta(days=365)

_NO_RESPONSE = StoredResponse()


class CommitScript:
    """Lays out the changes of one pool."""

    def __init__(self, storage: PoolStorage) -> None:
        self._keys = storage.keys
        self._index = storage.index
        self._records = storage.records
        self._scripts = storage.scripts
        self._recent_messages = storage.recent_messages
        self._conversations = ConversationWriter(storage)

    def calls(self, commits: Sequence[Commit]) -> Iterator[Command]:
        """The calls for changes that were decided together."""
        generated: dict[str, bytes] = {}
        for commit in commits:
            change = _with_data_key(commit.change, generated)
            yield self._call(commit if change is commit.change else replace(commit, change=change))

    def outcome(self, key: IdempotencyKey, reply: Reply) -> CommitOutcome:
        """The script's reply, or Redis's error."""
        if isinstance(reply, Exception):
            return reply
        status, response = cast("list[bytes]", reply)
        match status.decode():
            case "done":
                return Committed()
            case "repeat":
                return Duplicate(True, self._response(key, response))
            case "reused":
                return Duplicate(False, _NO_RESPONSE)
            case "conflict":
                return Conflict()
            case unknown:
                raise AssertionError(f"commit.lua replied {unknown!r}")

    def duplicate(self, key: IdempotencyKey, record: bytes) -> Duplicate | None:
        """The earlier command in an idempotency record; None if it is empty."""
        if not record:
            return None
        fingerprint, _, response = record.partition(b"\n")
        if fingerprint.decode() != self._index.fingerprint(key):
            return Duplicate(False, _NO_RESPONSE)
        return Duplicate(True, self._response(key, response))

    def _response(self, key: IdempotencyKey, stored: bytes) -> StoredResponse:
        if key.kind in UNSTORED_RESPONSES:
            return decode_ack(stored)
        return self._records.decrypt_response(stored, self._index.idempotency(key))

    def _call(self, commit: Commit) -> Command:
        change, settings = commit.change, commit.pool.settings
        idempotency = self._index.idempotency(commit.key)
        writes = CommitWrites(
            (idempotency, self._keys.outbox, self._keys.events, self._keys.events_trimmed)
        )
        self._write(writes, commit)
        messages = [value for message in self._messages(writes, commit) for value in message]
        events = [value for event in change.events for value in _event(event)]
        arguments = (
            self._index.fingerprint(commit.key),
            self._encoded_response(commit),
            span_ms(settings.retention.idempotency_records),
            to_ms(commit.now),
            span_ms(settings.retention.messages),
            self._keys.timeline_prefix,
            DROPPED_AT_ONCE,
            self._keys.conversation_prefix,
            *writes.counts,
            len(change.texts),
            len(change.events),
            *writes.arguments,
            *messages,
            *events,
        )
        return self._scripts.call("commit", writes.keys, arguments)

    def _write(self, writes: CommitWrites, commit: Commit) -> None:
        change = commit.change
        writes.expect(self._keys.version, commit.pool.version)
        if commit.unasked is not None:
            writes.expect(self._keys.person_changed(commit.unasked.person_id), "")
        if change.after is not None:
            self._conversations.write(writes, commit, change.before, change.after)
        if change.pool is not None:
            writes.set(self._keys.settings, self._records.encrypt_pool(change.pool))
            writes.set(self._keys.version, change.pool.version.encode())
        if change.requires_no_live_on:
            number = self._index.number(change.requires_no_live_on)
            writes.expect_unset(self._keys.live_by_number, number)
        for person in change.introduced:
            writes.set(self._index.introduced(person), b"1", INTRODUCTION_LIFETIME)
        if (block := change.carrier_block) and block.is_blocked:
            writes.set(self._index.carrier_block(block.route), b"1", CARRIER_BLOCK_LIFETIME)
        elif block:
            writes.add("DEL", self._index.carrier_block(block.route))
        self._write_limits(writes, commit)
        write_blocks(writes, self._keys, commit)
        self._write_records(writes, commit)
        self._index_response(writes, commit)

    def _write_limits(self, writes: CommitWrites, commit: Commit) -> None:
        change, attempts = commit.change, commit.change.code_attempts
        for limits in filter(None, (change.sender_limits, *change.openings)):
            key = self._index.sender_limits(limits.person)
            writes.expect_value(key, encode_sender_limits(limits.before))
            end = limits.after.expires_at or commit.now
            writes.set(key, encode_sender_limits(limits.after), end - commit.now)
        if attempts is not None and attempts.after.until is not None:
            key = self._index.code_attempts(attempts.masked_number)
            writes.expect(key, encode_count(attempts.before))
            left = attempts.after.until - commit.now
            writes.set(key, encode_count(attempts.after).encode(), left)

    def _write_records(self, writes: CommitWrites, commit: Commit) -> None:
        """A held message's record stays until it is resumed or given up, as the message does."""
        change, kept = commit.change, commit.pool.settings.retention.messages
        for record in change.records:
            key, is_held = self._keys.message(record.message_id), record.state is MessageState.HELD
            writes.set(key, encode_record(record), None if is_held else kept)
        for message_id in change.discarded:
            key = self._keys.message(message_id)
            writes.add("ADVANCE", key, *encode_discarded(commit.now))
            writes.add("PEXPIRE", key, span_ms(kept))

    def _index_response(self, writes: CommitWrites, commit: Commit) -> None:
        """Lists the stored responses that contain a conversation, so that purging it can empty
        them."""
        after = commit.change.after
        if after is None or commit.key.kind in UNSTORED_RESPONSES:
            return
        kept = commit.pool.settings.retention.idempotency_records
        key, end = self._keys.responses(after.conversation_id), commit.now + kept
        writes.add("ZREMRANGEBYSCORE", key, "-inf", to_ms(commit.now))
        writes.add("ZADD", key, to_ms(end), self._index.command(commit.key))
        # As long as the response that stays longest, whatever the settings were at each.
        writes.add("PEXPIRE", key, span_ms(kept), "NX")
        writes.add("PEXPIRE", key, span_ms(kept), "GT")

    def _messages(self, writes: CommitWrites, commit: Commit) -> Iterator[tuple[Argument, ...]]:
        change, settings = commit.change, commit.pool.settings
        for message in change.texts:
            key, conversation_id = self._keys.message(message.message_id), message.conversation_id
            record = b""
            if message.was_held:
                writes.add("ADVANCE", key, *encode_resumed(commit.now))
            else:
                record = encode_record(record_of(message, commit.now))
            data_key = _data_key_of(message, change)
            payload = encode_payload(message, has_conversation=not data_key)
            encrypted = self._records.encrypt_body(payload, key, conversation_id, data_key)
            self._recent_messages.keep(encrypted, message)
            kept = settings.retention.messages
            if not conversation_id:
                kept = min(kept, settings.sending.message_validity + KEPT_FOR_RECEIPTS)
            ids = (writes.index(key), message.message_id)
            yield (*ids, span_ms(kept), encrypted, record)

    def _encoded_response(self, commit: Commit) -> bytes:
        """The sender of an inbound message gets no response: only a client's is stored."""
        if commit.key.kind in UNSTORED_RESPONSES:
            return encode_ack(commit.response)
        record = self._index.idempotency(commit.key)
        return self._records.encrypt_response(commit.response, record)


def _event(event: Event) -> tuple[Argument, ...]:
    kind, detail = encode_type(event.type), encode_detail(event.detail)
    return kind, event.conversation_id, event.participant_id, event.message_id, detail


def _with_data_key(change: Change, generated: dict[str, bytes]) -> Change:
    """Gives a new or reopened conversation a data key, the same to all changes of a batch.

    An ended one gets one only if there are messages under it, of this change or of an earlier one
    of the batch.
    """
    after = change.after
    if after is None:
        return change
    conversation_id = after.conversation_id
    has_key = after.data_key or conversation_id in generated
    if not (after.is_live or has_key or change.texts):
        return change
    data_key = after.data_key or conversation_keys.generate()
    data_key = generated.setdefault(conversation_id, data_key)
    if data_key == after.data_key:
        return change
    return replace(change, after=replace(after, data_key=data_key))


def _data_key_of(message: OutboundMessage, change: Change) -> bytes:
    """Messages of a conversation that the change does not touch contain no participant's words."""
    after = change.after
    is_its_own = after is not None and after.conversation_id == message.conversation_id
    return after.data_key if after is not None and is_its_own else b""
