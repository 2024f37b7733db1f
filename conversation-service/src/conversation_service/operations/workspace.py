"""What is known while a batch is decided: later items see the outcomes of earlier ones."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from conversation_service.domain.change import Change, Line
from conversation_service.domain.conversation import Conversation, State
from conversation_service.domain.facts import Facts, Lookup
from conversation_service.domain.pool import Pool
from conversation_service.operations.fresh import Fresh
from conversation_service.store.store import Loaded


class Workspace:
    """The loaded state of a batch, moved on by each change that is decided in it."""

    def __init__(self, lookups: Sequence[Lookup], found: Sequence[Loaded]) -> None:
        self._conversations: dict[str, Conversation] = {}
        self._routes: dict[Line, str] = {}
        self._codes: dict[str, str] = {}
        self._silenced: set[Line] = set()
        for lookup, loaded in zip(lookups, found, strict=True):
            self._add(lookup, loaded)

    def expired(self, now: datetime) -> list[Conversation]:
        """The conversations that are live only because nobody has ended them yet."""
        return [one for one in self._conversations.values() if one.has_expired(now)]

    def facts(self, lookup: Lookup, pool: Pool, now: datetime, fresh: Fresh) -> Facts:
        """What one intent's decision may depend on, as of now in this batch."""
        return Facts(
            pool=pool,
            now=now,
            change_id=fresh.change_id(now),
            fresh_code=fresh.code(),
            live={line: one for line in lookup.lines if (one := self._live(line))},
            invitation=self._invitation(lookup.code),
            conversation=self._conversations.get(lookup.conversation_id),
            is_silenced=lookup.silence in self._silenced,
        )

    def apply(self, change: Change) -> None:
        """Moves on, as if the change were committed: if it is not, neither is what builds on it."""
        if change.silence:
            self._silenced.add(change.silence.line)
        if change.after:
            self._remember(change.after)

    def _add(self, lookup: Lookup, loaded: Loaded) -> None:
        if loaded.is_silenced and lookup.silence:
            self._silenced.add(lookup.silence)
        self._remember_all(loaded.live.values())
        self._remember_all(one for one in (loaded.invitation, loaded.conversation) if one)

    def _remember_all(self, conversations: Iterable[Conversation]) -> None:
        for conversation in conversations:
            self._remember(conversation)

    def _remember(self, conversation: Conversation) -> None:
        name = conversation.conversation_id
        self._conversations[name] = conversation
        self._codes[conversation.code] = name
        if conversation.is_live:
            for person in conversation.participants:
                self._routes[Line(conversation.masked_number, person)] = name

    def _live(self, line: Line) -> Conversation | None:
        found = self._conversations.get(self._routes.get(line, ""))
        return found if found and found.is_live else None

    def _invitation(self, code: str) -> Conversation | None:
        found = self._conversations.get(self._codes.get(code, ""))
        return found if found and found.state is State.WAITING else None
