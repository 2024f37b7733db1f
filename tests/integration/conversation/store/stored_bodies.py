"""Everything sealed that people wrote, and whether it still lies in Redis."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis.asyncio import Redis

from conversation_service.store.encryption import conversation_keys as text_keys
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import parse_key
from support.marker_search import everything

# What words are sealed for: an owed or dead text for its message, a held one for its list.
WITH_WORDS = ("message", "held")


class StoredWords:
    """Remembers all words that were sealed, each as it was written to Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._sealed: dict[bytes, str] = {}

    @contextmanager
    def remembered(self) -> Iterator[None]:
        """What is sealed meanwhile, under the state key or a conversation's secret."""
        of_conversation, of_vault = text_keys.encrypt, Cipher.encrypt

        def seal_text(plain: bytes, record: str, conversation_id: str, secret: bytes) -> bytes:
            return self._noted(of_conversation(plain, record, conversation_id, secret), record)

        def seal(vault: Cipher, plain: bytes, record: str) -> bytes:
            return self._noted(of_vault(vault, plain, record), record)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(text_keys, "encrypt", seal_text)
            patch.setattr(Cipher, "encrypt", seal)
            yield

    async def kept(self) -> set[str]:
        """The records whose words lie somewhere in Redis, whatever the key."""
        stored = [one async for _, one in everything(self._redis)]
        words = self._sealed.items()
        return {record for sealed, record in words if any(sealed in one for one in stored)}

    async def lie_there(self) -> None:
        """What is never found while it is there would not be missed later."""
        assert await self.kept()

    def _noted(self, sealed: bytes, record: str) -> bytes:
        if parse_key(record).kind in WITH_WORDS:
            self._sealed[sealed] = record
        return sealed
