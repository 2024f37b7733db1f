"""Stores encrypted files in Redis for a short time, and the outcome of each file of a message."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from redis.asyncio import Redis

from messaging_service.media.policy import FileOutcome, FileStatus
from messaging_service.media.urls import MediaUrls, decrypt, encrypt, storage_id
from messaging_service.model.media import Media
from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from runtime.redis.scripts import Command

# The carrier fetches a file when it accepts the message, and retries for less than an hour. A
# message that is sent again later stores its files anew.
KEEP_MS = 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class MediaProgress:
    """The outcomes of a message's files by position, and how often the others were tried."""

    outcomes: Mapping[int, FileOutcome]
    tries: int = 0


class MediaStore:
    """Every method raises BackendUnavailable if Redis does not answer, and may be repeated."""

    def __init__(self, redis: Redis, urls: MediaUrls) -> None:
        self._scripts = Scripts(redis)
        self._urls = urls

    async def progress(self, message_id: str) -> MediaProgress:
        """What is stored about a message's files. Kept files are kept for an hour more."""
        [stored] = await self._scripts.run(("GET", keys.media(message_id)))
        progress = _decode(cast("bytes | None", stored))
        outcomes = progress.outcomes
        kept = [
            position for position, outcome in outcomes.items() if outcome.status is FileStatus.KEPT
        ]
        if not kept:
            return progress
        tokens = await self._extend(message_id, kept, progress)
        present = {
            position: replace(outcomes[position], token=token) for position, token in tokens.items()
        }
        others = {
            position: outcome for position, outcome in outcomes.items() if position not in kept
        }
        return replace(progress, outcomes=others | present)

    async def record(self, message_id: str, progress: MediaProgress) -> None:
        """Stores the progress so far."""
        await self._scripts.run(_set_progress(message_id, progress))

    async def put(self, message_id: str, position: int, media: Media) -> str:
        """Stores a file; returns the token of its URL."""
        token, *_ = self._urls.tokens(message_id, position)
        key = keys.media_file(storage_id(token))
        await self._scripts.run(("SET", key, encrypt(media, token), "PX", KEEP_MS))
        return token

    async def get(self, token: str) -> Media | None:
        """The file of the token; None if it is not stored."""
        [stored] = await self._scripts.run(("GET", keys.media_file(storage_id(token))))
        return decrypt(stored, token) if isinstance(stored, bytes) else None

    async def _extend(
        self, message_id: str, positions: list[int], progress: MediaProgress
    ) -> dict[int, str]:
        """The tokens, by position, of the files that are still stored, for an hour from now."""
        candidates = [
            (position, token)
            for position in positions
            for token in self._urls.tokens(message_id, position)
        ]
        extend = (
            ("PEXPIRE", keys.media_file(storage_id(token)), KEEP_MS) for _, token in candidates
        )
        replies = await self._scripts.run(*extend, _set_progress(message_id, progress))
        stored = [candidate for candidate, reply in zip(candidates, replies, strict=False) if reply]
        # The current key's token is the first of a position, so it wins over those of former keys.
        return dict(reversed(stored))


def _set_progress(message_id: str, progress: MediaProgress) -> Command:
    outcomes = {
        position: (outcome.status, outcome.size_bytes, outcome.content_type)
        for position, outcome in progress.outcomes.items()
    }
    value = json.dumps({"outcomes": outcomes, "tries": progress.tries})
    return ("SET", keys.media(message_id), value, "PX", KEEP_MS)


def _decode(stored: bytes | None) -> MediaProgress:
    if stored is None:
        return MediaProgress({})
    value = json.loads(stored)
    outcomes: dict[str, tuple[str, int, str]] = value["outcomes"]
    return MediaProgress(
        {
            int(position): FileOutcome(FileStatus(status), size_bytes, content_type)
            for position, (status, size_bytes, content_type) in outcomes.items()
        },
        value["tries"],
    )
