"""Erasures, pending and done: who it is, is known only as long as data is being erased."""

import json
from datetime import timedelta
from typing import NamedTuple, cast

from conversation_service.domain.errors import ConcurrentChange
from conversation_service.domain.model.consent import Erasure
from conversation_service.store.keyspace.timestamps import (
    from_ms,
    optional_ms,
    optional_time,
    span_ms,
    to_ms,
)
from conversation_service.store.records.conversation import dumps
from conversation_service.store.storage import Storage, run_script

# As long as anybody may have to prove an erasure: such claims lapse after three years in much of
# Europe and the United States.
ERASURE_LIFETIME = timedelta(days=3 * 365)

VERSION = 1


class RecordedErasure(NamedTuple):
    """An erasure, and the fingerprint of the request for it."""

    erasure: Erasure
    fingerprint: str
    # The person's id, encrypted; empty once all is erased.
    person: bytes


class ErasureLog:
    """The erasures of the whole deployment."""

    def __init__(self, storage: Storage) -> None:
        self._redis = storage.redis
        self._scripts = storage.scripts
        self._cipher = storage.cipher
        self._keys = storage.keys

    def erasure_id(self, source: str, command_id: str) -> str:
        """The same for the same command."""
        return self._cipher.blind_index("erasure", source, command_id)

    def fingerprint(self, command_id: str, person_id: str) -> str:
        """Detects an id that is used again with another person; says nothing about the person."""
        return self._cipher.blind_index("erased", command_id, person_id)

    async def find(self, erasure_id: str) -> RecordedErasure | None:
        """An erasure, while its record is kept."""
        stored = await self._redis.get(self._keys.erasure(erasure_id))
        if not isinstance(stored, bytes):
            return None
        head, _, person = stored.partition(b"\n")
        _, created, completed, conversations, messages, fingerprint = json.loads(head)
        times = from_ms(created), optional_time(completed)
        return RecordedErasure(
            Erasure(erasure_id, *times, conversations, messages), fingerprint, person
        )

    async def add(self, erasure: Erasure, fingerprint: str, person_id: str) -> RecordedErasure:
        """Keeps the first record of an id as pending, and returns it."""
        key, person = self._keys.erasure(erasure.erasure_id), self._encrypted(erasure, person_id)
        recorded = RecordedErasure(erasure, fingerprint, person)
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.set(key, _encode(recorded), px=ERASURE_LIFETIME, nx=True)
        # One that is done already leaves the list when it is looked at.
        pending = {erasure.erasure_id: to_ms(erasure.create_time)}
        pipeline.zadd(self._keys.pending_erasures, pending)
        await pipeline.execute()
        return await self.find(erasure.erasure_id) or recorded

    def person_id(self, recorded: RecordedErasure) -> str:
        """Whose pending erasure it is; raises InvalidTag if its key is not configured."""
        key = self._keys.erasure(recorded.erasure.erasure_id)
        return self._cipher.decrypt(recorded.person, key).decode()

    async def pending(self, limit: int) -> list[str]:
        """The ids of erasures that are not complete, the oldest first."""
        ids = await self._redis.zrange(self._keys.pending_erasures, 0, limit - 1)
        return [erasure_id.decode() for erasure_id in cast("list[bytes]", ids)]

    async def remove_pending(self, erasure_id: str) -> None:
        """For one that is done, or whose record is not kept any more."""
        await self._redis.zrem(self._keys.pending_erasures, erasure_id)

    async def acquire_lease(self, erasure_id: str, token: str, lasts: timedelta) -> bool:
        """Whether this task carries out the erasure; False while another one does."""
        key = self._keys.erasure_lease(erasure_id)
        return bool(await self._redis.set(key, token, px=lasts, nx=True))

    async def release_lease(self, erasure_id: str, token: str) -> None:
        """Lets another task go on with the erasure at once."""
        keys = (self._keys.erasure_lease(erasure_id),)
        await run_script(self._scripts, "release_lease", keys, (token,))

    async def write(self, recorded: RecordedErasure, token: str, lasts: timedelta) -> None:
        """Writes the progress and renews the lease; raises ConcurrentChange if it was lost.

        Destroys who it is if the erasure is complete.
        """
        erasure = recorded.erasure
        if erasure.complete_time is not None:
            recorded = recorded._replace(person=b"")
        keys = (
            self._keys.erasure(erasure.erasure_id),
            self._keys.pending_erasures,
            self._keys.erasure_lease(erasure.erasure_id),
        )
        is_done = "" if erasure.complete_time is None else "done"
        arguments = (token, erasure.erasure_id, _encode(recorded), is_done, span_ms(lasts))
        word, _ = await run_script(self._scripts, "write_erasure", keys, arguments)
        if word == b"lost":
            raise ConcurrentChange

    def _encrypted(self, erasure: Erasure, person_id: str) -> bytes:
        return self._cipher.encrypt(person_id.encode(), self._keys.erasure(erasure.erasure_id))


def _encode(recorded: RecordedErasure) -> bytes:
    erasure = recorded.erasure
    times = to_ms(erasure.create_time), optional_ms(erasure.complete_time)
    counts = erasure.conversations, erasure.messages
    return dumps([VERSION, *times, *counts, recorded.fingerprint]) + b"\n" + recorded.person
