"""Changes as the commands make them, in a pool that exists."""

from dataclasses import replace

from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change, RouteClaim
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.lifecycle import created, ended, joined
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
from conversation_service.store.event_log import EventLog
from support.builders.conversations import ALICE, BOB, POOL, ScriptedIds, pool_storage, route
from support.clock import ManualClock

NEVER_SEEN = IdempotencyKey("text", "never seen", ())
CODE, OTHER_CODE = "K7M2Q9", "X4X4X4"


class Harness:
    """A repository, and the changes of a conversation between Alice and Bob."""

    def __init__(self, redis: Redis, clock: ManualClock) -> None:
        self.redis = redis
        self.store = ConversationRepository(pool_storage(redis))
        self.event_log = EventLog(pool_storage(redis))
        self.clock = clock
        self.pool = replace(POOL, version="")
        self._ids = ScriptedIds()
        self._requests = 0

    @classmethod
    async def created(cls, redis: Redis, clock: ManualClock) -> "Harness":
        harness = cls(redis, clock)
        assert await harness.commit(Change(pool=POOL)) == Committed()
        harness.pool = POOL
        return harness

    def snapshot(self, code: str = CODE) -> Snapshot:
        now = self.clock.now()
        return Snapshot(self.pool, now, self._ids.change_id(now), code)

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
        return Commit(key, change, self.clock.now(), self.pool)

    def starting(self, by: Route | None = None, code: str = CODE, unique_name: str = "") -> Change:
        claimed = by or route(ALICE)
        conversation = created(
            self.snapshot(code), claimed.masked_number, (claimed.person,), unique_name
        )
        return Change(after=conversation, claims=(RouteClaim(claimed),))

    async def started(self, by: Route | None = None, code: str = CODE) -> Conversation:
        change = self.starting(by, code)
        assert await self.commit(change) == Committed()
        return after(change)

    async def connected(self) -> Conversation:
        waiting = await self.started()
        claim = RouteClaim(Route(waiting.masked_number, BOB))
        change = Change(waiting, joined(self.snapshot(), waiting, BOB), (claim,))
        assert await self.commit(change) == Committed()
        return after(change)

    async def end(self, before: Conversation) -> Conversation:
        over = ended(self.snapshot(), before, EndReason.PARTICIPANT_ENDED)
        assert await self.commit(Change(before, over)) == Committed()
        return over

    async def load(self, read_set: ReadSet) -> Snapshot:
        batch = await self.store.load([(NEVER_SEEN, read_set)], self.pool, self.clock.now())
        assert batch.version == self.pool.version
        [snapshot] = batch.snapshots
        return snapshot

    async def earlier(self, *fields: str, request_id: str) -> Duplicate | None:
        key = IdempotencyKey("call", request_id, fields)
        batch = await self.store.load([(key, ReadSet())], self.pool, self.clock.now())
        [duplicate] = batch.duplicates
        return duplicate

    async def on_routes(self, *routes: Route) -> dict[Route, Conversation]:
        snapshot = await self.load(ReadSet(routes=routes))
        return {route: item for route in routes if (item := snapshot.on_route(route))}

    async def live(self, *routes: Route) -> dict[Route, Conversation]:
        on_routes = await self.on_routes(*routes)
        return {route: item for route, item in on_routes.items() if item.is_live}

    async def invitation(self, code: str) -> Conversation | None:
        return (await self.load(ReadSet(code=code))).invitation


def after(change: Change) -> Conversation:
    assert change.after is not None
    return change.after
