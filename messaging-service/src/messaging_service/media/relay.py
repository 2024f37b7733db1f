"""Where files wait between the sender's carrier and the recipient's."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog
from redis.asyncio import Redis

from messaging_service.config.settings import Settings
from messaging_service.media.fetch import FetchFailed, MediaFetcher
from messaging_service.media.file_types import ENDINGS
from messaging_service.media.policy import (
    DROPPED,
    REFUSED,
    FileOutcome,
    FileStatus,
    rejected_unfetched,
    sanitize,
    size_budget,
)
from messaging_service.media.store import MediaStore
from messaging_service.media.urls import MediaUrls, token_in
from messaging_service.model.errors import MediaNotFound
from messaging_service.model.media import Media, MediaUnavailable, Prepared, UnsupportedFile
from messaging_service.model.media_origins import origins
from messaging_service.model.message import OutboundMessage

log = structlog.get_logger()

# All files of a text; what has come by then is kept, and the next try fetches what is missing.
PREPARE_SECONDS = 20.0

# A store that stumbles is well again after this.
RETRY_AFTER = timedelta(seconds=5)

# With growing pauses between them some five minutes; presigned addresses do not live for ever.
TRIES_LIMIT = 10

# Each may hold 15 MB before it is worked on.
FILES_AT_ONCE = 8

# Each may hold 400 MB for a second while a picture is worked on.
WORKERS = 2


class MediaRelay:
    """Fetches, strips, keeps and hands out the files of texts; used as `async with`."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._allowed = origins(settings.media_origins)
        self._public_url = settings.public_url
        self._store = MediaStore(redis, MediaUrls(*settings.ledger_keys))
        self._fetcher = MediaFetcher(settings.media_timeout_seconds, FILES_AT_ONCE)
        self._places = asyncio.Semaphore(FILES_AT_ONCE)
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="pictures")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._fetcher.__aexit__(kind, error, trace)
        self._workers.shutdown(wait=False, cancel_futures=True)

    async def prepare(self, text: OutboundMessage) -> Prepared:
        """Brings the files of a text to where the carrier can fetch them.

        The same text gets the same addresses again, and only what is missing is fetched. It takes
        PREPARE_SECONDS at most. Raises MediaUnavailable when a file may come later, and
        BackendUnavailable.
        """
        if not text.attachments:
            return Prepared((), refused=0)
        try:
            async with asyncio.timeout(PREPARE_SECONDS):
                fates = await self._fates(text)
        except TimeoutError:
            raise MediaUnavailable(RETRY_AFTER) from None
        if any(fate.verdict is FileStatus.TRIED for fate in fates.values()):
            raise MediaUnavailable(RETRY_AFTER)
        return self._prepared(fates)

    async def get(self, token: str) -> Media:
        """The file at an address, by its last part.

        Raises MediaNotFound for whatever is not kept, and BackendUnavailable.
        """
        known = token_in(token)
        media = await self._store.get(known) if known else None
        if media is None:
            raise MediaNotFound
        return media

    async def _fates(self, text: OutboundMessage) -> dict[int, FileOutcome]:
        fates = {
            **await self._store.fates(text.message_id),
            **rejected_unfetched(text, self._allowed),
        }
        for position in range(len(text.attachments)):
            known = fates.pop(position, None)
            if known is None or known.verdict is FileStatus.TRIED:
                tries = known.number if known else 0
                known = await self._brought(text, position, fates, tries)
                await self._store.note(text.message_id, {**fates, position: known})
            fates[position] = known
        return fates

    async def _brought(
        self, text: OutboundMessage, position: int, others: dict[int, FileOutcome], tries: int
    ) -> FileOutcome:
        """What becomes of a file that was tried so often before."""
        try:
            async with self._places:
                return await self._keep(text, position, others)
        except UnsupportedFile as unfit:
            log.warning("file_refused", message_id=text.message_id, file=position, why=str(unfit))
            return REFUSED
        except FetchFailed as failed:
            log.warning(
                "file_not_fetched", message_id=text.message_id, file=position, why=str(failed)
            )
            return FileOutcome(FileStatus.TRIED, tries + 1) if tries + 1 < TRIES_LIMIT else REFUSED

    async def _keep(
        self, text: OutboundMessage, position: int, others: dict[int, FileOutcome]
    ) -> FileOutcome:
        attachment = text.attachments[position]
        content = await self._fetcher.fetch(attachment.url)
        media = await asyncio.get_running_loop().run_in_executor(
            self._workers,
            sanitize,
            *(content, attachment.content_type),
            *(text.attachment_policy, size_budget(text, others)),
        )
        if media is None:
            return DROPPED
        token = await self._store.keep(text.message_id, position, media)
        return FileOutcome(FileStatus.KEPT, len(media.content), media.content_type, token)

    def _prepared(self, fates: dict[int, FileOutcome]) -> Prepared:
        urls = (
            self._url(fate) for _, fate in sorted(fates.items()) if fate.verdict is FileStatus.KEPT
        )
        refused = sum(fate.verdict is FileStatus.REFUSED for fate in fates.values())
        return Prepared(tuple(urls), refused)

    def _url(self, kept: FileOutcome) -> str:
        # Flowroute lists what it takes by endings, and phones name what they save after them.
        return f"{self._public_url}/media/{kept.token}.{ENDINGS[kept.content_type]}"
