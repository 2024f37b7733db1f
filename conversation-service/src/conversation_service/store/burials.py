"""Texts of the outbox as the dead letters keep them."""

from collections.abc import Mapping, Sequence
from typing import cast

from redis.asyncio import Redis

from conversation_service.store.keys import Keys
from conversation_service.store.owed import DAMAGED, OwedReader
from conversation_service.store.text_keys import conversation_of
from conversation_service.store.text_secrets import Secrets, TextSecrets
from conversation_service.store.vault import Vault

Fields = Mapping[bytes, bytes]
Entry = tuple[bytes, Fields]


class Burials:
    """A dead letter outlives the secret of its conversation: its text goes under the state key."""

    def __init__(self, redis: Redis, pool: str, vault: Vault) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._vault = vault
        self._owed = OwedReader(pool, vault)
        self._secrets = TextSecrets(redis, pool, vault)

    async def texts(self, entry_ids: Sequence[str]) -> dict[str, bytes]:
        """The texts that are sealed anew, by their entries; without those that stay as they are."""
        if not entry_ids:
            return {}
        pipeline = self._redis.pipeline(transaction=False)
        for entry_id in entry_ids:
            pipeline.xrange(self._keys.outbox, min=entry_id, max=entry_id)
        found = cast("list[list[Entry]]", await pipeline.execute())
        entries = [entry for entries in found for entry in entries if _is_of_conversation(entry)]
        secrets = await self._secrets.of(fields[b"text"] for _, fields in entries)
        sealed = (
            (entry_id.decode(), self._sealed(fields, secrets)) for entry_id, fields in entries
        )
        return {entry_id: text for entry_id, text in sealed if text}

    def _sealed(self, fields: Fields, secrets: Secrets) -> bytes:
        """Nothing for what is damaged: it is kept as it is."""
        try:
            plain = self._owed.plain(fields, secrets)
        except DAMAGED:
            return b""
        return self._vault.seal(plain, self._keys.message(fields[b"message"].decode()))


def _is_of_conversation(entry: Entry) -> bool:
    _, fields = entry
    return conversation_of((fields or {}).get(b"text", b"")) != ""
