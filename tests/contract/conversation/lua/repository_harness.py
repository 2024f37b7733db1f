"""Changes as the operations make them, in a pool that exists."""

from dataclasses import replace

from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change, RouteClaim
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.lifecycle import ended, joined, started
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.participants import Route
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import (
    Commit,
    CommitOutcome,
    Committed,
    Duplicate,
)
from support.clock import ManualClock
from support.conversations import ALICE, BOB, POOL, ScriptedIds, pool_storage, route

NEVER_SEEN = IdempotencyKey("text", "never seen", ())
CODE, OTHER_CODE = "K7M2Q9", "X4X4X4"


class Harness:
    """Makes changes as the operations would, in a pool that exists."""

    def __init__(self, store: ConversationRepository, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self.known = replace(POOL, version="")
        self._ids = ScriptedIds()
        self._requests = 0

    @classmethod
    async def created(cls, redis: Redis, clock: ManualClock) -> "Harness":
        harness = cls(ConversationRepository(pool_storage(redis)), clock)
        assert await harness.commit(Change(pool=POOL)) == Committed()
        harness.known = POOL
        return harness

    def snapshot(self, code: str = CODE) -> Snapshot:
        now = self.clock.now()
        return Snapshot(POOL, now, self._ids.change_id(now), code)

    async def commit(
        self, change: Change, request_id: str = "", *fields: str, kind: str = "call"
    ) -> CommitOutcome:
        [outcome] = await self.store.commit(
            [self.commit_of(change, request_id, *fields, kind=kind)]
        )
        return outcome

    def commit_of(
        self, change: Change, request_id: str = "", *fields: str, kind: str = "call"
    ) -> Commit:
        self._requests += 1
        key = IdempotencyKey(kind, request_id or f"request {self._requests}", fields)
        return Commit(key, change, self.clock.now(), self.known)

    def starting(self, by: Route | None = None, code: str = CODE, name: str = "") -> Change:
        taken = by or route(ALICE)
        conversation = started(self.snapshot(code), taken, name)
        return Change(after=conversation, claims=(RouteClaim(taken),))

    async def started(self, by: Route | None = None, code: str = CODE) -> Conversation:
        change = self.starting(by, code)
        assert await self.commit(change) == Committed()
        return after(change)

    def joining(self, waiting: Conversation, current_conversation_id: str = "") -> Change:
        claim = RouteClaim(Route(waiting.masked_number, BOB), current_conversation_id)
        return Change(waiting, joined(self.snapshot(), waiting, BOB), (claim,))

    async def connected(self) -> Conversation:
        change = self.joining(await self.started())
        assert await self.commit(change) == Committed()
        return after(change)

    async def end(self, before: Conversation) -> Conversation:
        over = ended(self.snapshot(), before, EndReason.PARTICIPANT_ENDED)
        assert await self.commit(Change(before, over)) == Committed()
        return over

    async def load(self, read_set: ReadSet) -> Snapshot:
        batch = await self.store.load([(NEVER_SEEN, read_set)], self.known, self.clock.now())
        assert batch.version == self.known.version
        [snapshot] = batch.snapshots
        return snapshot

    async def earlier(self, *fields: str, request_id: str) -> Duplicate | None:
        key = IdempotencyKey("call", request_id, fields)
        batch = await self.store.load([(key, ReadSet())], self.known, self.clock.now())
        [duplicate] = batch.duplicates
        return duplicate

    async def on_routes(self, *routes: Route) -> dict[Route, Conversation]:
        snapshot = await self.load(ReadSet(routes=routes))
        return {route: item for route in routes if (item := snapshot.on_route(route))}

    async def live(self, *routes: Route) -> dict[Route, Conversation]:
        return {
            route: item for route, item in (await self.on_routes(*routes)).items() if item.is_live
        }

    async def invitation(self, code: str) -> Conversation | None:
        return (await self.load(ReadSet(code=code))).invitation


def after(change: Change) -> Conversation:
    assert change.after is not None
    return change.after
