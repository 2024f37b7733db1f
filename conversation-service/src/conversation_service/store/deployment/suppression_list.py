"""The suppression list: people who want no messages from any pool of the deployment."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from redis.asyncio import Redis

from conversation_service.domain.model.consent import OptOut
from conversation_service.store.keyspace.keys import DeploymentKeys
from conversation_service.store.records.payloads import decode_opt_out, encode_opt_out


class SuppressionList:
    """Opt-outs by person id; they outlive every conversation."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._keys = DeploymentKeys()

    async def find(self, person_ids: Sequence[str]) -> dict[str, OptOut]:
        """The opt-outs among these people."""
        if not person_ids:
            return {}
        keys = [self._keys.opt_out(person_id) for person_id in person_ids]
        values = cast("list[bytes | None]", await self._redis.mget(keys))
        stored = zip(person_ids, values, strict=True)
        return {person_id: decode_opt_out(value) for person_id, value in stored if value}

    async def add(self, person_id: str, opt_out: OptOut) -> None:
        """Keeps the first opt-out, with the command that caused it, until it is removed."""
        await self._redis.set(self._keys.opt_out(person_id), encode_opt_out(opt_out), nx=True)

    async def disconnect(self, person_id: str, command_id: str) -> None:
        """Replaces the id of the message or request that caused an opt-out, which stays."""
        opt_out = (await self.find([person_id])).get(person_id)
        if opt_out is not None:
            stored = encode_opt_out(replace(opt_out, command_id=command_id))
            await self._redis.set(self._keys.opt_out(person_id), stored, xx=True)

    async def remove(self, person_id: str) -> None:
        """The person wants messages again."""
        await self._redis.delete(self._keys.opt_out(person_id))
