"""Relays files: fetches, sanitizes and stores them, and serves them to the carrier."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog
from redis.asyncio import Redis

from messaging_service.config.settings import Settings
from messaging_service.media.fetch import FetchFailed, MediaFetcher
from messaging_service.media.file_types import EXTENSIONS, words_of
from messaging_service.media.policy import (
    DROPPED,
    REFUSED,
    FileOutcome,
    FileStatus,
    rejected_unfetched,
    sanitize,
    size_budget,
    stored_status,
    with_words,
)
from messaging_service.media.store import MediaStore
from messaging_service.media.urls import MediaUrls, token_of
from messaging_service.model.errors import MediaNotFound
from messaging_service.model.media import TEXT, Media, MediaUnavailable, Prepared, UnsupportedFile
from messaging_service.model.media_origins import parse_origins
from messaging_service.model.message import OutboundMessage

log = structlog.get_logger()

# For all files of a message. Files that are ready are kept, and the next try fetches the others.
PREPARE_SECONDS = 20.0

# Most faults of the carrier's store are over after this.
RETRY_AFTER = timedelta(seconds=5)

# With growing delays some five minutes; presigned URLs expire.
TRIES_LIMIT = 10

# Each may need 15 MB before it is sanitized.
CONCURRENT_FILES = 8

# Each may need 400 MB for a second while it re-encodes a picture.
WORKERS = 2


class MediaRelay:
    """Used as `async with`."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._allowed = parse_origins(settings.media_origins)
        self._public_url = settings.public_url
        self._store = MediaStore(redis, MediaUrls(*settings.ledger_keys))
        self._fetcher = MediaFetcher(settings.media_timeout_seconds, CONCURRENT_FILES)
        self._slots = asyncio.Semaphore(CONCURRENT_FILES)
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

    async def prepare(self, message: OutboundMessage) -> Prepared:
        """Stores the files of a message where the carrier can fetch them.

        A repeated message gets the same URLs, and only missing files are fetched. Takes
        PREPARE_SECONDS at most. Raises MediaUnavailable if a file may be available later, and
        BackendUnavailable.
        """
        if not message.attachments:
            return Prepared((), 0, message.body)
        try:
            async with asyncio.timeout(PREPARE_SECONDS):
                outcomes = await self._outcomes(message)
        except TimeoutError:
            raise MediaUnavailable(RETRY_AFTER) from None
        if any(outcome.status is FileStatus.TRIED for outcome in outcomes.values()):
            raise MediaUnavailable(RETRY_AFTER)
        return await self._prepared(message, outcomes)

    async def get(self, path: str) -> Media:
        """The file whose URL ends with this path.

        Raises MediaNotFound if there is none, and BackendUnavailable.
        """
        token = token_of(path)
        media = await self._store.get(token) if token else None
        if media is None:
            raise MediaNotFound
        return media

    async def _outcomes(self, message: OutboundMessage) -> dict[int, FileOutcome]:
        outcomes = {
            **await self._store.outcomes(message.message_id),
            **rejected_unfetched(message, self._allowed),
        }
        for position in range(len(message.attachments)):
            outcome = outcomes.pop(position, None)
            if outcome is None or outcome.status is FileStatus.TRIED:
                tries = outcome.number if outcome else 0
                outcome = await self._fetch_or_retry(message, position, outcomes, tries)
                await self._store.record(message.message_id, {**outcomes, position: outcome})
            outcomes[position] = outcome
        return outcomes

    async def _fetch_or_retry(
        self, message: OutboundMessage, position: int, others: dict[int, FileOutcome], tries: int
    ) -> FileOutcome:
        """The outcome of one more try after `tries` failed ones."""
        try:
            async with self._slots:
                return await self._fetch_and_store(message, position, others)
        except UnsupportedFile as error:
            log.warning(
                "file_refused", message_id=message.message_id, file=position, why=str(error)
            )
            return REFUSED
        except FetchFailed as error:
            log.warning(
                "file_not_fetched", message_id=message.message_id, file=position, why=str(error)
            )
            return FileOutcome(FileStatus.TRIED, tries + 1) if tries + 1 < TRIES_LIMIT else REFUSED

    async def _fetch_and_store(
        self, message: OutboundMessage, position: int, others: dict[int, FileOutcome]
    ) -> FileOutcome:
        attachment = message.attachments[position]
        content = await self._fetcher.fetch(attachment.url)
        media = await asyncio.get_running_loop().run_in_executor(
            self._workers,
            sanitize,
            *(content, attachment.content_type),
            *(message.attachment_policy, size_budget(message, others)),
        )
        if media is None or _repeats(media, message.body):
            return DROPPED
        status = stored_status(media, message)
        token = await self._store.put(message.message_id, position, media)
        return FileOutcome(status, len(media.content), media.content_type, token)

    async def _prepared(
        self, message: OutboundMessage, outcomes: dict[int, FileOutcome]
    ) -> Prepared:
        in_order = [outcome for _, outcome in sorted(outcomes.items())]
        urls = (self._url(outcome) for outcome in in_order if outcome.status is FileStatus.KEPT)
        refused = sum(outcome.status is FileStatus.REFUSED for outcome in in_order)
        words = [
            media.content
            for outcome in in_order
            if outcome.status is FileStatus.WORDS
            if (media := await self._store.get(outcome.token))
        ]
        return Prepared(tuple(urls), refused, with_words(message.body, words))

    def _url(self, kept: FileOutcome) -> str:
        # Flowroute detects types by the extension, and phones name saved files after it.
        return f"{self._public_url}/media/{kept.token}.{EXTENSIONS[kept.content_type]}"


def _repeats(media: Media, body: str) -> bool:
    """Whether it is a text part with the words of the body."""
    return media.content_type == TEXT and words_of(media.content, TEXT) == body.strip()
