"""Which erasures there were: the proof that they were made, without a person."""

import json
from datetime import timedelta
from typing import NamedTuple

from redis.asyncio import Redis

from conversation_service.domain.model.consent import Erasure
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import DeploymentKeys
from conversation_service.store.keyspace.timestamps import from_ms, to_ms
from conversation_service.store.records.conversation import dumps

# As long as anybody may be asked to show that a wish was followed: claims of this kind lapse after
# three years in much of Europe and the United States.
ERASURE_LIFETIME = timedelta(days=3 * 365)

VERSION = 1


class RecordedErasure(NamedTuple):
    """An erasure, and what it was asked with."""

    erasure: Erasure
    fingerprint: str


class ErasureLog:
    """The whole deployment's."""

    def __init__(self, redis: Redis, vault: Cipher) -> None:
        self._redis = redis
        self._vault = vault
        self._keys = DeploymentKeys()

    def erasure_id(self, source: str, intent_id: str) -> str:
        """The same for the same intent."""
        return self._vault.blind("erasure", source, intent_id)

    def fingerprint(self, intent_id: str, person_id: str) -> str:
        """Tells whether an intent of the same name is the same; says nothing about the person."""
        return self._vault.blind("erased", intent_id, person_id)

    async def find(self, erasure_id: str) -> RecordedErasure | None:
        """One of them, while it is kept."""
        stored = await self._redis.get(self._keys.erasure(erasure_id))
        if not isinstance(stored, bytes):
            return None
        _, ms, conversations, texts, fingerprint = json.loads(stored)
        return RecordedErasure(Erasure(erasure_id, from_ms(ms), conversations, texts), fingerprint)

    async def add(self, erasure: Erasure, fingerprint: str) -> None:
        """The first of its id is kept."""
        counts = (erasure.conversations, erasure.texts)
        stored = dumps([VERSION, to_ms(erasure.time), *counts, fingerprint])
        key = self._keys.erasure(erasure.erasure_id)
        await self._redis.set(key, stored, px=ERASURE_LIFETIME, nx=True)
