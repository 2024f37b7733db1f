"""Carries out intents of one pool: one load and one commit pipeline a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from conversation_service.domain.errors import (
    BackendUnavailable,
    ConversationError,
    RequestIdReused,
    TooManyRaces,
)
from conversation_service.domain.intents import Intent, Receipt
from conversation_service.domain.pool import Pool
from conversation_service.domain.requests import Expire
from conversation_service.operations.fresh import Fresh
from conversation_service.operations.workspace import Workspace
from conversation_service.store.codec import Answer
from conversation_service.store.store import (
    Commit,
    Conflict,
    Done,
    Earlier,
    Loaded,
    Outcome,
    PoolStore,
)
from runtime.clock import Clock
from runtime.coalescer import Coalescer, CoalescerFull

# Each lost race means that somebody else's change was committed. Losing this often in a row means
# that one conversation is hammered; its caller should come again later.
ATTEMPTS = 10
# A gateway's call brings up to 64 texts; more of them at once would only wait for each other.
CALLS_IN_A_BATCH = 8


@dataclass(frozen=True, slots=True)
class Carried:
    """An intent is carried out, now or by an earlier call of the same name."""

    answer: Answer
    is_repeat: bool


Result = Carried | ConversationError


class Executor:
    """Loads, decides and commits, and does so again for what lost a race.

    Calls that come at the same time are carried out together, one batch after the other: they
    never race each other, and texts are taken in the order in which they came. Races are left to
    other replicas.
    """

    def __init__(self, pool: Pool, store: PoolStore, clock: Clock, fresh: Fresh) -> None:
        self.pool = pool
        self._store = store
        self._clock = clock
        self._fresh = fresh
        self._batches = Coalescer(self._run_calls, batch_limit=CALLS_IN_A_BATCH, in_flight_limit=1)

    async def run(self, intent: Intent) -> Answer:
        """Carries out one intent; raises ConversationError if it is refused."""
        [result] = await self.run_all([intent])
        if isinstance(result, ConversationError):
            raise result
        return result.answer

    async def run_all(self, intents: Sequence[Intent]) -> Sequence[Result]:
        """Carries out intents in order, each for itself: one's refusal is not another's."""
        try:
            return await self._batches.submit(intents)
        except CoalescerFull:
            raise BackendUnavailable from None

    async def _run_calls(self, calls: list[Sequence[Intent]]) -> list[Sequence[Result]]:
        results = iter(await self._carry_out([intent for call in calls for intent in call]))
        return [[next(results) for _ in call] for call in calls]

    async def _carry_out(self, intents: Sequence[Intent]) -> list[Result]:
        results: dict[int, Result] = {}
        for _ in range(ATTEMPTS):
            waiting = [at for at in range(len(intents)) if at not in results]
            if not waiting:
                break
            results.update(await self._attempt({at: intents[at] for at in waiting}))
        return [results.get(at, TooManyRaces()) for at in range(len(intents))]

    async def _attempt(self, intents: dict[int, Intent]) -> dict[int, Result]:
        """One load, one commit. What lost a race, or waited for an expiry, has no result yet."""
        now = self._clock.now()
        asked = [(intent.receipt, intent.lookup) for intent in intents.values()]
        found = await self._store.load(asked)
        workspace = Workspace([lookup for _, lookup in asked], found)
        if await self._expire_first(intents, workspace, now):
            return {}
        results: dict[int, Result] = {}
        commits: dict[int, Commit] = {}
        for (at, intent), loaded in zip(intents.items(), found, strict=True):
            decided = self._decide(intent, loaded, workspace, now)
            if isinstance(decided, Commit):
                commits[at] = decided
            else:
                results[at] = decided
        return results | await self._commit(commits)

    async def _expire_first(
        self, intents: dict[int, Intent], workspace: Workspace, now: datetime
    ) -> bool:
        """Ends what is live only because the sweeper has not come by; says whether it did."""
        expiries = [Expire(one.conversation_id, one.etag) for one in workspace.expired(now)]
        if not expiries or all(intent in expiries for intent in intents.values()):
            return False
        await self._carry_out(expiries)
        return True

    def _decide(
        self, intent: Intent, loaded: Loaded, workspace: Workspace, now: datetime
    ) -> Commit | Result:
        if loaded.earlier:
            return _repeated(intent.receipt, loaded.earlier)
        try:
            change = intent.decide(workspace.facts(intent.lookup, self.pool, now, self._fresh))
        except ConversationError as refusal:
            return refusal
        workspace.apply(change)
        return Commit(intent.receipt, change, now)

    async def _commit(self, commits: dict[int, Commit]) -> dict[int, Result]:
        if not commits:
            return {}
        outcomes = await self._store.commit(list(commits.values()))
        settled = zip(commits.items(), outcomes, strict=True)
        results = {at: _result(commit, outcome) for (at, commit), outcome in settled}
        return {at: result for at, result in results.items() if result is not None}


def _result(commit: Commit, outcome: Outcome) -> Result | None:
    """None when a race was lost."""
    match outcome:
        case Done():
            return Carried(commit.answer, is_repeat=False)
        case Earlier():
            return _repeated(commit.receipt, outcome)
        case Conflict():
            return None
        case _:
            return BackendUnavailable()


def _repeated(receipt: Receipt, earlier: Earlier) -> Result:
    if not earlier.is_same:
        return RequestIdReused(receipt.request_id)
    return Carried(earlier.answer, is_repeat=True)
