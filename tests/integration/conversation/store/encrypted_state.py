"""One of every encrypted value, as a deployment has them under its state keys."""

from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.lifecycle import ended, message_held, paused
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.model.consent import Erasure
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.encryption.blind_index_key import BlindIndexKeyStore
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.erasure.log import ErasureLog
from conversation_service.store.rotation.rotation import Rotation
from conversation_service.store.storage import Storage
from support.builders.conversations import OTHER_MASKED, POOL

from .pool_state import NOW, PoolState, facts

CALL = IdempotencyKey("call", "r1", ())
LIVE, OVER = "c1", "c2"
ERASURE = "erasure"


class EncryptedState(PoolState):
    """One pool as a replica with these state keys has it, and a person who is being erased."""

    def __init__(self, redis: Redis, cipher: Cipher) -> None:
        storage = Storage(redis, cipher)
        super().__init__(storage)
        self.rotation = Rotation(storage)
        self._index = PoolIndex(storage)
        self.erasures = ErasureLog(storage)

    async def fill(self) -> None:
        """Settings, a paused conversation with two held messages, a stored response, messages in
        the outbox and dead, and a conversation that has just ended, with its last message."""
        await self.commit(Change(pool=POOL))
        self.pool = POOL
        await self._index.add("main")
        live = message_held(paused(facts(LIVE), self.open(LIVE)), self.alice, "held")
        held = tuple(
            HeldMessage(body, self.alice.participant_id, body) for body in ("held", "held too")
        )
        await self.commit(Change(after=live, held=held), key=CALL)
        await self.commit(Change(), "dead", "dead too")
        await self.dead_letter_all()
        await self.commit(Change(), "waiting")
        before = self.open(OVER, OTHER_MASKED)
        await self.commit(Change(after=before))
        over = ended(facts("e2"), before, EndReason.PARTICIPANT_ENDED)
        await self.commit(Change(before=before, after=over), "last")
        await self.erasures.add(Erasure(ERASURE, NOW), "", self.alice.person_id)

    async def is_being_erased(self) -> str:
        """The person id in the erasure that is pending."""
        recorded = await self.erasures.find(ERASURE)
        assert recorded
        return self.erasures.person_id(recorded)

    async def bodies(self) -> list[str]:
        """All bodies that this replica can read: held, in the outbox, dead."""
        read_set = ReadSet(conversation_id=LIVE, held_in=LIVE)
        loaded = await self.store.load([(CALL, read_set)], POOL, NOW)
        [duplicate], [snapshot] = loaded.duplicates, loaded.snapshots
        assert duplicate
        assert duplicate.response.conversation == snapshot.conversation
        letters = await self.dead_letters.page(10, "")
        dead = [letter.message_id for letter in letters if letter.is_readable]
        return [held.body for held in snapshot.held] + await self.outbox_bodies() + dead


async def replica(redis: Redis, secret: str, *former: str) -> EncryptedState:
    """A replica that is started with these keys. Raises StateKeyMismatch."""
    cipher = Cipher(secret, former)
    await BlindIndexKeyStore(redis, cipher).load()
    return EncryptedState(redis, cipher)
