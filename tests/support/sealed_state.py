"""One of everything that is sealed, as a deployment has it under its state keys."""

from dataclasses import replace
from datetime import timedelta

from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import Receipt
from conversation_service.domain.commands.core.lifecycle import ended, held, opened, paused
from conversation_service.domain.commands.core.snapshot import Facts, Lookup
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import HeldText, OutboundText
from conversation_service.domain.model.participants import Person
from conversation_service.store.conversations.repository import RedisStore
from conversation_service.store.conversations.types import Commit, Done
from conversation_service.store.deployment.pool_index import Registry
from conversation_service.store.encryption.blind_index import People
from conversation_service.store.encryption.blind_index_key import Unlocking
from conversation_service.store.encryption.cipher import Vault
from conversation_service.store.outbox.dead_letters import DeadLetters, Death
from conversation_service.store.outbox.entry import OwedText, Unreadable
from conversation_service.store.outbox.outbox import Burial, Outbox
from conversation_service.store.rotation.rotation import Rotation
from support.clock import ManualClock
from support.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED, OTHER_MASKED, POOL

NOW = ManualClock().now()
KEPT = POOL.settings.dead_letters_kept
UNBORN = replace(POOL, version="")
CALL = Receipt("call", "r1", ())
TALK, OVER = "c1", "c2"


class SealedState:
    """One pool as a replica with these state keys has it."""

    def __init__(self, redis: Redis, vault: Vault) -> None:
        self.people = people = People(vault)
        self.alice = people.person("main", ALICE_NUMBER)
        self.bob = people.person("main", BOB_NUMBER)
        self.store = RedisStore(redis, "main", vault)
        self.outbox = Outbox(redis, redis, "main", vault)
        self.dead = DeadLetters(redis, "main", vault)
        self.rotation = Rotation(redis, vault)
        self._registry = Registry(redis, vault)

    async def fill(self) -> None:
        """Settings, a paused conversation with two held texts, a receipt, texts owed and dead, and
        a conversation that has just ended, with its last words."""
        await self.commit(Receipt("seed", "s", ()), Change(pool=POOL))
        await self._registry.enter("main")
        talk = held(paused(_facts(TALK), opened(_facts(TALK), MASKED, self._people)), self.alice)
        words = tuple(HeldText(self.alice.participant_id, body) for body in ("held", "held too"))
        await self.commit(CALL, Change(after=talk, held=words))
        await self.owe("dead", "dead too")
        await self.bury()
        await self.owe("owed")
        await self.end("last")

    @property
    def _people(self) -> tuple[Person, ...]:
        return self.alice, self.bob

    async def commit(self, receipt: Receipt, change: Change) -> None:
        """A change of the pool as it is."""
        commit = Commit(receipt, change, NOW, UNBORN if change.pool else POOL)
        assert await self.store.commit([commit]) == [Done()]

    async def owe(self, *bodies: str) -> None:
        """Texts to Bob, each with its body for a name."""
        for body in bodies:
            text = OutboundText(body, TALK, MASKED, self.bob, body)
            event = Event(EventType.MESSAGE_RELAYED, TALK)
            await self.commit(Receipt("text", body, ()), Change(texts=(text,), events=(event,)))

    async def end(self, body: str) -> None:
        """Bob hears of the end of another conversation."""
        talk = opened(_facts(OVER), OTHER_MASKED, self._people)
        await self.commit(Receipt("text", OVER, ()), Change(after=talk))
        over = ended(_facts("e2"), talk, EndReason.PARTICIPANT_ENDED)
        text = OutboundText(body, OVER, OTHER_MASKED, self.bob, body)
        change = Change(before=talk, after=over, texts=(text,))
        await self.commit(Receipt("text", body, ()), change)

    async def bury(self) -> None:
        """Everything owed cannot be processed."""
        token = await self.outbox.take_lease("", timedelta(seconds=30)) or ""
        dead = [
            Burial(one.entry_id, one.message_id, Death.INVALID, KEPT) for one in await self._owed()
        ]
        await self.outbox.settle(token, dead, NOW)
        await self.outbox.release_lease(token)

    async def words(self) -> list[str]:
        """All bodies that this replica can read: held, owed, dead."""
        lookup = Lookup(conversation_id=TALK, held_in=TALK)
        [loaded] = (await self.store.load([(CALL, lookup)], POOL)).found
        assert loaded.earlier
        assert loaded.earlier.answer.conversation == loaded.conversation
        texts = [one.envelope.body for one in await self._owed() if isinstance(one, OwedText)]
        dead = [one.message_id for one in await self.dead.page(10, "") if one.is_readable]
        return [one.body for one in loaded.held] + texts + dead

    async def _owed(self) -> list[OwedText | Unreadable]:
        await self.outbox.prepare()
        return await self.outbox.read_unsettled("0", 10) + await self.outbox.read_new(10, None)


def _facts(name: str) -> Facts:
    return Facts(POOL, NOW, name, "X4X4X4", {})


async def replica(redis: Redis, secret: str, *former: str) -> SealedState:
    """A replica that is started with these keys. Raises KeyLost."""
    vault = Vault(secret, former, is_locked=True)
    await Unlocking(redis, vault).unlock()
    return SealedState(redis, vault)
