"""The state of one pool in a dictionary; passes the store suite that Redis passes."""

from collections.abc import Sequence
from datetime import datetime

from conversation_service.domain.change import Change, Line
from conversation_service.domain.conversation import Conversation, State
from conversation_service.domain.facts import Lookup
from conversation_service.domain.intents import Receipt
from conversation_service.store.codec import Answer
from conversation_service.store.store import Commit, Conflict, Done, Earlier, Loaded, Outcome


class MemoryStore:
    """Satisfies PoolStore."""

    def __init__(self) -> None:
        self.conversations: dict[str, Conversation] = {}
        self.outbox: list[tuple[str, str, str]] = []
        self._receipts: dict[tuple[str, str], tuple[tuple[str, ...], Answer]] = {}
        self._silences: dict[Line, datetime] = {}
        self._now = datetime.min

    async def load(self, asked: Sequence[tuple[Receipt, Lookup]]) -> list[Loaded]:
        return [self._load(receipt, lookup) for receipt, lookup in asked]

    async def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        return [self._commit(commit) for commit in commits]

    async def get(self, conversation_id: str) -> Conversation | None:
        return self.conversations.get(conversation_id)

    async def page(self, size: int, before: str) -> list[Conversation]:
        names = sorted(self.conversations, reverse=True)
        older = [name for name in names if not before or name < before]
        return [self.conversations[name] for name in older[:size]]

    async def due(self, now: datetime, limit: int) -> list[Conversation]:
        due = [one for one in self.conversations.values() if one.due_time <= now]
        return sorted(due, key=lambda one: one.due_time)[:limit]

    async def forget(self, conversation_ids: Sequence[str]) -> None:
        for name in conversation_ids:
            self.conversations.pop(name, None)

    def _load(self, receipt: Receipt, lookup: Lookup) -> Loaded:
        live = {line: one for line in lookup.lines if (one := self._live(line))}
        return Loaded(
            earlier=self._earlier(receipt),
            is_silenced=lookup.silence in self._silences,
            live=live,
            invitation=self._invitation(lookup.code),
            conversation=self.conversations.get(lookup.conversation_id),
        )

    def _commit(self, commit: Commit) -> Outcome:
        if earlier := self._earlier(commit.receipt):
            return earlier
        if self._conflicts(commit.change):
            return Conflict()
        self._write(commit)
        return Done()

    def _write(self, commit: Commit) -> None:
        change, receipt = commit.change, commit.receipt
        kept = Answer(None) if receipt.kind in ("text", "expire") else commit.answer
        self._receipts[receipt.kind, receipt.request_id] = (receipt.fields, kept)
        if change.after:
            self.conversations[change.after.conversation_id] = change.after
        if change.silence:
            self._silences[change.silence.line] = commit.now + change.silence.lasts
        self.outbox += [(text.message_id, text.to_number, text.body) for text in change.texts]

    def _conflicts(self, change: Change) -> bool:
        if change.after is None:
            return False
        stored = self.conversations.get(change.after.conversation_id)
        expected = change.before.etag if change.before else None
        if (stored.etag if stored else None) != expected:
            return True
        return self._claims_taken(change.before, change.after)

    def _claims_taken(self, before: Conversation | None, after: Conversation) -> bool:
        if not after.is_live:
            return False
        known = before.participants if before else ()
        joining = [person for person in after.participants if person not in known]
        if any(self._live(Line(after.masked_number, person)) for person in joining):
            return True
        return before is None and self._invitation(after.code) is not None

    def _earlier(self, receipt: Receipt) -> Earlier | None:
        found = self._receipts.get((receipt.kind, receipt.request_id))
        if found is None:
            return None
        is_same = found[0] == receipt.fields
        return Earlier(is_same, found[1] if is_same else Answer(None))

    def _live(self, line: Line) -> Conversation | None:
        here = (one for one in self.conversations.values() if one.is_live)
        mine = (
            one
            for one in here
            if one.masked_number == line.masked_number and line.person in one.participants
        )
        return next(mine, None)

    def _invitation(self, code: str) -> Conversation | None:
        waiting = (one for one in self.conversations.values() if one.state is State.WAITING)
        return next((one for one in waiting if one.code == code), None)
