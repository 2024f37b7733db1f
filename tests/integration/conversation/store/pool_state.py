"""The store of a pool: its conversations, outbox and dead letters."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.lifecycle import created
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import DeadLetterReason
from conversation_service.domain.model.messages import OutboundMessage
from conversation_service.domain.model.participants import Person
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.outbox.dead_letters import DeadLetters
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.outbox import Outbox
from conversation_service.store.outbox.settlement import DeadLettering
from conversation_service.store.storage import Storage
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED, POOL
from support.clock import ManualClock

NOW = ManualClock().now()


def facts(change_id: str) -> Snapshot:
    return Snapshot(POOL, NOW, change_id, "X4X4X4")


class PoolState:
    """Writes changes directly, without commands."""

    def __init__(self, storage: Storage) -> None:
        pool = storage.pool("main")
        self.redis: Redis = pool.redis
        self.alice, self.bob = (
            storage.people.person("main", number) for number in (ALICE_NUMBER, BOB_NUMBER)
        )
        self.store = ConversationRepository(pool)
        # Of another replica, which has to decrypt what this one committed.
        self.outbox = Outbox(Storage(pool.redis, pool.cipher).pool("main"), pool.redis)
        self.dead_letters = DeadLetters(pool)
        self.pool = replace(POOL, version="")
        self._changes = 0

    @property
    def people(self) -> tuple[Person, Person]:
        return self.alice, self.bob

    def open(self, conversation_id: str, masked_number: str = MASKED) -> Conversation:
        """A conversation between Alice and Bob that is not stored yet."""
        return created(facts(conversation_id), masked_number, self.people)

    def commit_of(self, change: Change, *bodies: str, key: IdempotencyKey | None = None) -> Commit:
        """The change, with messages to Bob whose ids are their bodies."""
        self._changes += 1
        conversation_id = change.after.conversation_id if change.after else ""
        texts = tuple(
            OutboundMessage(body, conversation_id, MASKED, self.bob, body) for body in bodies
        )
        key = key or IdempotencyKey("text", str(self._changes), ())
        return Commit(key, replace(change, texts=texts), NOW, self.pool)

    async def commit(self, change: Change, *bodies: str, key: IdempotencyKey | None = None) -> None:
        commit = self.commit_of(change, *bodies, key=key)
        assert await self.store.commit([commit]) == [Committed()]

    async def get(self, conversation_id: str) -> Conversation:
        conversation = await self.store.get(conversation_id)
        assert conversation is not None
        return conversation

    async def entries(self) -> Sequence[OutboxEntry | CorruptEntry]:
        return await self.outbox.read("0", 100, None)

    async def outbox_bodies(self) -> list[str]:
        """The bodies that can be read in the outbox."""
        entries = await self.entries()
        return [entry.message.body for entry in entries if isinstance(entry, OutboxEntry)]

    async def dead_letter_all(self) -> None:
        """Moves the whole outbox to the dead letters."""
        kept, reason = POOL.settings.retention.dead_letters, DeadLetterReason.INVALID
        dead = [
            DeadLettering(entry.entry_id, entry.message_id, reason, kept)
            for entry in await self.entries()
        ]
        token = await self.outbox.acquire_lease("", timedelta(seconds=30)) or ""
        await self.outbox.settle(token, dead, NOW)
        await self.outbox.release_lease(token)
