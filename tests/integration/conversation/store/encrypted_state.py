"""One of every encrypted value, as a deployment has them under its state keys."""

from dataclasses import replace
from datetime import timedelta

from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.lifecycle import ended, message_held, opened, paused
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import HeldMessage, OutboundMessage
from conversation_service.domain.model.participants import Person
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.encryption.blind_index_key import BlindIndexKeyStore
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.outbox.dead_letters import DeadLetterReason, DeadLetters
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.outbox import Outbox
from conversation_service.store.outbox.settlement import DeadLettering
from conversation_service.store.rotation.rotation import Rotation
from conversation_service.store.storage import Storage
from support.clock import ManualClock
from support.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED, OTHER_MASKED, POOL

NOW = ManualClock().now()
KEPT = POOL.settings.dead_letters_kept
UNCREATED = replace(POOL, version="")
CALL = IdempotencyKey("call", "r1", ())
TALK, OVER = "c1", "c2"


class EncryptedState:
    """One pool as a replica with these state keys has it."""

    def __init__(self, redis: Redis, cipher: Cipher) -> None:
        storage = Storage(redis, cipher)
        pool = storage.pool("main")
        people = storage.people
        self.alice = people.person("main", ALICE_NUMBER)
        self.bob = people.person("main", BOB_NUMBER)
        self.store = ConversationRepository(pool)
        self.outbox = Outbox(pool, redis)
        self.dead = DeadLetters(pool)
        self.rotation = Rotation(storage)
        self._index = PoolIndex(storage)

    async def fill(self) -> None:
        """Settings, a paused conversation with two held texts, a receipt, texts owed and dead, and
        a conversation that has just ended, with its last words."""
        await self.commit(IdempotencyKey("seed", "s", ()), Change(pool=POOL))
        await self._index.add("main")
        talk = message_held(
            paused(_facts(TALK), opened(_facts(TALK), MASKED, self._people)), self.alice
        )
        words = tuple(HeldMessage(self.alice.participant_id, body) for body in ("held", "held too"))
        await self.commit(CALL, Change(after=talk, held=words))
        await self.owe("dead", "dead too")
        await self.dead_letter()
        await self.owe("owed")
        await self.end("last")

    @property
    def _people(self) -> tuple[Person, ...]:
        return self.alice, self.bob

    async def commit(self, receipt: IdempotencyKey, change: Change) -> None:
        """A change of the pool as it is."""
        commit = Commit(receipt, change, NOW, UNCREATED if change.pool else POOL)
        assert await self.store.commit([commit]) == [Committed()]

    async def owe(self, *bodies: str) -> None:
        """Texts to Bob, each with its body for a name."""
        for body in bodies:
            text = OutboundMessage(body, TALK, MASKED, self.bob, body)
            event = Event(EventType.MESSAGE_RELAYED, TALK)
            await self.commit(
                IdempotencyKey("text", body, ()), Change(texts=(text,), events=(event,))
            )

    async def end(self, body: str) -> None:
        """Bob hears of the end of another conversation."""
        talk = opened(_facts(OVER), OTHER_MASKED, self._people)
        await self.commit(IdempotencyKey("text", OVER, ()), Change(after=talk))
        over = ended(_facts("e2"), talk, EndReason.PARTICIPANT_ENDED)
        text = OutboundMessage(body, OVER, OTHER_MASKED, self.bob, body)
        change = Change(before=talk, after=over, texts=(text,))
        await self.commit(IdempotencyKey("text", body, ()), change)

    async def dead_letter(self) -> None:
        """Everything owed cannot be processed."""
        token = await self.outbox.acquire_lease("", timedelta(seconds=30)) or ""
        dead = [
            DeadLettering(one.entry_id, one.message_id, DeadLetterReason.INVALID, KEPT)
            for one in await self._owed()
        ]
        await self.outbox.settle(token, dead, NOW)
        await self.outbox.release_lease(token)

    async def words(self) -> list[str]:
        """All bodies that this replica can read: held, owed, dead."""
        read_set = ReadSet(conversation_id=TALK, held_in=TALK)
        loaded = await self.store.load([(CALL, read_set)], POOL, NOW)
        [duplicate], [snapshot] = loaded.duplicates, loaded.snapshots
        assert duplicate
        assert duplicate.response.conversation == snapshot.conversation
        texts = [one.message.body for one in await self._owed() if isinstance(one, OutboxEntry)]
        dead = [one.message_id for one in await self.dead.page(10, "") if one.is_readable]
        return [one.body for one in snapshot.held] + texts + dead

    async def _owed(self) -> list[OutboxEntry | CorruptEntry]:
        await self.outbox.prepare()
        return await self.outbox.read_pending("0", 10) + await self.outbox.read_new(10, None)


def _facts(name: str) -> Snapshot:
    return Snapshot(POOL, NOW, name, "X4X4X4")


async def replica(redis: Redis, secret: str, *former: str) -> EncryptedState:
    """A replica that is started with these keys. Raises KeyLost."""
    cipher = Cipher(secret, former)
    await BlindIndexKeyStore(redis, cipher).load()
    return EncryptedState(redis, cipher)
