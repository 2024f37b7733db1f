"""Executes commands of one pool: a batch takes one load and one commit pipeline."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from redis.exceptions import RedisError

from conversation_service.application.batch_state import BatchState, duplicate_deliveries
from conversation_service.application.ids import IdGenerator
from conversation_service.application.restore_guard import IsOpen
from conversation_service.domain.commands.core.command import Command, IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.commands.system.expire import ExpireConversation
from conversation_service.domain.errors import (
    BackendUnavailable,
    ConcurrentChange,
    ConversationError,
    JoinCodeInvalid,
    RequestIdReused,
    ResponseExpired,
    RestorePending,
)
from conversation_service.domain.model.consent import OptOut, OptOutSource, cause_of
from conversation_service.domain.model.pool import Pool
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import (
    Commit,
    CommitOutcome,
    Committed,
    Conflict,
    Duplicate,
    LoadedBatch,
)
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.event_log import DuplicateDelivery, EventLog
from conversation_service.store.records.payloads import StoredResponse
from runtime.batching import Batcher, BatcherFull
from runtime.clock import Clock
from runtime.tracing import tracer

# A lost race means that somebody else's change was committed. Losing this often in a row means that
# one conversation is contended; its caller should come again later.
ATTEMPTS = 10

# A call of the gateway brings up to 64 messages; more of them at once would only wait.
CALLS_IN_A_BATCH = 8


@dataclass(frozen=True, slots=True)
class Executed:
    """The command was carried out, now or by an earlier call with the same id."""

    response: StoredResponse
    is_duplicate: bool


ExecutionResult = Executed | ConversationError


class Executor:
    """Loads, decides and commits; again for commands that lost a race to another replica.

    Calls that come at the same time are executed together, one batch after the other: they never
    race each other, and messages are taken in the order in which they came. Every commit requires
    that the pool is still as it was at the decision.
    """

    def __init__(
        self,
        pool: Pool,
        store: ConversationRepository,
        suppression: SuppressionList,
        events: EventLog,
        clock: Clock,
        ids: IdGenerator,
        is_open: IsOpen,
    ) -> None:
        """Executes nothing unless `is_open`. `pool` need not exist yet."""
        self.pool = pool
        self._store = store
        self._suppression = suppression
        self._events = events
        self._clock = clock
        self._ids = ids
        self._is_open = is_open
        self._batches = Batcher(self._run_calls, batch_limit=CALLS_IN_A_BATCH, in_flight_limit=1)

    async def run(self, command: Command) -> StoredResponse:
        """Executes one command; raises ConversationError if it is refused."""
        [result] = await self.run_all([command])
        if isinstance(result, ConversationError):
            raise result
        return result.response

    async def run_all(self, commands: Sequence[Command]) -> Sequence[ExecutionResult]:
        """Executes commands in order; the refusal of one does not affect the others."""
        if not await self._is_open():
            return [RestorePending()] * len(commands)
        try:
            return await self._batches.submit(commands)
        except BatcherFull:
            raise BackendUnavailable from None

    async def is_known(self, command: Command) -> bool:
        """Whether it was carried out before. False may be wrong while the pool changes."""
        key = (command.idempotency_key, ReadSet())
        loaded = await self._store.load([key], self.pool, self._clock.now())
        return any(loaded.duplicates)

    async def reload(self) -> Pool:
        """Loads the pool as it is now."""
        self.pool = await self._store.pool() or self.pool
        return self.pool

    async def _run_calls(self, calls: list[Sequence[Command]]) -> list[Sequence[ExecutionResult]]:
        commands = [command for call in calls for command in call]
        with tracer.start_as_current_span(
            "decide_batch",
            attributes={"pool": self.pool.name, "calls": len(calls), "intents": len(commands)},
        ) as span:
            executed = await self._execute(commands)
            responses = [result.response for result in executed if isinstance(result, Executed)]
            message_ids = [name for response in responses for name in _message_ids(response)]
            refused = len(executed) - len(responses)
            span.set_attributes({"refused": refused, "message_ids": message_ids})
        results = iter(executed)
        return [[next(results) for _ in call] for call in calls]

    async def _execute(self, commands: Sequence[Command]) -> list[ExecutionResult]:
        results: dict[int, ExecutionResult] = {}
        for attempt in range(ATTEMPTS):
            waiting = {index: item for index, item in enumerate(commands) if index not in results}
            if not waiting:
                break
            results.update(await self._attempt(waiting, may_recall=attempt == 0))
        return [results.get(index, ConcurrentChange()) for index in range(len(commands))]

    async def _attempt(
        self, commands: dict[int, Command], *, may_recall: bool
    ) -> dict[int, ExecutionResult]:
        """One load at most, one commit. A command that lost a race or has to wait has no result
        yet."""
        now, pool = self._clock.now(), self.pool
        keys = [command.idempotency_key for command in commands.values()]
        read_sets = [command.read_set(pool) for command in commands.values()]
        loaded = await self._store.load(
            list(zip(keys, read_sets, strict=True)), pool, now, may_recall=may_recall
        )
        if loaded.version != pool.version:
            await self.reload()
            return {}
        state = BatchState(pool, now, self._ids, loaded.snapshots, loaded.people)
        if await self._expire_first(commands, state):
            return {}
        results: dict[int, ExecutionResult] = {}
        commits: dict[int, Commit] = {}
        for index, decision in self._decide_all(commands, read_sets, loaded, state):
            if isinstance(decision, Commit):
                commits[index] = decision
            else:
                results[index] = decision
        await self._apply_consent(commits.values())
        duplicates = duplicate_deliveries(commands.values(), loaded.duplicates)
        await self._record_duplicates(duplicates, now)
        return results | await self._commit(commits)

    async def _expire_first(self, commands: dict[int, Command], state: BatchState) -> bool:
        """Ends conversations that are live only because nobody has ended them yet; whether any."""
        expiries = [ExpireConversation(item.conversation_id, item.etag) for item in state.expired()]
        if not expiries or all(command in expiries for command in commands.values()):
            return False
        await self._execute(expiries)
        return True

    def _decide_all(
        self,
        commands: dict[int, Command],
        read_sets: Sequence[ReadSet],
        loaded: LoadedBatch,
        state: BatchState,
    ) -> Iterator[tuple[int, Commit | ExecutionResult]]:
        seen: set[tuple[str, str]] = set()
        # After a message that has to wait, the others of its conversation wait too, in their order.
        waiting: set[Hashable] = set()
        rows = zip(commands.items(), read_sets, loaded.duplicates, loaded.recalled, strict=True)
        for (index, command), read_set, duplicate, is_recalled in rows:
            key = command.idempotency_key
            if duplicate:
                yield index, _duplicate_result(key, duplicate)
                continue
            about = state.subjects(read_set) if waiting or is_recalled else frozenset()
            if (key.kind, key.request_id) in seen or not waiting.isdisjoint(about):
                continue  # The same command twice: the next attempt loads its record.
            seen.add((key.kind, key.request_id))
            decide = state.decide_recalled if is_recalled else state.decide
            decision = decide(command, read_set)
            if decision is None:
                waiting |= about
                continue
            yield index, decision
            if isinstance(decision, Commit) and decision.change.pool is not None:
                return  # Later commands are decided in the changed pool.

    async def _apply_consent(self, commits: Iterable[Commit]) -> None:
        """Before the commit: once a message is acknowledged, its opt-out is never lost.

        An opt-out keeps the hashed id of the message that caused it, so that the message is decided
        in the same way when it comes again after a crash in between.
        """
        for commit in commits:
            if (consent := commit.change.consent) is None:
                continue
            person_id = consent.person.person_id
            if consent.opts_in:
                await self._suppression.remove(person_id, commit.now)
            else:
                cause = cause_of(commit.key.request_id)
                opt_out = OptOut(commit.now, OptOutSource.TEXT, cause)
                await self._suppression.add(person_id, opt_out)

    async def _record_duplicates(
        self, duplicates: Sequence[DuplicateDelivery], now: datetime
    ) -> None:
        # A message must not be refused because of an event.
        with suppress(RedisError, OSError):
            if duplicates:
                kept = self.pool.settings.retention.idempotency_records
                await self._events.record_duplicates(duplicates, now, kept)

    async def _commit(self, commits: dict[int, Commit]) -> dict[int, ExecutionResult]:
        if not commits:
            return {}
        outcomes = await self._store.commit(list(commits.values()))
        results: dict[int, ExecutionResult] = {}
        for (index, commit), outcome in zip(commits.items(), outcomes, strict=True):
            if isinstance(outcome, Committed) and commit.change.pool is not None:
                self.pool = commit.change.pool
            if result := _result(commit, outcome):
                results[index] = result
        return results


def _message_ids(response: StoredResponse) -> Iterator[str]:
    """Of participants' messages and of those that clients sent; not of replies."""
    if response.message_id:
        yield response.message_id
    yield from (message.message_id for message in response.messages)


def _result(commit: Commit, outcome: CommitOutcome) -> ExecutionResult | None:
    """None for a lost race."""
    match outcome:
        case Committed():
            return commit.change.refusal or Executed(commit.response, is_duplicate=False)
        case Duplicate() if commit.unasked is None:
            return _duplicate_result(commit.key, outcome)
        case Duplicate() | Conflict():
            return None  # The next attempt loads the record of a repeated message, and records it.
        case _:
            return BackendUnavailable()


def _duplicate_result(key: IdempotencyKey, duplicate: Duplicate) -> ExecutionResult:
    if not duplicate.is_same:
        return RequestIdReused(key.request_id)
    if duplicate.response.is_expired:
        return ResponseExpired(key.request_id)
    if duplicate.response.is_refused:
        return JoinCodeInvalid()  # The only refusal that is stored: a wrong code was counted.
    return Executed(duplicate.response, is_duplicate=True)
