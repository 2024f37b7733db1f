"""The state of one pool in dictionaries; passes the store suite that Redis passes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.model.consent import OptOut
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.rate_limits import NEVER, SenderLimits, WindowCounter
from conversation_service.store.conversations.types import (
    Commit,
    Committed,
    Conflict,
    Duplicate,
    Loaded,
    LoadedBatch,
    Outcome,
)
from conversation_service.store.event_log import DuplicateDelivery
from conversation_service.store.records.payloads import StoredResponse


class MemoryStore:
    """Satisfies PoolStore."""

    def __init__(self, pool: Pool | None = None) -> None:
        self.conversations: dict[str, Conversation] = {}
        self.outbox: list[tuple[str, str, str]] = []
        self._pool = pool
        self._receipts: dict[tuple[str, str], tuple[tuple[str, ...], StoredResponse]] = {}
        self._lines: dict[Route, str] = {}
        self._conducts: dict[Person, SenderLimits] = {}
        self._tries: dict[str, WindowCounter] = {}
        self._blocked: dict[Person, set[str]] = {}
        self._held: dict[str, list[HeldMessage]] = {}
        self._last_numbers: dict[frozenset[Person], str] = {}

    async def pool(self) -> Pool | None:
        return self._pool

    async def load(
        self, asked: Sequence[tuple[IdempotencyKey, ReadSet]], pool: Pool
    ) -> LoadedBatch:
        version = self._pool.version if self._pool else ""
        return LoadedBatch(version, [self._load(receipt, lookup) for receipt, lookup in asked])

    async def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        return [self._commit(commit) for commit in commits]

    async def get(self, conversation_id: str) -> Conversation | None:
        return self.conversations.get(conversation_id)

    async def page(self, size: int, before: str) -> list[Conversation]:
        names = sorted(self.conversations, reverse=True)
        older = [name for name in names if not before or name < before]
        return [self.conversations[name] for name in older[:size]]

    async def named(self, unique_name: str) -> Conversation | None:
        return self._named(unique_name)

    async def on_lines(self, lines: Sequence[Route]) -> list[Conversation]:
        names = dict.fromkeys(self._lines[line] for line in lines if line in self._lines)
        return [self.conversations[name] for name in names if name in self.conversations]

    async def history(self, person: Person) -> list[Conversation]:
        ended = (one for one in self.conversations.values() if not one.is_live)
        return [one for one in ended if person in one.participants]

    async def loads(self, numbers: Sequence[str]) -> dict[str, int]:
        counts = self._loads()
        return {number: counts[number] for number in numbers if counts[number]}

    async def live(self) -> int:
        return sum(self._loads().values())

    async def max_held(self) -> int:
        live = (one for one in self.conversations.values() if one.is_live)
        held = Counter(person for one in live for person in one.participants)
        return max(held.values(), default=0)

    async def due(self, now: datetime, limit: int) -> list[Conversation]:
        due = [one for one in self.conversations.values() if one.due_time <= now]
        return sorted(due, key=lambda one: one.due_time)[:limit]

    async def forget(self, conversation_ids: Sequence[str]) -> None:
        for name in conversation_ids:
            self.conversations.pop(name, None)
        for intent, (fields, answer) in self._receipts.items():
            held = answer.conversation
            if held and held.conversation_id in conversation_ids:
                self._receipts[intent] = (fields, StoredResponse(is_forgotten=True))

    def _load(self, receipt: IdempotencyKey, lookup: ReadSet) -> Loaded:
        current_conversation_ids = {
            line: self._lines[line] for line in lookup.lines if line in self._lines
        }
        known = self.conversations
        return Loaded(
            earlier=self._earlier(receipt),
            lines={
                line: known[name]
                for line, name in current_conversation_ids.items()
                if name in known
            },
            current_conversation_ids=current_conversation_ids,
            invitation=self._invitation(lookup.code),
            conversation=known.get(lookup.conversation_id),
            named=self._named(lookup.unique_name),
            sender_limits={one: self._conducts.get(one, SenderLimits()) for one in lookup.people},
            blocked=frozenset(self._blocked.get(lookup.blocks_of, ()))
            if lookup.blocks_of
            else frozenset(),
            tries=self._tries.get(lookup.tries_on, NEVER),
            last_number=self._last_numbers.get(frozenset(lookup.pair or ()), ""),
            held=tuple(self._held.get(lookup.held_in, ())),
            loads=self._loads() if lookup.needs_loads else {},
        )

    def _commit(self, commit: Commit) -> Outcome:
        if earlier := self._earlier(commit.receipt):
            return earlier
        if self._conflicts(commit):
            return Conflict()
        self._write(commit)
        return Committed()

    def _conflicts(self, commit: Commit) -> bool:
        change = commit.change
        if commit.pool.version != (self._pool.version if self._pool else ""):
            return True
        return (
            self._has_moved(change)
            or any(
                self._lines.get(one.line, "") != one.current_conversation_id
                for one in change.claims
            )
            or self._is_taken(change)
            or self._conduct_has_moved(change)
            or self._are_blocked(change.unless_blocked)
            or bool(self._loads()[change.unless_live_on])
        )

    def _has_moved(self, change: Change) -> bool:
        if change.after is None:
            return False
        stored = self.conversations.get(change.after.conversation_id)
        expected = change.before.etag if change.before else None
        return (stored.etag if stored else None) != expected

    def _is_taken(self, change: Change) -> bool:
        """A code or a name that another conversation has."""
        after = change.after
        if after is None or not after.is_live or (change.before and change.before.is_live):
            return False
        code_taken = after.state is State.WAITING and self._invitation(after.code) is not None
        return code_taken or self._named(after.unique_name) is not None

    def _conduct_has_moved(self, change: Change) -> bool:
        conduct, tries = change.conduct, change.tries
        if conduct and self._conducts.get(conduct.person, SenderLimits()) != conduct.before:
            return True
        return bool(tries and self._tries.get(tries.masked_number, NEVER) != tries.before)

    def _are_blocked(self, pair: tuple[Person, Person] | None) -> bool:
        return pair is not None and pair[1].participant_id in self._blocked.get(pair[0], set())

    def _write(self, commit: Commit) -> None:
        change, receipt = commit.change, commit.receipt
        self._receipts[receipt.kind, receipt.request_id] = (receipt.fields, commit.answer)
        if change.after:
            self._write_conversation(commit, change.before, change.after)
        if change.conduct:
            self._conducts[change.conduct.person] = change.conduct.after
        if change.tries:
            self._tries[change.tries.masked_number] = change.tries.after
        if change.blocks:
            one, other = change.blocks
            self._blocked.setdefault(one, set()).add(other.participant_id)
            self._blocked.setdefault(other, set()).add(one.participant_id)
        if change.pool:
            self._pool = change.pool
        self.outbox += [(text.message_id, text.to.phone_number, text.body) for text in change.texts]

    def _write_conversation(
        self, commit: Commit, before: Conversation | None, after: Conversation
    ) -> None:
        name = after.conversation_id
        self.conversations[name] = after
        self._lines |= {claim.line: name for claim in commit.change.claims}
        self._held.setdefault(name, []).extend(commit.change.held)
        if not any(after.held):
            self._held.pop(name)
        if before is not None and before.is_live and not after.is_live:
            self._leave(commit, after)

    def _leave(self, commit: Commit, after: Conversation) -> None:
        had_two = len(after.participants) > 1
        if had_two:
            self._last_numbers[frozenset(after.participants)] = after.masked_number
        if not had_two or not commit.pool.settings.cool_off:
            for person in after.participants:
                self._lines.pop(Route(after.masked_number, person), None)

    def _earlier(self, receipt: IdempotencyKey) -> Duplicate | None:
        found = self._receipts.get((receipt.kind, receipt.request_id))
        if found is None:
            return None
        is_same = found[0] == receipt.fields
        return Duplicate(is_same, found[1] if is_same else StoredResponse())

    def _invitation(self, code: str) -> Conversation | None:
        waiting = (one for one in self.conversations.values() if one.state is State.WAITING)
        return next((one for one in waiting if one.code == code), None)

    def _named(self, unique_name: str) -> Conversation | None:
        live = (one for one in self.conversations.values() if one.is_live and unique_name)
        return next((one for one in live if one.unique_name == unique_name), None)

    def _loads(self) -> Counter[str]:
        live = (one for one in self.conversations.values() if one.is_live)
        return Counter(one.masked_number for one in live)


@dataclass
class MemorySuppression:
    """Satisfies Suppression."""

    opt_outs: dict[str, OptOut] = field(default_factory=dict)

    async def find(self, person_ids: Sequence[str]) -> dict[str, OptOut]:
        return {one: self.opt_outs[one] for one in person_ids if one in self.opt_outs}

    async def add(self, person_id: str, opt_out: OptOut) -> None:
        self.opt_outs.setdefault(person_id, opt_out)

    async def remove(self, person_id: str) -> None:
        self.opt_outs.pop(person_id, None)


@dataclass
class MemoryRepeats:
    """Satisfies RepeatBook."""

    told: list[DuplicateDelivery] = field(default_factory=list)

    async def repeated(
        self, repeats: Sequence[DuplicateDelivery], now: datetime, kept: timedelta
    ) -> None:
        self.told += repeats
