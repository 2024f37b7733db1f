"""Everything stored comes under the current state key, some records at a time."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from cryptography.exceptions import InvalidTag
from redis.asyncio import Redis

from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import EVERY_KEY, Keys, parse_key
from conversation_service.store.rotation.encrypted_records import (
    DEAD,
    OUTBOX,
    EncryptedRecord,
    EncryptedRecords,
)
from runtime.redis.scripts import Argument, Command, RedisScripts, raised

# Keys looked at in one step: short for Redis, and far inside a caller's patience.
AT_ONCE = 500

# Dead letters of one pool that are written again, in one script; more of them stay as they are
# until they are dropped, replayed or given up.
MOST_LETTERS = 5000

# SCAN's cursor is a number of 64 bits.
LAST_CURSOR = 2**64 - 1


@dataclass(frozen=True, slots=True)
class RotationStep:
    """What one step found and did."""

    # How many records need which key after it, by the keys' ids. Every configured key is there.
    records: Mapping[str, int]
    resealed: int
    # Sealed with a key that is not configured, or damaged.
    unreadable: int
    # Where the next step begins; empty when all has been seen.
    next_place: str


class Rotation:
    """Walks over all pools. It keeps nothing: any replica may take the next step, or all anew.

    A record that changes meanwhile is left to whoever changed it. The outbox is only counted: its
    entries cannot be changed, and leave it by themselves.
    """

    def __init__(self, redis: Redis, vault: Cipher) -> None:
        self._redis = redis
        self._ring = vault.ring
        self._scripts = RedisScripts(redis, "conversation_service.store")
        self._records = EncryptedRecords(redis)

    @property
    def current_key_id(self) -> str:
        """The key that seals."""
        return self._ring.current.key_id

    async def run_once(self, place: str, *, only_count: bool = False) -> RotationStep:
        """One step from a place on; empty: from the beginning."""
        cursor, keys = await self._redis.scan(int(place or 0), match=EVERY_KEY, count=AT_ONCE)
        records = await self._records.behind(cast("list[bytes]", keys))
        resealed = set() if only_count else await self._reseal(records)
        return RotationStep(
            self._counted([one for one in records if one not in resealed], len(resealed)),
            len(resealed),
            sum(self._key_id(one) is None for one in records),
            str(cursor) if cursor else "",
        )

    def _counted(self, records: Sequence[EncryptedRecord], current: int) -> dict[str, int]:
        found = Counter(key_id for one in records if (key_id := self._key_id(one)))
        found[self.current_key_id] += current
        return {key_id: found[key_id] for key_id in self._ring.key_ids}

    def _key_id(self, one: EncryptedRecord) -> str | None:
        # Most are: then there is nothing to open.
        if self._ring.is_current(one.sealed):
            return self.current_key_id
        key = self._ring.key_of(one.sealed, one.record)
        return key.key_id if key else None

    async def _reseal(self, records: Sequence[EncryptedRecord]) -> set[EncryptedRecord]:
        """Those that lie under the current key now."""
        stale = {one: new for one in records if (new := self._resealed(one))}
        letters = {one: new for one, new in stale.items() if one.kind == DEAD}
        single = {one: new for one, new in stale.items() if one.kind != DEAD}
        return await self._exchange(single) | await self._exchange_letters(letters)

    def _resealed(self, one: EncryptedRecord) -> bytes | None:
        if one.kind == OUTBOX or self._ring.is_current(one.sealed):
            return None
        try:
            return self._ring.resealed(one.sealed, one.record)
        except InvalidTag:
            return None

    async def _exchange(self, single: Mapping[EncryptedRecord, bytes]) -> set[EncryptedRecord]:
        calls = [
            self._scripts.call(
                "reseal", (one.key,), (one.place, one.head + one.sealed, one.head + new)
            )
            for one, new in single.items()
        ]
        done = await self._done(calls)
        return {one for one, is_done in zip(single, done, strict=True) if is_done}

    async def _exchange_letters(
        self, letters: Mapping[EncryptedRecord, bytes]
    ) -> set[EncryptedRecord]:
        by_key: dict[str, list[EncryptedRecord]] = defaultdict(list)
        for one in letters:
            by_key[one.key].append(one)
        few = {key: ones for key, ones in by_key.items() if len(ones) <= MOST_LETTERS}
        done = await self._done([self._letters_call(*one, letters) for one in few.items()])
        pairs = zip(few.values(), done, strict=True)
        return {one for ones, is_done in pairs if is_done for one in ones}

    def _letters_call(
        self, key: str, letters: Sequence[EncryptedRecord], texts: Mapping[EncryptedRecord, bytes]
    ) -> Command:
        written = Keys(parse_key(key).pool).dead_written
        arguments: list[Argument] = [MOST_LETTERS]
        for one in letters:
            arguments += [one.place, texts[one]]
        return self._scripts.call("reseal_dead", (key, written), arguments)

    async def _done(self, calls: Sequence[Command]) -> list[bool]:
        replies = raised(await self._scripts.run(calls)) if calls else []
        return [cast("list[bytes]", reply)[0] == b"done" for reply in replies]
