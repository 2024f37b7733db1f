"""The outbox of one pool, its lease, and the states of its messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from redis.asyncio import Redis

from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.messages import MessageState
from conversation_service.store.encryption.conversation_keys import conversation_of
from conversation_service.store.keyspace.timestamps import from_ms, to_ms
from conversation_service.store.outbox.entry import CorruptEntry, OutboxDecoder, OutboxEntry
from conversation_service.store.outbox.settlement import (
    DeadLettering,
    Settlement,
    StatusUpdate,
    event_of,
    settle_arguments,
)
from conversation_service.store.people import PeopleLookup, PeopleStatus
from conversation_service.store.records.message import encode_state
from conversation_service.store.storage import PoolStorage
from runtime.redis.scripts import Argument, raise_first_error

Entry = tuple[bytes, dict[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Backlog:
    """The number of entries, and when the oldest message was accepted; None if there is none."""

    waiting: int
    oldest: datetime | None


class LookedUp(NamedTuple):
    """What was found of entries: an erasure removes its person's entries."""

    # The ids of those that still exist.
    existing: set[str]
    recipients: PeopleStatus
    pool_version: str


class LeaseLost(Exception):
    """Another replica holds the pool's lease now."""


class Outbox:
    """One pool's outbox."""

    def __init__(self, storage: PoolStorage, reader: Redis) -> None:
        """`reader` is for reads that wait: they keep a connection busy."""
        self._storage = storage
        self._redis = storage.redis
        self._reader = reader
        self._scripts = storage.scripts
        self._keys = storage.keys
        self._people = PeopleLookup(storage)
        self._decoder = OutboxDecoder(storage)
        self._data_keys = storage.data_keys
        self._recent_messages = storage.recent_messages

    async def acquire_lease(self, token: str, lasts: timedelta) -> str | None:
        """Takes the lease, or renews it under `token`. Returns its fencing token.

        Returns None while another replica holds it.
        """
        ms = lasts // timedelta(milliseconds=1)
        keys = (self._keys.lease, self._keys.fence)
        word, fencing_token = await self._run("acquire_lease", keys, (token, ms))
        return fencing_token.decode() if word == b"held" else None

    async def release_lease(self, token: str) -> None:
        """Lets another replica take over immediately."""
        await self._run("release_lease", (self._keys.lease,), (token,))

    async def read(
        self, after: str, limit: int, block_ms: int | None
    ) -> list[OutboxEntry | CorruptEntry]:
        """Entries behind `after`, oldest first. Waits `block_ms` for one, or not if None."""
        found = await self._reader.xread({self._keys.outbox: after}, count=limit, block=block_ms)
        # RESP3 returns a map from stream names to lists of entries.
        streams = cast("dict[bytes, list[list[Entry]]]", found)
        return await self._decoded(
            [entry for pages in streams.values() for page in pages for entry in page]
        )

    async def read_by_id(self, entry_ids: Sequence[str]) -> dict[str, OutboxEntry | CorruptEntry]:
        """Entries by their ids, without those that were removed."""
        decoded = await self._decoded(await self._entries(entry_ids))
        return {entry.entry_id: entry for entry in decoded}

    async def look_up(self, entries: Sequence[OutboxEntry]) -> LookedUp:
        """One round trip, made immediately before sending."""
        people = list(dict.fromkeys(entry.message.to for entry in entries))
        ids = [entry.entry_id for entry in entries]
        existing = self._scripts.call("list_existing", (self._keys.outbox,), ids)
        version = ("GET", self._keys.version)
        calls = [existing, version, *self._people.calls(people)]
        [found, pool_version, *of_people] = raise_first_error(await self._scripts.run(calls))
        return LookedUp(
            {entry_id.decode() for entry_id in cast("list[bytes]", found)},
            self._people.status(people, of_people),
            cast("bytes", pool_version or b"").decode(),
        )

    async def oldest(self, limit: int) -> list[tuple[str, str]]:
        """The ids of the oldest entries and of their messages, read before or not."""
        entries = cast("list[Entry]", await self._redis.xrange(self._keys.outbox, count=limit))
        return [
            (entry_id.decode(), fields.get(b"message", b"").decode(errors="replace"))
            for entry_id, fields in entries
        ]

    async def settle(
        self, token: str, settled: Sequence[Settlement | DeadLettering], now: datetime
    ) -> None:
        """Advances messages, removes their entries. Raises LeaseLost and writes nothing then."""
        keys = [self._keys.lease, self._keys.outbox, self._keys.events, self._keys.dead]
        keys += [self._keys.message(item.message_id) for item in settled]
        common = (token, to_ms(now), self._keys.timeline_prefix)
        dead = [item.entry_id for item in settled if isinstance(item, DeadLettering)]
        payloads = await self._reencrypted(dead)
        arguments = [word for item in settled for word in settle_arguments(item, payloads)]
        word, _ = await self._run("settle", keys, (*common, *arguments))
        if word != b"done":
            raise LeaseLost

    async def advance(self, updates: Sequence[StatusUpdate], now: datetime) -> list[str]:
        """Advances the states of messages; a message that is not kept stays unknown.

        Returns each message's recipient, by the id that is the same in all pools; empty for a
        message that is not kept.
        """
        calls = [
            self._scripts.call(
                "advance_message",
                (self._keys.message(update.message_id), self._keys.events),
                (
                    update.message_id,
                    encode_state(update.state),
                    to_ms(now),
                    *event_of(update),
                    self._keys.timeline_prefix,
                ),
            )
            for update in updates
        ]
        replies = cast("list[list[bytes]]", raise_first_error(await self._scripts.run(calls)))
        return [recipient.decode() for _, recipient in replies]

    async def messages(self, message_ids: Sequence[str]) -> list[MessageRecord]:
        """The records of messages, without those that are not kept."""
        records = await self._storage.message_records(message_ids)
        return [record for record in records if record is not None]

    async def state(self, message_id: str) -> MessageState | None:
        """A message's state, None if it is not kept."""
        return next((record.state for record in await self.messages([message_id])), None)

    async def backlog(self) -> Backlog:
        """The entries that are not settled."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.xlen(self._keys.outbox)
        pipeline.xrange(self._keys.outbox, count=1)
        waiting, first = await pipeline.execute()
        oldest = [from_ms(int(fields.get(b"at", b"0"))) for _, fields in cast("list[Entry]", first)]
        return Backlog(waiting, next(iter(oldest), None))

    async def _run(
        self, script: str, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> list[bytes]:
        [reply] = raise_first_error(
            await self._scripts.run([self._scripts.call(script, keys, arguments)])
        )
        return cast("list[bytes]", reply)

    async def _entries(self, entry_ids: Sequence[str]) -> list[Entry]:
        pipeline = self._redis.pipeline(transaction=False)
        for entry_id in entry_ids:
            pipeline.xrange(self._keys.outbox, entry_id, entry_id)
        found = cast("list[list[Entry]]", await pipeline.execute() if entry_ids else [])
        return [entry for entries in found for entry in entries]

    async def _decoded(self, entries: Sequence[Entry]) -> list[OutboxEntry | CorruptEntry]:
        payloads = [fields.get(b"text", b"") for _, fields in entries]
        messages = [self._recent_messages.get(payload) for payload in payloads]
        unknown = [
            payload for payload, message in zip(payloads, messages, strict=True) if not message
        ]
        keys = await self._data_keys.of(unknown)
        return [
            self._decoder.decode(*entry, keys, message)
            for entry, message in zip(entries, messages, strict=True)
        ]

    async def _reencrypted(self, entry_ids: Sequence[str]) -> Mapping[str, bytes]:
        """Payloads as the dead letters keep them, without those that stay as they are."""
        entries = [
            (entry_id.decode(), fields)
            for entry_id, fields in await self._entries(entry_ids)
            if conversation_of(fields.get(b"text", b""))
        ]
        keys = await self._data_keys.of(fields[b"text"] for _, fields in entries)
        return {entry_id: self._decoder.reencrypt(fields, keys) for entry_id, fields in entries}
