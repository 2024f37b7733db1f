"""The deployment's blind-index key: created once, stored in Redis encrypted under the state key."""

import os
from typing import cast

from cryptography.exceptions import InvalidTag
from redis.asyncio import Redis

from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import KEY_BYTES
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys


class StateKeyMismatch(Exception):
    """The stored data cannot be used with the configured keys; the text says what to do."""


WRONG_KEY = (
    "the data in this Redis is encrypted with another key; set the key that it was started with, "
    "or list that key in CONVERSATION_FORMER_STATE_KEYS"
)

NO_BLIND_INDEX_KEY = (
    "this Redis holds pools, but not their blind-index key; restore Redis from a backup, or start "
    "with an empty one"
)


class BlindIndexKeyStore:
    """Loads the blind-index key into a cipher. All replicas get the same key."""

    def __init__(self, redis: Redis, cipher: Cipher) -> None:
        self._redis = redis
        self._cipher = cipher
        self._keys = DeploymentKeys()

    async def load(self) -> None:
        """Does nothing if the cipher is ready. Raises StateKeyMismatch."""
        if not self._cipher.is_ready:
            self._cipher.set_blind_index_key(await self._key())

    async def _key(self) -> bytes:
        # Pools first: a replica adds them only after the key is stored.
        has_pools = bool(await self._redis.exists(self._keys.pools))
        encrypted = await self._stored()
        if encrypted is None:
            if has_pools:
                raise StateKeyMismatch(NO_BLIND_INDEX_KEY)
            encrypted = await self._create()
        try:
            return self._cipher.decrypt(encrypted, self._keys.blind_index_key)
        except InvalidTag:
            raise StateKeyMismatch(WRONG_KEY) from None

    async def _stored(self) -> bytes | None:
        return cast("bytes | None", await self._redis.get(self._keys.blind_index_key))

    async def _create(self) -> bytes:
        """Another replica may be first; then its key is used."""
        encrypted = self._cipher.encrypt(os.urandom(KEY_BYTES), self._keys.blind_index_key)
        await self._redis.set(self._keys.blind_index_key, encrypted, nx=True)
        return await self._stored() or encrypted
