"""Re-encrypts stored values under the current state key, some records at a time."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from cryptography.exceptions import InvalidTag

from conversation_service.store.keyspace.keys import EVERY_KEY, Keys, parse_key
from conversation_service.store.rotation.encrypted_records import (
    DEAD,
    OUTBOX,
    EncryptedRecord,
    EncryptedRecords,
)
from conversation_service.store.storage import Storage
from runtime.redis.scripts import Argument, Command, raise_first_error

# Keys examined in one step: short for Redis, and well within a caller's deadline.
KEYS_PER_STEP = 500

# Dead letters of one pool that one script rewrites; more of them stay as they are until they are
# discarded, replayed or expire.
MAX_DEAD_LETTERS = 5000

# SCAN's cursor is a number of 64 bits.
LAST_CURSOR = 2**64 - 1


@dataclass(frozen=True, slots=True)
class RotationStep:
    """The result of one step."""

    # How many records need which key afterwards, by key id; every configured key is included.
    records: Mapping[str, int]
    reencrypted: int
    # Encrypted with a key that is not configured, or damaged.
    unreadable: int
    # Where the next step starts; empty at the end.
    next_cursor: str


class Rotation:
    """Walks over all pools. It keeps no state: any replica may take the next step, or start again.

    A record that changes meanwhile is skipped: the change has encrypted it. The outbox is only
    counted: its entries cannot be changed, and leave it by themselves.
    """

    def __init__(self, storage: Storage) -> None:
        self._redis = storage.redis
        self._ring = storage.cipher.ring
        self._scripts = storage.scripts
        self._records = EncryptedRecords(storage.redis)

    @property
    def current_key_id(self) -> str:
        """The key that encrypts."""
        return self._ring.current.key_id

    async def run_once(self, cursor: str) -> RotationStep:
        """Re-encrypts some records from a cursor; empty: from the start."""
        records, next_cursor = await self._records_from(cursor)
        done = await self._reencrypt(records)
        left = [record for record in records if record not in done]
        return RotationStep(
            self._counts(left, len(done)), len(done), self._unreadable(records), next_cursor
        )

    async def count(self, cursor: str) -> RotationStep:
        """Only counts the records of one step."""
        records, next_cursor = await self._records_from(cursor)
        return RotationStep(self._counts(records, 0), 0, self._unreadable(records), next_cursor)

    async def _records_from(self, cursor: str) -> tuple[list[EncryptedRecord], str]:
        """Returns the cursor of the next step as well."""
        after, keys = await self._redis.scan(int(cursor or 0), match=EVERY_KEY, count=KEYS_PER_STEP)
        records = await self._records.read(cast("list[bytes]", keys))
        return records, str(after) if after else ""

    def _unreadable(self, records: Sequence[EncryptedRecord]) -> int:
        return sum(self._key_id(record) is None for record in records)

    def _counts(self, records: Sequence[EncryptedRecord], current: int) -> dict[str, int]:
        counts = Counter(key_id for record in records if (key_id := self._key_id(record)))
        counts[self.current_key_id] += current
        return {key_id: counts[key_id] for key_id in self._ring.key_ids}

    def _key_id(self, record: EncryptedRecord) -> str | None:
        # True of most records, which then need not be decrypted.
        if self._ring.is_current(record.encrypted):
            return self.current_key_id
        key = self._ring.key_of(record.encrypted, record.record)
        return key.key_id if key else None

    async def _reencrypt(self, records: Sequence[EncryptedRecord]) -> set[EncryptedRecord]:
        """The records that are under the current key now and were not before."""
        values = {record: new for record in records if (new := self._reencrypted(record))}
        letters = {record: new for record, new in values.items() if record.kind == DEAD}
        others = {record: new for record, new in values.items() if record.kind != DEAD}
        return await self._replace(others) | await self._replace_dead_letters(letters)

    def _reencrypted(self, record: EncryptedRecord) -> bytes | None:
        if record.kind == OUTBOX or self._ring.is_current(record.encrypted):
            return None
        try:
            return self._ring.reencrypted(record.encrypted, record.record)
        except InvalidTag:
            return None

    async def _replace(self, values: Mapping[EncryptedRecord, bytes]) -> set[EncryptedRecord]:
        done = await self._run([self._replace_call(*item) for item in values.items()])
        return {record for record, is_done in zip(values, done, strict=True) if is_done}

    def _replace_call(self, record: EncryptedRecord, value: bytes) -> Command:
        arguments = (record.position, record.head + record.encrypted, record.head + value)
        return self._scripts.call("reencrypt", (record.key,), arguments)

    async def _replace_dead_letters(
        self, values: Mapping[EncryptedRecord, bytes]
    ) -> set[EncryptedRecord]:
        by_key: dict[str, list[EncryptedRecord]] = defaultdict(list)
        for record in values:
            by_key[record.key].append(record)
        pools = {
            key: letters for key, letters in by_key.items() if len(letters) <= MAX_DEAD_LETTERS
        }
        done = await self._run([self._dead_letters_call(*pool, values) for pool in pools.items()])
        results = zip(pools.values(), done, strict=True)
        return {letter for letters, is_done in results if is_done for letter in letters}

    def _dead_letters_call(
        self, key: str, letters: Sequence[EncryptedRecord], values: Mapping[EncryptedRecord, bytes]
    ) -> Command:
        rewritten = Keys(parse_key(key).pool).dead_rewritten
        arguments: list[Argument] = [MAX_DEAD_LETTERS]
        for letter in letters:
            arguments += [letter.position, values[letter]]
        return self._scripts.call("reencrypt_dead_letters", (key, rewritten), arguments)

    async def _run(self, calls: Sequence[Command]) -> list[bool]:
        replies = raise_first_error(await self._scripts.run(calls)) if calls else []
        return [cast("list[bytes]", reply)[0] == b"done" for reply in replies]
