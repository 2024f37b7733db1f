"""Commits changes directly, without the operations."""

from dataclasses import replace
from datetime import UTC, datetime

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import OutboundMessage
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.keyspace.keys import Keys
from support.conversations import ALICE, MASKED, POOL

KEYS = Keys("main")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
# For changes whose conditions do not matter.
UNCREATED = replace(POOL, version="")


async def commit(
    store: ConversationRepository, name: str, change: Change, kind: str = "call"
) -> None:
    [outcome] = await store.commit([Commit(IdempotencyKey(kind, name, ()), change, NOW, UNCREATED)])
    assert outcome == Committed()


async def add_messages(
    store: ConversationRepository, *bodies: str, name: str = "m", conversation_id: str = ""
) -> None:
    texts = tuple(
        OutboundMessage(f"{name}-{at}", conversation_id, MASKED, ALICE, body)
        for at, body in enumerate(bodies)
    )
    events = (Event(EventType.MESSAGE_RELAYED, conversation_id),) if conversation_id else ()
    await commit(store, name, Change(texts=texts, events=events), "text")
