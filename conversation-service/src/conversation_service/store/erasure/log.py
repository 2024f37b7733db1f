"""Proof that erasures were carried out, without the person's identity."""

import json
from datetime import timedelta
from typing import NamedTuple

from conversation_service.domain.model.consent import Erasure
from conversation_service.store.keyspace.timestamps import from_ms, to_ms
from conversation_service.store.records.conversation import dumps
from conversation_service.store.storage import Storage

# As long as anybody may have to prove an erasure: such claims lapse after three years in much of
# Europe and the United States.
ERASURE_LIFETIME = timedelta(days=3 * 365)

VERSION = 1


class RecordedErasure(NamedTuple):
    """An erasure, and the fingerprint of the request for it."""

    erasure: Erasure
    fingerprint: str


class ErasureLog:
    """The erasures of the whole deployment."""

    def __init__(self, storage: Storage) -> None:
        self._redis = storage.redis
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
        _, ms, conversations, texts, fingerprint = json.loads(stored)
        return RecordedErasure(Erasure(erasure_id, from_ms(ms), conversations, texts), fingerprint)

    async def add(self, erasure: Erasure, fingerprint: str) -> None:
        """Keeps the first record of an id."""
        counts = (erasure.conversations, erasure.texts)
        stored = dumps([VERSION, to_ms(erasure.time), *counts, fingerprint])
        key = self._keys.erasure(erasure.erasure_id)
        await self._redis.set(key, stored, px=ERASURE_LIFETIME, nx=True)
