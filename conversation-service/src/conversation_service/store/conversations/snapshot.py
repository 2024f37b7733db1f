"""load.lua: the keys that a read set names, and the snapshot in the reply."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool
from conversation_service.store.keyspace.timestamps import from_ms
from conversation_service.store.records.blocks import decode_block
from conversation_service.store.records.payloads import (
    decode_count,
    decode_held,
    decode_sender_limits,
)
from conversation_service.store.storage import PoolStorage
from runtime.redis.scripts import Argument, Command, Reply

Subject = TypeVar("Subject", bound=Hashable)

# By what it is about: a route, a person, a code ...
Group = dict[Any, Any]


class Read(NamedTuple):
    """How one dictionary of a snapshot is read."""

    # As load.lua calls it.
    kind: str
    # Redis keys by what they are about.
    keys: Mapping[Any, str]
    # From the values of these keys; the snapshot has what was read before.
    decode: Callable[[Snapshot, Group], Group]


class SnapshotScript:
    """Loads the snapshots of one pool."""

    def __init__(self, storage: PoolStorage) -> None:
        self._keys = storage.keys
        self._index = storage.index
        self._records = storage.records
        self._scripts = storage.scripts

    def reads(self, read_set: ReadSet, pool: Pool) -> dict[str, Read]:
        """What a read set names, by the snapshot's field. Held messages need the conversation."""
        keys, index = self._keys, self._index
        conversation_id = read_set.conversation_id or read_set.held_in
        reads = {
            "conversations": Read(
                "string", _keys(keys.conversation, conversation_id), self._conversations
            ),
            "current_conversation_ids": Read(
                "pointer", _keys(index.route, *read_set.routes), self._pointers
            ),
            "codes": Read("pointer", _keys(index.code, read_set.code), self._pointers),
            "unique_names": Read(
                "pointer", _keys(index.unique_name, read_set.unique_name), self._pointers
            ),
            **self._reads_of_people(read_set),
            "blocks": Read("string", _keys(keys.block, read_set.block_id), _blocks),
            "block_conversation_ids": Read(
                "pointer", _keys(keys.block_conversation, read_set.block_id), self._pointers
            ),
            "code_attempts": Read(
                "string", _keys(index.code_attempts, read_set.code_attempts_on), _each(decode_count)
            ),
            "last_numbers": Read(
                "string",
                _keys(lambda pair: index.last_number(*pair), read_set.pair),
                _each(partial(self._number, pool)),
            ),
            "held_messages": Read("list", _keys(keys.held, read_set.held_in), self._held),
            "live_counts": Read(
                "hash",
                {"": keys.live_by_number} if read_set.needs_live_counts else {},
                lambda _, group: self.counts(group[""], pool.masked_numbers),
            ),
        }
        return {name: read for name, read in reads.items() if read.keys}

    def _reads_of_people(self, read_set: ReadSet) -> dict[str, Read]:
        keys, index = self._keys, self._index
        return {
            "carrier_blocks": Read(
                "string", _keys(index.carrier_block, *read_set.carrier_blocks_on), _each(bool)
            ),
            "sender_limits": Read(
                "string", _keys(index.sender_limits, *read_set.people), _each(decode_sender_limits)
            ),
            "introductions": Read(
                "string", _keys(index.introduced, *read_set.introductions_of), _each(bool)
            ),
            "block_counts": Read("hash", _of(keys.blocks, read_set.blocks_of), _each(_counts)),
            "endings": Read("zset", _of(keys.endings, read_set.endings_of), _each(_times)),
        }

    def call(self, key: IdempotencyKey, reads: Mapping[str, Read]) -> Command:
        """The call that loads what a command needs, with its idempotency record."""
        first = (self._index.idempotency(key), self._keys.version)
        keys = [redis_key for read in reads.values() for redis_key in read.keys.values()]
        groups: list[Argument] = ["string", len(first)]
        for read in reads.values():
            groups += [read.kind, len(read.keys)]
        arguments = (self._keys.conversation_prefix, *groups)
        return self._scripts.call("load", (*first, *keys), arguments)

    def head(self, reply: Reply) -> tuple[bytes, str]:
        """The idempotency record, and the version that the pool had."""
        record, version = cast("list[list[bytes]]", reply)[0]
        return record, version.decode()

    def snapshot(
        self, read_set: ReadSet, reads: Mapping[str, Read], reply: Reply, pool: Pool, now: datetime
    ) -> Snapshot:
        """The rest of the reply. Raises InvalidTag for values under an unknown key."""
        _, *groups = cast("list[list[object]]", reply)
        snapshot = Snapshot(pool, now, read_set=read_set)
        for (name, read), items in zip(reads.items(), groups, strict=True):
            group = dict(zip(read.keys, items, strict=True))
            getattr(snapshot, name).update(read.decode(snapshot, group))
        return snapshot

    def counts(self, stored: object, numbers: Iterable[str]) -> dict[str, int]:
        """The counts of these numbers, from a flat list of hashes and counts."""
        flat = cast("list[bytes]", stored)
        by_hash = dict(zip(flat[::2], map(int, flat[1::2]), strict=True))
        if not by_hash:
            return {}
        counts = ((number, by_hash.get(self._index.number(number).encode())) for number in numbers)
        return {number: count for number, count in counts if count}

    def _conversations(self, _: Snapshot, group: Group) -> Group:
        records = self._records
        conversations = {
            conversation_id: records.decrypt_conversation(conversation_id, record)
            for conversation_id, record in group.items()
        }
        return {name: found for name, found in conversations.items() if found is not None}

    def _pointers(self, snapshot: Snapshot, group: Group) -> Group:
        ids = {about: conversation_id.decode() for about, (conversation_id, _) in group.items()}
        records = {ids[about]: record for about, (_, record) in group.items()}
        snapshot.conversations.update(self._conversations(snapshot, records))
        return ids

    def _held(self, snapshot: Snapshot, group: Group) -> Group:
        [(conversation_id, items)] = group.items()
        conversation = snapshot.conversations.get(conversation_id)
        data_keys = [conversation.data_key] if conversation else []
        key = self._keys.held(conversation_id)
        bodies = (self._records.decrypt_body(item, key, data_keys) for item in items)
        return {conversation_id: tuple(map(decode_held, bodies))}

    def _number(self, pool: Pool, hashed: bytes) -> str:
        numbers = (n for n in pool.masked_numbers if self._index.number(n).encode() == hashed)
        return next(numbers, "") if hashed else ""


def _keys(key_of: Callable[[Subject], str], *subjects: Subject | None) -> dict[Subject, str]:
    """Empty subjects are not read."""
    return {subject: key_of(subject) for subject in subjects if subject}


def _each(decode: Callable[[Any], object]) -> Callable[[Snapshot, Group], Group]:
    return lambda _, group: {subject: decode(value) for subject, value in group.items()}


def _of(key_of: Callable[[str], str], person: Person | None) -> dict[str, str]:
    """By participant id."""
    return _keys(key_of, person.participant_id if person else "")


def _counts(flat: list[bytes]) -> dict[str, int]:
    return {field.decode(): int(count) for field, count in zip(flat[::2], flat[1::2], strict=True)}


def _times(flat: list[bytes]) -> dict[str, datetime]:
    return {who.decode(): from_ms(int(ms)) for who, ms in zip(flat[::2], flat[1::2], strict=True)}


def _blocks(_: Snapshot, group: Group) -> Group:
    return {
        block_id: decode_block(block_id, record) for block_id, record in group.items() if record
    }
