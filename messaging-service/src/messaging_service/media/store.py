"""Files kept in Redis for a short time, and what became of each file of a text."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from redis.asyncio import Redis

from messaging_service.media.policy import FileOutcome, FileStatus
from messaging_service.media.urls import MediaUrls, seal, storage_id, unseal
from messaging_service.model.media import Media
from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from runtime.redis.scripts import Command

# The carrier fetches a file when it takes the text, and its own second tries are over well within
# an hour; a text that is tried again later offers its files anew.
KEEP_MS = 60 * 60 * 1000


class MediaStore:
    """Every method raises BackendUnavailable when Redis does not answer, and may be repeated."""

    def __init__(self, redis: Redis, addresses: MediaUrls) -> None:
        self._scripts = Scripts(redis)
        self._addresses = addresses

    async def fates(self, message_id: str) -> dict[int, FileOutcome]:
        """What is known of a text's files, by position. Kept files are kept for an hour more."""
        [record] = await self._scripts.run(("GET", keys.media(message_id)))
        fates = _decoded(cast("bytes | None", record))
        kept = [at for at, fate in fates.items() if fate.verdict is FileStatus.KEPT]
        if not kept:
            return fates
        tokens = [(at, token) for at in kept for token in self._addresses.tokens(message_id, at)]
        extend = (("PEXPIRE", keys.media_file(storage_id(token)), KEEP_MS) for _, token in tokens)
        replies = await self._scripts.run(*extend, _record(message_id, fates))
        there = [one for one, is_there in zip(tokens, replies, strict=False) if is_there]
        # The current key's comes last and so counts, should a file lie under two of them.
        found = dict(reversed(there))
        kept_ones = {at: replace(fates[at], token=token) for at, token in found.items()}
        return {at: fate for at, fate in fates.items() if at not in kept} | kept_ones

    async def note(self, message_id: str, fates: Mapping[int, FileOutcome]) -> None:
        """Remembers what became of a text's files so far."""
        await self._scripts.run(_record(message_id, fates))

    async def keep(self, message_id: str, position: int, media: Media) -> str:
        """Keeps a file, for whoever has its address; answers the token of that."""
        token, *_ = self._addresses.tokens(message_id, position)
        key = keys.media_file(storage_id(token))
        await self._scripts.run(("SET", key, seal(media, token), "PX", KEEP_MS))
        return token

    async def get(self, token: str) -> Media | None:
        """The file that the token opens, None when it is not kept."""
        [sealed] = await self._scripts.run(("GET", keys.media_file(storage_id(token))))
        return unseal(sealed, token) if isinstance(sealed, bytes) else None


def _record(message_id: str, fates: Mapping[int, FileOutcome]) -> Command:
    record = {at: (fate.verdict, fate.number, fate.content_type) for at, fate in fates.items()}
    return ("SET", keys.media(message_id), json.dumps(record), "PX", KEEP_MS)


def _decoded(record: bytes | None) -> dict[int, FileOutcome]:
    if record is None:
        return {}
    fields: dict[str, tuple[str, int, str]] = json.loads(record)
    return {
        int(at): FileOutcome(FileStatus(verdict), number, content_type)
        for at, (verdict, number, content_type) in fields.items()
    }
