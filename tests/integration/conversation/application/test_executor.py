"""The executor: consent is stored before the commit, and the pool is decrypted once per version."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from conversation_service.application.executor import Executor
from conversation_service.application.ids import RandomIds
from conversation_service.application.pools import PoolContext
from conversation_service.domain.commands.client.create import CreateConversation
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.messages import InboundMessage
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates import languages
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, CommitOutcome, Committed
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.deployment.usage_samples import UsageSamples
from conversation_service.store.event_log import EventLog
from conversation_service.store.outbox.outbox import Outbox
from conversation_service.store.records.encrypted import RecordCipher
from support.builders.conversations import (
    ALICE,
    ALICE_NUMBER,
    BOB,
    BOB_NUMBER,
    MASKED,
    POOL,
    pool_storage,
    settings_with,
)
from support.clock import ManualClock
from support.services.conversation_service import RunningService

NEW_POOL = replace(POOL, version="")


class Crash(Exception):
    """The process ends."""


class CrashingRepository(ConversationRepository):
    """Crashes at the commit as often as a test wants."""

    crashes = 0

    async def commit(self, commits: Sequence[Commit]) -> list[CommitOutcome]:
        if self.crashes:
            self.crashes -= 1
            raise Crash
        return await super().commit(commits)


class Replica:
    """One pool as a replica has it."""

    def __init__(self, redis: Redis, clock: ManualClock) -> None:
        storage = pool_storage(redis)
        self.redis = redis
        self.clock = clock
        self.store = CrashingRepository(storage)
        self.suppression = SuppressionList(redis)
        events = EventLog(storage)
        self.executor = Executor(
            NEW_POOL, self.store, self.suppression, events, clock, RandomIds(), self.is_open
        )
        outbox, samples = Outbox(storage, redis), UsageSamples(storage)
        self.context = PoolContext("main", self.executor, self.store, outbox, events, samples)

    async def is_open(self) -> bool:
        """No older copy of Redis is restored here."""
        return True

    async def change_pool(self, pool: Pool) -> None:
        """A change that this replica's executor does not see."""
        known = await self.store.pool() or NEW_POOL
        key = IdempotencyKey("seed", pool.version, ())
        commit = Commit(key, Change(pool=pool), self.clock.now(), known)
        assert await self.store.commit([commit]) == [Committed()]


@pytest.fixture
async def replica(redis: Redis, clock: ManualClock) -> Replica:
    replica = Replica(redis, clock)
    await replica.change_pool(POOL)
    await replica.executor.reload()
    return replica


def message(body: str) -> ReceiveMessage:
    """A message from Bob, the same at every delivery."""
    return ReceiveMessage(InboundMessage(f"mdr2-{body}", BOB_NUMBER, MASKED, body), BOB)


async def test_an_opt_out_survives_a_crash_at_the_commit_and_its_message_is_decided_the_same_again(
    replica: Replica,
) -> None:
    opened = await replica.executor.run(CreateConversation("r1", (ALICE, BOB)))
    replica.store.crashes = 1
    with pytest.raises(Crash):
        await replica.executor.run(message("quit"))
    assert BOB.person_id in await replica.suppression.find([BOB.person_id])
    response = await replica.executor.run(message("quit"))
    assert response.timeline_id == opened.changed.conversation_id
    [ended] = await replica.store.history(BOB)
    assert ended.end_reason is EndReason.OPTED_OUT


async def test_an_opt_in_survives_a_crash_at_the_commit(replica: Replica) -> None:
    await replica.executor.run(message("quit"))
    replica.store.crashes = 1
    with pytest.raises(Crash):
        await replica.executor.run(message("yes"))
    assert await replica.suppression.find([BOB.person_id]) == {}


async def test_a_changed_pool_is_seen_at_once_by_a_getter_that_leaves_the_executor_alone(
    replica: Replica,
) -> None:
    before = replica.context.pool
    changed = replace(POOL, settings=settings_with({"operator_name": "Another"}), version="w")
    await Replica(replica.redis, replica.clock).change_pool(changed)
    assert await replica.context.current_settings() == changed.settings
    assert replica.context.pool is before
    await replica.executor.run(message("hello"))
    assert replica.context.pool == changed


async def test_dispatched_batches_of_an_unchanged_pool_decrypt_and_render_nothing(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "hello")
    await service.heard(ALICE_NUMBER, 1)
    calls: list[str] = []
    decrypt, merge = RecordCipher.decrypt_pool, languages._merged

    def decrypt_pool(cipher: RecordCipher, stored: bytes) -> Pool:
        calls.append("decrypted")
        return decrypt(cipher, stored)

    def merged(*arguments: object) -> object:
        calls.append("rendered")
        return merge(*arguments)  # type: ignore[arg-type]  # passes on whatever it is given

    monkeypatch.setattr(RecordCipher, "decrypt_pool", decrypt_pool)
    monkeypatch.setattr(languages, "_merged", merged)
    for number in range(2, 4):
        await service.deliver(BOB_NUMBER, f"hello {number}")
        await service.heard(ALICE_NUMBER, number)
    assert calls == []
