"""Relays files: fetches, sanitizes and stores them, and serves them to the carrier."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog
from redis.asyncio import Redis

from messaging_service.config.settings import Settings
from messaging_service.media.decoder import PictureDecoder
from messaging_service.media.fetch import FetchFailed, MediaFetcher
from messaging_service.media.file_types import EXTENSIONS, is_picture
from messaging_service.media.policy import (
    DROPPED,
    REFUSED,
    FileOutcome,
    FileStatus,
    rejected_unfetched,
    sanitize,
    size_budget,
    text_part,
)
from messaging_service.media.store import MediaProgress, MediaStore
from messaging_service.media.urls import MediaUrls, token_of
from messaging_service.model.errors import MediaNotFound, MediaUnavailable, MessagingError
from messaging_service.model.media import (
    FetchedText,
    FileTooLarge,
    Media,
    Prepared,
    TextOutcome,
    UnsupportedFile,
)
from messaging_service.model.media_origins import is_allowed, parse_origins
from messaging_service.model.message import BODY_LIMIT, OutboundMessage

log = structlog.get_logger()

# For all files of a message. Files that are ready are kept, and the next try fetches the others.
PREPARE_SECONDS = 20.0

# Most faults of the carrier's store are over after this.
RETRY_AFTER = timedelta(seconds=5)

# Of one message, whose sender's later texts wait. With growing delays five minutes, and eight if
# each try takes PREPARE_SECONDS; presigned URLs expire.
TRIES_LIMIT = 10

# Each may need 15 MB before it is sanitized.
CONCURRENT_FILES = 8

# A callback waits for it, within the gateway's 8 seconds.
TEXT_SECONDS = 3.0

# Small, and apart from files: pictures that take long must not delay words. One person takes one.
CONCURRENT_TEXTS = 32

# The longest body in UTF-8, with a byte order mark and white space around it. More is a file.
TEXT_LIMIT_BYTES = 4 * BODY_LIMIT + 1000


class MediaRelay:
    """Used as `async with`."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._allowed = parse_origins(settings.media_origins)
        self._public_url = settings.public_url
        self._store = MediaStore(redis, MediaUrls(*settings.ledger_keys))
        self._fetcher = MediaFetcher(settings.media_timeout_seconds, CONCURRENT_FILES)
        self._text_fetcher = MediaFetcher(TEXT_SECONDS, CONCURRENT_TEXTS, TEXT_LIMIT_BYTES)
        self._slots = asyncio.Semaphore(CONCURRENT_FILES)
        self._decoder = PictureDecoder()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._fetcher.__aexit__(kind, error, trace)
        await self._text_fetcher.__aexit__(kind, error, trace)

    async def prepare(self, message: OutboundMessage) -> Prepared:
        """Stores the files of a message where the carrier can fetch them.

        A repeated message gets the same URLs, and only missing files are fetched. Takes
        PREPARE_SECONDS at most. Raises MediaUnavailable if a file may be available later, and
        BackendUnavailable.
        """
        if not message.attachments:
            return Prepared((), 0)
        try:
            async with asyncio.timeout(PREPARE_SECONDS):
                outcomes = await self._outcomes(message)
        except TimeoutError:
            raise MediaUnavailable(RETRY_AFTER) from None
        return self._prepared(outcomes)

    async def fetch_text(self, url: str) -> FetchedText:
        """The words of a text part of an inbound message."""
        if not is_allowed(url, self._allowed):
            return FetchedText(TextOutcome.GONE)
        try:
            return text_part(await self._text_fetcher.fetch(url))
        except FileTooLarge:
            return FetchedText(TextOutcome.FILE)
        except UnsupportedFile as error:
            outcome, why = TextOutcome.GONE, str(error)
        except FetchFailed as error:
            outcome, why = TextOutcome.UNAVAILABLE, str(error)
        log.warning("text_not_fetched", outcome=outcome, why=why)
        return FetchedText(outcome)

    async def get(self, path: str) -> Media:
        """The file whose URL ends with this path.

        Raises MediaNotFound if there is none, and BackendUnavailable.
        """
        token = token_of(path)
        media = await self._store.get(token) if token else None
        if media is None:
            raise MediaNotFound
        return media

    async def _outcomes(self, message: OutboundMessage) -> Mapping[int, FileOutcome]:
        """The outcomes of all files. Raises MediaUnavailable if some have none yet."""
        progress = await self._store.progress(message.message_id)
        outcomes = {**progress.outcomes, **rejected_unfetched(message, self._allowed)}
        pending = [at for at in range(len(message.attachments)) if at not in outcomes]
        if not pending:
            return outcomes
        tries = progress.tries + 1
        if tries <= TRIES_LIMIT:
            # Before they are fetched, so that a try that takes too long or crashes counts.
            await self._store.record(message.message_id, MediaProgress(outcomes, tries))
            pending = await self._try_all(message, pending, outcomes, tries)
        if pending and tries < TRIES_LIMIT:
            raise MediaUnavailable(RETRY_AFTER)
        if pending:
            outcomes |= dict.fromkeys(pending, REFUSED)
            await self._store.record(message.message_id, MediaProgress(outcomes, tries))
        return outcomes

    async def _try_all(
        self,
        message: OutboundMessage,
        pending: list[int],
        outcomes: dict[int, FileOutcome],
        tries: int,
    ) -> list[int]:
        """Adds outcomes; returns the positions of files that could not be fetched."""
        # Another file is the first each time: one that hangs must not use up every try of others.
        first = (tries - 1) % len(pending)
        failed = []
        for position in pending[first:] + pending[:first]:
            outcome = await self._outcome(message, position, outcomes)
            if outcome is None:
                failed.append(position)
                continue
            outcomes[position] = outcome
            await self._store.record(message.message_id, MediaProgress(outcomes, tries))
        return failed

    async def _outcome(
        self, message: OutboundMessage, position: int, others: Mapping[int, FileOutcome]
    ) -> FileOutcome | None:
        """None for a file that cannot be fetched now."""
        try:
            return await self._fetch_and_store(message, position, others)
        except MessagingError:
            raise
        except FetchFailed as error:
            log.warning(
                "file_not_fetched", message_id=message.message_id, file=position, why=str(error)
            )
            return None
        except UnsupportedFile as error:
            why = str(error)
        except Exception as error:
            # Whatever one file causes must not fail the message: it could never be sent.
            why = type(error).__name__
        log.warning("file_refused", message_id=message.message_id, file=position, why=why)
        return REFUSED

    async def _fetch_and_store(
        self, message: OutboundMessage, position: int, others: Mapping[int, FileOutcome]
    ) -> FileOutcome:
        attachment = message.attachments[position]
        async with self._slots:
            content = await self._fetcher.fetch(attachment.url)
            media = await self._sanitize(message, content, attachment.content_type, others)
        if media is None:
            return DROPPED
        token = await self._store.put(message.message_id, position, media)
        return FileOutcome(FileStatus.KEPT, len(media.content), media.content_type, token)

    async def _sanitize(
        self,
        message: OutboundMessage,
        content: bytes,
        claimed: str,
        others: Mapping[int, FileOutcome],
    ) -> Media | None:
        policy, budget = message.attachment_policy, size_budget(message, others)
        if is_picture(content):
            return await self._decoder.strip_metadata(content, budget.picture)
        return sanitize(content, claimed, policy, budget)

    def _prepared(self, outcomes: Mapping[int, FileOutcome]) -> Prepared:
        in_order = [outcome for _, outcome in sorted(outcomes.items())]
        urls = (self._url(outcome) for outcome in in_order if outcome.status is FileStatus.KEPT)
        refused = sum(outcome.status is FileStatus.REFUSED for outcome in in_order)
        return Prepared(tuple(urls), refused)

    def _url(self, kept: FileOutcome) -> str:
        # Flowroute detects types by the extension, and phones name saved files after it.
        return f"{self._public_url}/media/{kept.token}.{EXTENSIONS[kept.content_type]}"
