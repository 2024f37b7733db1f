"""Carries out intents of one pool: one load and one commit pipeline a batch."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from redis.exceptions import RedisError

from conversation_service.application.batch_state import BatchState
from conversation_service.application.ids import IdGenerator
from conversation_service.domain.commands.core.command import Command, IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.commands.system.expire import ExpireConversation
from conversation_service.domain.errors import (
    BackendUnavailable,
    CodeNotValid,
    CommitContention,
    ConversationError,
    RequestIdReused,
    ResponseExpired,
)
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool
from conversation_service.store.conversations.types import (
    Commit,
    Committed,
    Conflict,
    Duplicate,
    Loaded,
    Outcome,
    PoolStore,
)
from conversation_service.store.event_log import DuplicateDelivery
from conversation_service.store.records.payloads import StoredResponse
from runtime.batching import Batcher, BatcherFull
from runtime.clock import Clock
from runtime.tracing import tracer

# Each lost race means that somebody else's change was committed. Losing this often in a row means
# that one conversation is hammered; its caller should come again later.
ATTEMPTS = 10

# A gateway's call brings up to 64 texts; more of them at once would only wait for each other.
CALLS_IN_A_BATCH = 8


@dataclass(frozen=True, slots=True)
class Executed:
    """An intent is carried out, now or by an earlier call of the same name."""

    answer: StoredResponse
    is_repeat: bool


ExecutionResult = Executed | ConversationError


class Suppression(Protocol):
    """What of the suppression list decisions need."""

    async def find(self, person_ids: Sequence[str]) -> dict[str, OptOut]:
        """The opt-outs among these people."""
        ...

    async def add(self, person_id: str, opt_out: OptOut) -> None:
        """Keeps the first opt-out until it is taken back."""
        ...

    async def remove(self, person_id: str) -> None:
        """The person wants texts again."""
        ...


class RepeatBook(Protocol):
    """Where it is told that a text was handed in again."""

    async def repeated(
        self, repeats: Sequence[DuplicateDelivery], now: datetime, kept: timedelta
    ) -> None:
        """Tells of it; `kept` is for how long a text is known again."""
        ...


class Executor:
    """Loads, decides and commits, and does so again for what lost a race.

    Calls that come at the same time are carried out together, one batch after the other: they
    never race each other, and texts are taken in the order in which they came. Races are left to
    other replicas. `pool` is the pool as it was last seen; every commit stands on it being so.
    """

    def __init__(
        self,
        pool: Pool,
        store: PoolStore,
        suppression: Suppression,
        repeats: RepeatBook,
        clock: Clock,
        fresh: IdGenerator,
    ) -> None:
        self.pool = pool
        self._store = store
        self._suppression = suppression
        self._repeats = repeats
        self._clock = clock
        self._fresh = fresh
        self._batches = Batcher(self._run_calls, batch_limit=CALLS_IN_A_BATCH, in_flight_limit=1)

    async def run(self, intent: Command) -> StoredResponse:
        """Carries out one intent; raises ConversationError if it is refused."""
        [result] = await self.run_all([intent])
        if isinstance(result, ConversationError):
            raise result
        return result.answer

    async def run_all(self, intents: Sequence[Command]) -> Sequence[ExecutionResult]:
        """Carries out intents in order, each for itself: one's refusal is not another's."""
        try:
            return await self._batches.submit(intents)
        except BatcherFull:
            raise BackendUnavailable from None

    async def reload(self) -> Pool:
        """Looks at the pool again."""
        self.pool = await self._store.pool() or self.pool
        return self.pool

    async def _run_calls(self, calls: list[Sequence[Command]]) -> list[Sequence[ExecutionResult]]:
        intents = [intent for call in calls for intent in call]
        with tracer.start_as_current_span(
            "decide_batch",
            attributes={"pool": self.pool.name, "calls": len(calls), "intents": len(intents)},
        ) as span:
            carried = await self._carry_out(intents)
            answers = [result.answer for result in carried if isinstance(result, Executed)]
            names = [name for answer in answers for name in answer.message_ids]
            refused = len(carried) - len(answers)
            span.set_attributes({"refused": refused, "message_ids": names})
        results = iter(carried)
        return [[next(results) for _ in call] for call in calls]

    async def _carry_out(self, intents: Sequence[Command]) -> list[ExecutionResult]:
        results: dict[int, ExecutionResult] = {}
        for _ in range(ATTEMPTS):
            waiting = [at for at in range(len(intents)) if at not in results]
            if not waiting:
                break
            results.update(await self._attempt({at: intents[at] for at in waiting}))
        return [results.get(at, CommitContention()) for at in range(len(intents))]

    async def _attempt(self, intents: dict[int, Command]) -> dict[int, ExecutionResult]:
        """One load, one commit. What lost a race, or waited for something, has no result yet."""
        now, pool = self._clock.now(), self.pool
        lookups = [intent.lookup(pool) for intent in intents.values()]
        asked = [
            (intent.receipt, lookup)
            for intent, lookup in zip(intents.values(), lookups, strict=True)
        ]
        batch, opt_outs = await asyncio.gather(
            self._store.load(asked, pool), self._opted_out(lookups)
        )
        if batch.version != pool.version:
            await self.reload()
            return {}
        workspace = BatchState(lookups, batch.found, opt_outs)
        if await self._expire_first(intents, workspace, now):
            return {}
        entries = zip(intents, intents.values(), lookups, batch.found, strict=True)
        return await self._decide_all(list(entries), workspace, now)

    async def _opted_out(self, lookups: Iterable[ReadSet]) -> dict[Person, OptOut]:
        people = {person.person_id: person for lookup in lookups for person in lookup.people}
        found = await self._suppression.find(list(people))
        return {people[person_id]: opt_out for person_id, opt_out in found.items()}

    async def _expire_first(
        self, intents: dict[int, Command], workspace: BatchState, now: datetime
    ) -> bool:
        """Ends what is live only because the sweeper has not come by; says whether it did."""
        expiries = [
            ExpireConversation(one.conversation_id, one.etag) for one in workspace.expired(now)
        ]
        if not expiries or all(intent in expiries for intent in intents.values()):
            return False
        await self._carry_out(expiries)
        return True

    async def _decide_all(
        self,
        entries: Sequence[tuple[int, Command, ReadSet, Loaded]],
        workspace: BatchState,
        now: datetime,
    ) -> dict[int, ExecutionResult]:
        results: dict[int, ExecutionResult] = {}
        commits: dict[int, Commit] = {}
        repeats: list[DuplicateDelivery] = []
        named: set[tuple[str, str]] = set()
        for at, intent, lookup, loaded in entries:
            if loaded.earlier:
                results[at] = _repeated(intent.receipt, loaded.earlier)
                repeats += _repeats(intent, loaded.earlier)
                continue
            if (intent.receipt.kind, intent.receipt.request_id) in named:
                # The same intent twice at once: its receipt will be there at the next attempt.
                continue
            named.add((intent.receipt.kind, intent.receipt.request_id))
            decided = self._decide(intent, lookup, loaded, workspace, now)
            if not isinstance(decided, Commit):
                results[at] = decided
                continue
            commits[at] = decided
            if decided.change.pool is not None:
                # What comes behind it is decided in the changed pool.
                break
        await self._grant_wishes(commits.values())
        await self._tell(repeats, now)
        return results | await self._commit(commits)

    def _decide(
        self,
        intent: Command,
        lookup: ReadSet,
        loaded: Loaded,
        workspace: BatchState,
        now: datetime,
    ) -> Commit | ConversationError:
        facts = workspace.facts(lookup, loaded, self.pool, now, self._fresh)
        try:
            change = intent.decide(facts)
        except ConversationError as refusal:
            return refusal
        workspace.apply(change, intent.receipt.request_id, now)
        return Commit(intent.receipt, change, now, self.pool)

    async def _grant_wishes(self, commits: Iterable[Commit]) -> None:
        """Before the commit: nothing is acknowledged that would still be sent, or never be.

        An opt-out remembers which text told of it, so that the text is decided in the same way
        when it comes again after a crash in between.
        """
        for commit in commits:
            wish = commit.change.wish
            if wish is None:
                continue
            if wish.opts_in:
                await self._suppression.remove(wish.person.person_id)
            else:
                name = commit.receipt.request_id
                opt_out = OptOut(commit.now, OptOutSource.TEXT, name)
                await self._suppression.add(wish.person.person_id, opt_out)

    async def _tell(self, repeats: Sequence[DuplicateDelivery], now: datetime) -> None:
        # A line in a timeline is not worth the refusal of a text.
        with suppress(RedisError, OSError):
            if repeats:
                kept = self.pool.settings.receipts_kept
                await self._repeats.repeated(repeats, now, kept)

    async def _commit(self, commits: dict[int, Commit]) -> dict[int, ExecutionResult]:
        if not commits:
            return {}
        outcomes = await self._store.commit(list(commits.values()))
        settled = list(zip(commits.items(), outcomes, strict=True))
        for (_, commit), outcome in settled:
            if isinstance(outcome, Committed) and commit.change.pool is not None:
                self.pool = commit.change.pool
        results = {at: _result(commit, outcome) for (at, commit), outcome in settled}
        return {at: result for at, result in results.items() if result is not None}


def _result(commit: Commit, outcome: Outcome) -> ExecutionResult | None:
    """None when a race was lost."""
    match outcome:
        case Committed():
            return commit.change.refusal or Executed(commit.answer, is_repeat=False)
        case Duplicate():
            return _repeated(commit.receipt, outcome)
        case Conflict():
            return None
        case _:
            return BackendUnavailable()


def _repeated(receipt: IdempotencyKey, earlier: Duplicate) -> ExecutionResult:
    if not earlier.is_same:
        return RequestIdReused(receipt.request_id)
    if earlier.answer.is_forgotten:
        return ResponseExpired(receipt.request_id)
    if earlier.answer.is_refused:
        # The one refusal that is written down: a wrong code was counted.
        return CodeNotValid()
    return Executed(earlier.answer, is_repeat=True)


def _repeats(intent: Command, earlier: Duplicate) -> list[DuplicateDelivery]:
    """Where to tell that a text came again; that the carrier's records have it is no news."""
    if not isinstance(intent, ReceiveMessage) or intent.is_recovered or not earlier.answer.place:
        return []
    sender = intent.line.person.participant_id
    return [DuplicateDelivery(intent.receipt, earlier.answer.place, sender)]
