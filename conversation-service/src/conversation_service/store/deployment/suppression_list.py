"""The suppression list: who in the whole deployment wants no texts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from redis.asyncio import Redis

from conversation_service.domain.model.consent import OptOut
from conversation_service.store.keyspace.keys import DeploymentKeys
from conversation_service.store.records.payloads import decode_opt_out, encode_opt_out


class SuppressionList:
    """Names people by the hash that is the same in all pools; it outlives every conversation."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._keys = DeploymentKeys()

    async def find(self, person_ids: Sequence[str]) -> dict[str, OptOut]:
        """The opt-outs among these people."""
        if not person_ids:
            return {}
        found = await self._redis.mget([self._keys.opt_out(one) for one in person_ids])
        stored = zip(person_ids, cast("list[bytes | None]", found), strict=True)
        return {person_id: decode_opt_out(one) for person_id, one in stored if one}

    async def add(self, person_id: str, opt_out: OptOut) -> None:
        """Keeps the first opt-out, with the intent that told of it, until it is taken back."""
        await self._redis.set(self._keys.opt_out(person_id), encode_opt_out(opt_out), nx=True)

    async def disconnect(self, person_id: str, intent_id: str) -> None:
        """The opt-out stands, and no longer names the text or request that first told of it."""
        found = (await self.find([person_id])).get(person_id)
        if found is not None:
            stored = encode_opt_out(replace(found, intent_id=intent_id))
            await self._redis.set(self._keys.opt_out(person_id), stored, xx=True)

    async def remove(self, person_id: str) -> None:
        """The person wants texts again."""
        await self._redis.delete(self._keys.opt_out(person_id))
