"""The stores of one pool, on an empty Redis."""

import pytest
from redis.asyncio import Redis

from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.event_log import EventLog
from conversation_service.store.outbox.outbox import Outbox
from support.conversations import pool_storage


@pytest.fixture
def store(redis: Redis) -> ConversationRepository:
    return ConversationRepository(pool_storage(redis))


@pytest.fixture
def event_log(redis: Redis) -> EventLog:
    return EventLog(pool_storage(redis))


@pytest.fixture
def outbox(redis: Redis) -> Outbox:
    return Outbox(pool_storage(redis), redis)
