"""What commit.lua keeps of the texts that it puts into the outbox."""

from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.model.messages import OutboundMessage
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.outbox.outbox import Outbox
from support.conversations import ALICE, MASKED, POOL, pool_storage

KEYS = Keys("main")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("is_relayed", [True, False])
async def test_a_message_knows_whether_it_is_a_participants_words(
    redis: Redis, is_relayed: bool
) -> None:
    store = ConversationRepository(pool_storage(redis))
    await redis.set(KEYS.version, POOL.version)
    text = OutboundMessage("m-0", "c", MASKED, ALICE, "hi", is_relayed=is_relayed)
    commit = Commit(IdempotencyKey("text", "m", ()), Change(texts=(text,)), NOW, POOL)
    assert await store.commit([commit]) == [Committed()]
    assert await redis.hget(KEYS.message("m-0"), "talk") == (b"1" if is_relayed else None)
    [known] = await Outbox(pool_storage(redis), redis).messages(["m-0"])
    assert (known.is_relayed, known.conversation_id, known.recipient_id) == (
        is_relayed,
        "c",
        ALICE.person_id,
    )
