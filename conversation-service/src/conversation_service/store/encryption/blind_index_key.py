"""The key under which a deployment's names are hashed: made once, and kept wrapped in Redis."""

import os
from typing import cast

from cryptography.exceptions import InvalidTag
from redis.asyncio import Redis

from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import KEY_BYTES, is_first_form
from conversation_service.store.keyspace.keys import DeploymentKeys, Keys


class StateKeyMismatch(Exception):
    """What is stored cannot be used with the keys that are set. Says what to do, and no secret."""


WRONG_KEY = (
    "what is in this Redis was sealed with another key; set the one that it was started with, or "
    "list that one in CONVERSATION_FORMER_STATE_KEYS"
)

NO_BLINDING_KEY = (
    "this Redis holds pools, but not the key under which their names are hashed; restore Redis "
    "from a backup, or begin anew with an empty one"
)


class BlindIndexKeyStore:
    """Gives a vault the blinding key. All replicas get the same one, whichever comes first."""

    def __init__(self, redis: Redis, vault: Cipher) -> None:
        self._redis = redis
        self._vault = vault
        self._keys = DeploymentKeys()

    async def unlock(self) -> None:
        """Does nothing if the vault is not locked. Raises KeyLost."""
        if self._vault.is_locked:
            self._vault.unlock(await self._blinding_key())

    async def _blinding_key(self) -> bytes:
        # The pools first: a replica writes them only after the key is there.
        settings = await self._pool_settings()
        wrapped = await self._stored() or await self._made(settings)
        try:
            return self._vault.open(wrapped, self._keys.blinding_key)
        except InvalidTag:
            raise StateKeyMismatch(WRONG_KEY) from None

    async def _stored(self) -> bytes | None:
        return cast("bytes | None", await self._redis.get(self._keys.blinding_key))

    async def _made(self, settings: tuple[str, bytes] | None) -> bytes:
        """Another replica may be first, and then it is that one's key."""
        blinding_key = self._derived(*settings) if settings else os.urandom(KEY_BYTES)
        wrapped = self._vault.seal(blinding_key, self._keys.blinding_key)
        await self._redis.set(self._keys.blinding_key, wrapped, nx=True)
        return await self._stored() or wrapped

    def _derived(self, record: str, sealed: bytes) -> bytes:
        """Up to the first form of sealing there was no key of its own for names."""
        key = self._vault.ring.key_of(sealed, record)
        if key is None:
            raise StateKeyMismatch(WRONG_KEY)
        if not is_first_form(sealed):
            raise StateKeyMismatch(NO_BLINDING_KEY)
        return key.blinding_key

    async def _pool_settings(self) -> tuple[str, bytes] | None:
        """The sealed settings of any pool, and their record; None before there is a pool."""
        for name in cast("set[bytes]", await self._redis.smembers(self._keys.pools)):
            record = Keys(name.decode()).settings
            stored = await self._redis.get(record)
            if isinstance(stored, bytes):
                return record, stored.partition(b"\n")[2]
        return None
