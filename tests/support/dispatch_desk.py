"""A pool's outbox, a scripted messaging service before it, and as many dispatchers as wanted."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Self, cast

from redis.asyncio import Redis

from conversation_service.dispatch.batch import BatchRunner, Delivery
from conversation_service.dispatch.dispatcher import Dispatcher
from conversation_service.dispatch.pre_send import PreSendChecks
from conversation_service.dispatch.settle import Settler
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import (
    DeliveryFailure,
    MessageState,
    OutboundMessage,
)
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.messaging.send import Retry, SendResult, Sent, TextToSend
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.event_log import EventLog
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.outbox.dead_letters import DeadLetters
from conversation_service.store.outbox.outbox import Outbox
from support.clock import ManualClock
from support.conversations import MASKED, PEOPLE, POOL, SETTINGS, pool_storage

KEYS = Keys("main")
SENT = Sent(MessageState.SENT)
CONVERSATION = "c1"

Scripted = SendResult | Exception


def person(number: int) -> Person:
    """One of a hundred people."""
    return PEOPLE.person("main", f"+142555501{number:02}")


class Carrier:
    """The messaging service as far as a delivery sees it: scripted answers, then SENT.

    `always` are answers that are given again and again. A batch with a body of `poison` raises.
    """

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        self.asked_for: list[TextToSend] = []
        self.batches: list[list[str]] = []
        self.answers: defaultdict[str, list[Scripted]] = defaultdict(list)
        self.always: dict[str, Scripted] = {}
        self.poison: dict[str, Exception] = {}
        self.room: int | None = None
        self.full = Retry(POOL.settings.code_lifetime, is_paced=True)
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    async def send(self, texts: Sequence[TextToSend]) -> list[SendResult]:
        self.batches.append([text.body for text in texts])
        self.asked_for += texts
        self.asked.set()
        await self.gate.wait()
        for text in texts:
            if text.body in self.poison:
                raise self.poison[text.body]
        return [self._answer(text) for text in texts]

    def bodies(self, person: Person) -> list[str]:
        return [body for to, body in self.received if to == person.phone_number]

    def _answer(self, text: TextToSend) -> SendResult:
        scripted = self.answers[text.body]
        answer = scripted.pop(0) if scripted else self.always.get(text.body, SENT)
        if isinstance(answer, Exception):
            raise answer
        if answer == SENT:
            answer = self._sent(text)
        return answer

    def _sent(self, text: TextToSend) -> SendResult:
        if self.room == 0:
            return self.full
        if self.room is not None:
            self.room -= 1
        self.received.append((text.to_number, text.body))
        return SENT


class OptOutBook:
    """What a delivery tells of people who get no more texts."""

    def __init__(self, suppression: SuppressionList, clock: ManualClock) -> None:
        self.opted_out: list[tuple[str, OptOutSource, str]] = []
        self.ended: list[str] = []
        self._suppression = suppression
        self._clock = clock

    async def opt_out(self, person_id: str, source: OptOutSource, intent_id: str) -> None:
        self.opted_out.append((person_id, source, intent_id))
        await self._suppression.add(person_id, OptOut(self._clock.now(), source, intent_id))

    async def end_all(self, person_id: str) -> None:
        self.ended.append(person_id)


class Failures:
    """What senders are told; raises once for each of `errors`."""

    def __init__(self) -> None:
        self.told: list[DeliveryFailure] = []
        self.errors: list[Exception] = []

    async def tell(self, failures: Sequence[DeliveryFailure]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.told += failures


class Desk:
    """A pool's outbox and as many replicas as a test wants."""

    def __init__(self, redis: Redis, clock: ManualClock) -> None:
        self.redis = redis
        self.clock = clock
        self.carrier = Carrier()
        self.failures = Failures()
        self.settings = SETTINGS
        self.outbox = Outbox(pool_storage(redis), redis)
        self.dead = DeadLetters(pool_storage(redis))
        self.journal = EventLog(pool_storage(redis))
        self.suppression = SuppressionList(redis)
        self.opt_outs = OptOutBook(self.suppression, clock)
        self._replicas: list[Dispatcher] = []
        self._store = ConversationRepository(pool_storage(redis))
        self._accepted = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing of a test goes on reading when its connections are closed."""
        self.carrier.gate.set()
        for replica in self._replicas:
            await replica.close()

    def replica(self) -> Dispatcher:
        screening = PreSendChecks(self.outbox, self.suppression, self.opt_outs)
        settling = Settler("main", self.outbox, self.failures, self.pool_settings)
        delivery = Delivery(
            "main", self.carrier, screening, settling, self.pool_settings, self.clock
        )
        rounds = BatchRunner(self.outbox, delivery, settling, self.clock, jitter=lambda: 1.0)
        replica = Dispatcher(self.outbox, rounds, self.clock, block_ms=None)
        self._replicas.append(replica)
        return replica

    async def accept(self, *texts: tuple[Person, str], may_reach_opted_out: bool = False) -> None:
        """Texts that Maskline writes, outside of any conversation."""
        for to, body in texts:
            await self.owe(to, body, may_reach_opted_out=may_reach_opted_out)

    async def talk(self, *texts: tuple[Person, str]) -> None:
        """Texts of participants, all of one conversation."""
        for to, body in texts:
            await self.owe(to, body, CONVERSATION, is_relayed=True)

    async def owe(
        self,
        to: Person,
        body: str,
        conversation_id: str = "",
        *,
        may_reach_opted_out: bool = False,
        is_relayed: bool = False,
    ) -> None:
        """One text; its id tells how many came before it."""
        name = f"m{self._accepted}"
        self._accepted += 1
        flags = (may_reach_opted_out, is_relayed)
        text = OutboundMessage(name, conversation_id, MASKED, to, body, *flags)
        events = (Event(EventType.MESSAGE_RELAYED, conversation_id, message_id=name),)
        change = Change(texts=(text,), events=events if conversation_id else ())
        uncreated = replace(POOL, version="")
        commit = Commit(IdempotencyKey("text", name, ()), change, self.clock.now(), uncreated)
        assert await self._store.commit([commit]) == [Committed()]

    async def damage(self, message_id: str) -> None:
        """Somebody put something into the outbox that nobody can read."""
        fields: dict[str | bytes, str | bytes] = {"message": message_id, "at": "1", "text": "junk"}
        await self.redis.xadd(KEYS.outbox, fields)  # type: ignore[arg-type]

    async def entry_ids(self) -> list[str]:
        """The places of the texts in the outbox."""
        found = cast("list[tuple[bytes, object]]", await self.redis.xrange(KEYS.outbox))
        return [entry_id.decode() for entry_id, _ in found]

    async def owed(self) -> int:
        return (await self.outbox.backlog()).waiting

    async def run_until(self, dispatcher: Dispatcher, owed: int = 0) -> None:
        for _ in range(400):
            await dispatcher.run_once()
            if await self.owed() == owed:
                return
        raise AssertionError(f"{await self.owed()} texts are still owed")

    async def turns(self, dispatcher: Dispatcher, number: int = 10) -> None:
        """Lets it do what it can while the clock stands."""
        for _ in range(number):
            await dispatcher.run_once()

    async def told(self, conversation_id: str = CONVERSATION) -> list[tuple[str, str]]:
        """What happened to texts of a conversation after they were accepted: types and details."""
        events = await self.journal.timeline(conversation_id, 0, 100)
        kinds = [(one.event.type.value, one.event.detail) for one in events]
        return [kind for kind in kinds if kind[0] != "MESSAGE_RELAYED"]

    async def pool_settings(self) -> PoolSettings:
        return self.settings
