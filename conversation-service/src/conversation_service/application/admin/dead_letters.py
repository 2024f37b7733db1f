"""Dead letters: list, replay, discard."""

from collections.abc import Callable
from dataclasses import dataclass

from conversation_service.application.pools import PoolDirectory
from conversation_service.domain.errors import DeadLetterNotFound, DeadLetterUnreadable
from conversation_service.store.outbox.dead_letters import DeadLetter, DeadLetters
from runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """A page of dead letters; `next_token` is empty on the last one."""

    letters: list[DeadLetter]
    next_token: str


class DeadLetterAdmin:
    """The dead letters of all pools. A repeated request id gets the first response."""

    def __init__(
        self, directory: PoolDirectory, dead_letters_of: Callable[[str], DeadLetters], clock: Clock
    ) -> None:
        """`dead_letters_of` returns the dead letters of a pool by its name."""
        self._directory = directory
        self._dead_letters_of = dead_letters_of
        self._clock = clock

    async def page(self, pool: str, size: int, token: str) -> DeadLetterPage:
        """Oldest first, after the id `token`. Raises PoolNotFound."""
        context = await self._directory.by_name(pool)
        letters = await self._dead_letters_of(context.name).page(size + 1, token)
        page = letters[:size]
        return DeadLetterPage(page, page[-1].dead_letter_id if len(letters) > size else "")

    async def replay(self, pool: str, request_id: str, dead_letter_id: str) -> str:
        """Returns the message to the outbox; returns its id.

        Raises PoolNotFound, DeadLetterNotFound, DeadLetterUnreadable.
        """
        context = await self._directory.by_name(pool)
        letters = self._dead_letters_of(context.name)
        letter = await letters.get(dead_letter_id)
        if letter and not letter.is_readable:
            raise DeadLetterUnreadable(dead_letter_id)
        message_id = letter.message_id if letter else ""
        settings = await context.current_settings()
        replayed = await letters.replay(
            request_id, dead_letter_id, message_id, self._clock.now(), settings
        )
        return _require(replayed, dead_letter_id)

    async def discard(self, pool: str, request_id: str, dead_letter_id: str) -> str:
        """The message becomes REFUSED; returns its id, empty if it cannot be read.

        Raises PoolNotFound, DeadLetterNotFound.
        """
        context = await self._directory.by_name(pool)
        letters = self._dead_letters_of(context.name)
        letter = await letters.get(dead_letter_id)
        message_id = letter.message_id if letter else ""
        settings = await context.current_settings()
        discarded = await letters.discard(
            request_id, dead_letter_id, message_id, self._clock.now(), settings
        )
        return _require(discarded, dead_letter_id)


def _require(message_id: str | None, dead_letter_id: str) -> str:
    if message_id is None:
        raise DeadLetterNotFound(dead_letter_id)
    return message_id
