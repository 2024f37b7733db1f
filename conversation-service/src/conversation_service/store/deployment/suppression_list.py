"""The suppression list: people who want no messages from any pool of the deployment."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

import structlog
from redis.asyncio import Redis

from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.store.deployment.state_directory import KnownConsent, StateDirectory
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.people import mark_changed
from conversation_service.store.records.payloads import decode_opt_out, encode_opt_out

log = structlog.get_logger()


class SuppressionList:
    """Opt-outs by person id; they outlive every conversation, and a restored copy of Redis."""

    def __init__(self, redis: Redis, directory: StateDirectory | None = None) -> None:
        """`directory` keeps what changes outside Redis too."""
        self._redis = redis
        self._directory = directory or StateDirectory(None)
        self._keys = DeploymentKeys()

    async def find(self, person_ids: Sequence[str]) -> dict[str, OptOut]:
        """The opt-outs among these people."""
        if not person_ids:
            return {}
        keys = [self._keys.opt_out(person_id) for person_id in person_ids]
        values = cast("list[bytes | None]", await self._redis.mget(keys))
        stored = zip(person_ids, values, strict=True)
        return {person_id: decode_opt_out(value) for person_id, value in stored if value}

    async def add(self, person_id: str, opt_out: OptOut) -> bool:
        """Keeps the first opt-out, with the command that caused it, until it is removed.

        Returns whether the person was not opted out.
        """
        key = self._keys.opt_out(person_id)
        await self.announce(person_id)
        is_new = bool(await self._redis.set(key, encode_opt_out(opt_out), nx=True))
        if is_new:
            await self.keep(KnownConsent(opt_out.time, person_id, opt_out.source, opts_in=False))
        return is_new

    async def announce(self, *person_ids: str) -> None:
        """Comes before new opt-outs: from then on, replicas ask for them."""
        await mark_changed(self._redis, person_ids)

    async def disconnect(self, person_id: str, cause: str) -> None:
        """Replaces the hashed id of what caused an opt-out, which stays without its note."""
        opt_out = (await self.find([person_id])).get(person_id)
        if opt_out is not None:
            stored = encode_opt_out(replace(opt_out, cause=cause, note=""))
            await self._redis.set(self._keys.opt_out(person_id), stored, xx=True)

    async def remove(self, person_id: str, now: datetime) -> None:
        """The person wants messages again."""
        if await self._redis.delete(self._keys.opt_out(person_id)):
            await self.keep(KnownConsent(now, person_id, OptOutSource.TEXT, opts_in=True))

    async def keep(self, *consents: KnownConsent) -> None:
        """Keeps outside Redis what has changed in it, unless the disk is full or fails."""
        try:
            await asyncio.to_thread(self._directory.add, *consents)
        except OSError as error:
            log.warning("state_directory_failed", error=type(error).__name__)
