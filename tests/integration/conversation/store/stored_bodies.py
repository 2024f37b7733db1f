"""The encrypted bodies of messages, and whether they are still stored."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis.asyncio import Redis

from conversation_service.store.encryption import conversation_keys
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import parse_key
from support.observation.marker_search import everything

# What words are sealed for: an owed or dead text for its message, a held one for its list.
WITH_WORDS = ("message", "held")


class StoredBodies:
    """Remembers all words that were sealed, each as it was written to Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._bodies: dict[bytes, str] = {}

    @contextmanager
    def remembered(self) -> Iterator[None]:
        """What is sealed meanwhile, under the state key or a conversation's secret."""
        of_conversation, of_cipher = conversation_keys.encrypt, Cipher.encrypt

        def encrypt_body(plain: bytes, record: str, conversation_id: str, secret: bytes) -> bytes:
            return self._remember(of_conversation(plain, record, conversation_id, secret), record)

        def seal(cipher: Cipher, plain: bytes, record: str) -> bytes:
            return self._remember(of_cipher(cipher, plain, record), record)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(conversation_keys, "encrypt", encrypt_body)
            patch.setattr(Cipher, "encrypt", seal)
            yield

    async def kept(self) -> set[str]:
        """The records whose words lie somewhere in Redis, whatever the key."""
        stored = [one async for _, one in everything(self._redis)]
        words = self._bodies.items()
        return {record for sealed, record in words if any(sealed in one for one in stored)}

    async def lie_there(self) -> None:
        """What is never found while it is there would not be missed later."""
        assert await self.kept()

    def _remember(self, sealed: bytes, record: str) -> bytes:
        if parse_key(record).kind in WITH_WORDS:
            self._bodies[sealed] = record
        return sealed
