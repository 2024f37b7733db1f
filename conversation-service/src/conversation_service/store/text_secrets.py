"""Finds the keys under which texts of conversations were sealed."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from redis.asyncio import Redis

from conversation_service.store import text_keys
from conversation_service.store.keys import Keys
from conversation_service.store.seals import Seals
from conversation_service.store.vault import Vault

# Each conversation's secrets: of its present life, and of those that ended a short while ago.
Secrets = Mapping[str, Sequence[bytes]]


class TextSecrets:
    """Those of one pool."""

    def __init__(self, redis: Redis, pool: str, vault: Vault) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._seals = Seals(self._keys, vault)

    async def of(self, sealed: Iterable[bytes]) -> Secrets:
        """What it takes to open these, in one round trip; none if none is under such a key."""
        names = sorted({name for one in sealed if (name := text_keys.conversation_of(one))})
        pipeline = self._redis.pipeline(transaction=False)
        for name in names:
            # In this order a conversation that ends in between is found in both, not in neither.
            pipeline.get(self._keys.conversation(name))
            pipeline.lrange(self._keys.text_secrets(name), 0, -1)
        found = await pipeline.execute() if names else []
        stored = zip(names, found[::2], found[1::2], strict=True)
        return {name: self._opened(name, one, ended) for name, one, ended in stored}

    def _opened(self, name: str, conversation: bytes | None, ended: list[bytes]) -> list[bytes]:
        """What somebody damaged is left out: its texts cannot be read, and others can."""
        secrets = []
        with suppress(InvalidTag):
            found = self._seals.opened_conversation(name, conversation)
            secrets += [found.text_secret] if found else []
        for one in ended:
            with suppress(InvalidTag):
                secrets.append(self._seals.opened_text(one, self._keys.text_secrets(name)))
        return secrets
