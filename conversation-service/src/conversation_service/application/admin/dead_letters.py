"""Dead letters: list, replay one or many, discard."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.application.restore_guard import IsOpen
from conversation_service.domain.errors import (
    ConversationError,
    DeadLetterNotFound,
    DeadLetterUnreadable,
    RestorePending,
)
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.store.outbox.dead_letters import DeadLetter, DeadLetters
from conversation_service.store.outbox.replay_selections import (
    ReplayRequest,
    ReplaySelections,
    Selection,
)
from runtime.clock import Clock

# One round trip each.
PAGE = 500

# Dead letters that one request examines: 10,000, which take a second.
MAX_PAGES = 20


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """A page of dead letters; `next_token` is empty on the last one."""

    letters: list[DeadLetter]
    next_token: str


class ReplayResult(NamedTuple):
    """What came of one of several dead letters: the id of its message, or the refusal."""

    dead_letter_id: str
    outcome: str | ConversationError


@dataclass(frozen=True, slots=True)
class ReplayedBatch:
    """One result for each chosen dead letter; `next_token` is empty at the end."""

    results: list[ReplayResult]
    next_token: str


class DeadLetterAdmin:
    """The dead letters of all pools. A repeated request id gets the first response."""

    def __init__(
        self,
        directory: PoolDirectory,
        dead_letters_of: Callable[[str], DeadLetters],
        selections_of: Callable[[str], ReplaySelections],
        clock: Clock,
        is_open: IsOpen,
    ) -> None:
        """Changes nothing unless `is_open`. `dead_letters_of` and `selections_of` return those of a
        pool by its name."""
        self._directory = directory
        self._dead_letters_of = dead_letters_of
        self._selections_of = selections_of
        self._clock = clock
        self._is_open = is_open

    async def page(self, pool: str, size: int, token: str) -> DeadLetterPage:
        """Oldest first, after the id `token`. Raises PoolNotFound."""
        context = await self._directory.by_name(pool)
        letters = await self._dead_letters_of(context.name).page(size + 1, token)
        page = letters[:size]
        return DeadLetterPage(page, page[-1].dead_letter_id if len(letters) > size else "")

    async def replay(self, pool: str, request_id: str, dead_letter_id: str) -> str:
        """Returns the message to the outbox; returns its id.

        Raises PoolNotFound, DeadLetterNotFound, DeadLetterUnreadable, RestorePending.
        """
        context = await self._pool_to_change(pool)
        letters, settings = self._dead_letters_of(pool), await context.current_settings()
        return await self._replay(letters, settings, request_id, dead_letter_id)

    async def replay_all(self, pool: str, request: ReplayRequest) -> ReplayedBatch:
        """Returns the messages of one reason to the outbox, each on its own.

        A repetition after a crash goes on with those that the first request chose. Raises
        PoolNotFound, RequestIdReused, RestorePending.
        """
        context = await self._pool_to_change(pool)
        letters, selections = self._dead_letters_of(pool), self._selections_of(pool)
        settings = await context.current_settings()
        selection = await selections.find(request)
        if selection is None:
            chosen = await _select(letters, request)
            selection = await selections.add(
                request, chosen, settings.retention.idempotency_records
            )
        results = [
            ReplayResult(
                dead_letter_id,
                await self._result(letters, settings, request.request_id, dead_letter_id),
            )
            for dead_letter_id in selection.dead_letter_ids
        ]
        return ReplayedBatch(results, selection.next_token)

    async def _result(
        self, letters: DeadLetters, settings: PoolSettings, request_id: str, dead_letter_id: str
    ) -> str | ConversationError:
        try:
            return await self._replay(letters, settings, request_id, dead_letter_id)
        except ConversationError as refusal:
            return refusal

    async def _replay(
        self, letters: DeadLetters, settings: PoolSettings, request_id: str, dead_letter_id: str
    ) -> str:
        letter = await letters.get(dead_letter_id)
        if letter and not letter.is_readable:
            raise DeadLetterUnreadable(dead_letter_id)
        message_id = letter.message_id if letter else ""
        replayed = await letters.replay(
            request_id, dead_letter_id, message_id, self._clock.now(), settings
        )
        return _require(replayed, dead_letter_id)

    async def discard(self, pool: str, request_id: str, dead_letter_id: str) -> str:
        """The message becomes FAILED; returns its id, empty if it cannot be read.

        Raises PoolNotFound, DeadLetterNotFound, RestorePending.
        """
        context = await self._pool_to_change(pool)
        letters = self._dead_letters_of(context.name)
        letter = await letters.get(dead_letter_id)
        message_id = letter.message_id if letter else ""
        settings = await context.current_settings()
        discarded = await letters.discard(
            request_id, dead_letter_id, message_id, self._clock.now(), settings
        )
        return _require(discarded, dead_letter_id)

    async def _pool_to_change(self, pool: str) -> PoolContext:
        """A message that is replayed into a restored copy would be dropped with its outbox."""
        if not await self._is_open():
            raise RestorePending
        return await self._directory.by_name(pool)


def _require(message_id: str | None, dead_letter_id: str) -> str:
    if message_id is None:
        raise DeadLetterNotFound(dead_letter_id)
    return message_id


async def _select(letters: DeadLetters, request: ReplayRequest) -> Selection:
    chosen, after = list[str](), request.after
    for _ in range(MAX_PAGES):
        page = await letters.page(PAGE, after)
        for letter in page:
            after = letter.dead_letter_id
            if letter.reason is request.reason:
                chosen.append(after)
            if len(chosen) == request.limit:
                return Selection(chosen, after)
        if len(page) < PAGE:
            return Selection(chosen, "")
    return Selection(chosen, after)
