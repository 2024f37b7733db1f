"""The executor: consent is stored before the commit, and the pool is decrypted once per version."""

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from conversation_service.domain.commands.client.create import CreateConversation
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.messages import InboundMessage
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates import languages
from conversation_service.store.records.encrypted import RecordCipher
from support.builders.conversations import (
    ALICE,
    ALICE_NUMBER,
    BOB,
    BOB_NUMBER,
    MASKED,
    POOL,
    settings_with,
)
from support.clock import ManualClock
from support.services.conversation_service import RunningService

from .executor_replica import Crash, Replica


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
