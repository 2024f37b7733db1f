"""What operators do with texts that could not be processed."""

from collections.abc import Callable
from dataclasses import dataclass

from conversation_service.application.pools import PoolDirectory
from conversation_service.domain.errors import DeadLetterNotFound, DeadLetterUnreadable
from conversation_service.store.outbox.dead_letters import DeadLetter, DeadLetters
from runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """Some dead letters, and what leads to the next ones: nothing at the end."""

    letters: list[DeadLetter]
    next_token: str


class DeadLetterAdmin:
    """The dead letters of all pools. A change of the same request id gets its first answer."""

    def __init__(
        self, directory: PoolDirectory, letters_of: Callable[[str], DeadLetters], clock: Clock
    ) -> None:
        """`letters_of` gives the dead letters of a pool by its name."""
        self._directory = directory
        self._letters_of = letters_of
        self._clock = clock

    async def page(self, pool: str, size: int, token: str) -> DeadLetterPage:
        """Oldest first, behind the id `token`. Raises PoolNotFound."""
        opened = await self._directory.named(pool)
        letters = await self._letters_of(opened.name).page(size + 1, token)
        page = letters[:size]
        return DeadLetterPage(page, page[-1].dead_letter_id if len(letters) > size else "")

    async def replay(self, pool: str, request_id: str, dead_letter_id: str) -> str:
        """The id of the text, which is owed again.

        Raises PoolNotFound, DeadLetterNotFound, DeadLetterUnreadable.
        """
        opened = await self._directory.named(pool)
        letters = self._letters_of(opened.name)
        letter = await letters.get(dead_letter_id)
        if letter and not letter.is_readable:
            raise DeadLetterUnreadable(dead_letter_id)
        name, now = letter.message_id if letter else "", self._clock.now()
        settings = await opened.settings()
        replayed = await letters.replay(request_id, dead_letter_id, name, now, settings)
        return _found(replayed, dead_letter_id)

    async def drop(self, pool: str, request_id: str, dead_letter_id: str) -> str:
        """The id of the text, which is refused; empty when it cannot be read.

        Raises PoolNotFound, DeadLetterNotFound.
        """
        opened = await self._directory.named(pool)
        letters = self._letters_of(opened.name)
        letter = await letters.get(dead_letter_id)
        name, now = letter.message_id if letter else "", self._clock.now()
        settings = await opened.settings()
        dropped = await letters.discard(request_id, dead_letter_id, name, now, settings)
        return _found(dropped, dead_letter_id)


def _found(message_id: str | None, dead_letter_id: str) -> str:
    if message_id is None:
        raise DeadLetterNotFound(dead_letter_id)
    return message_id
