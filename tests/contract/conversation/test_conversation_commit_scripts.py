"""What commit.lua keeps of the texts that it puts into the outbox."""

from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import Receipt
from conversation_service.domain.model.messages import OutboundText
from conversation_service.store.conversations.repository import RedisStore
from conversation_service.store.conversations.types import Commit, Done
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.outbox.outbox import Outbox
from support.conversations import ALICE, MASKED, POOL, VAULT

KEYS = Keys("main")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("is_talk", [True, False])
async def test_a_message_knows_whether_it_is_a_participants_words(
    redis: Redis, is_talk: bool
) -> None:
    store = RedisStore(redis, "main", VAULT)
    await redis.set(KEYS.version, POOL.version)
    text = OutboundText("m-0", "c", MASKED, ALICE, "hi", is_talk=is_talk)
    commit = Commit(Receipt("text", "m", ()), Change(texts=(text,)), NOW, POOL)
    assert await store.commit([commit]) == [Done()]
    assert await redis.hget(KEYS.message("m-0"), "talk") == (b"1" if is_talk else None)
    [known] = await Outbox(redis, redis, "main", VAULT).messages(["m-0"])
    assert (known.is_talk, known.conversation_id, known.recipient_id) == (
        is_talk,
        "c",
        ALICE.person_id,
    )
