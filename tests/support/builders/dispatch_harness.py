"""A pool's outbox on a real Redis, a scripted messaging service, and any number of dispatchers."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Self, cast

from redis.asyncio import Redis

from conversation_service.application.inbound.delivery_receipts import FailureNotifier
from conversation_service.application.opt_outs import OptOuts
from conversation_service.application.restore_guard import RestoreGuard
from conversation_service.dispatch.batch import DispatchContext
from conversation_service.dispatch.dispatcher import Dispatcher
from conversation_service.dispatch.pre_send import PreSendChecks
from conversation_service.dispatch.settle import Settler
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.model.consent import OptOut, OptOutSource, cause_of
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import (
    Attachment,
    DeliveryFailure,
    MessageState,
    OutboundMessage,
)
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.messaging.client import MessagingClient
from conversation_service.messaging.send import Retry, SendResult, Sent
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.deployment.epoch import Epochs
from conversation_service.store.deployment.state_directory import StateDirectory
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.event_log import START, EventLog
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.outbox.dead_letters import DeadLetters
from conversation_service.store.outbox.outbox import Outbox
from conversation_service.store.records.event_details import encode_detail
from conversation_service.store.storage import Storage
from support.builders.conversations import CIPHER, MASKED, PEOPLE, POOL, SETTINGS, pool_storage
from support.clock import ManualClock

KEYS = Keys("main")
SENT = Sent(MessageState.SENT)
CONVERSATION = "c1"

Scripted = SendResult | Exception


def person(number: int) -> Person:
    """One of a hundred people."""
    return PEOPLE.person("main", f"+142555501{number:02}")


class FakeMessaging(MessagingClient):
    """Returns scripted results by body, then those of `always`, then SENT.

    A batch with a body in `errors` raises.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.requested: list[OutboundMessage] = []
        self.batches: list[list[str]] = []
        self.results: defaultdict[str, list[Scripted]] = defaultdict(list)
        self.always: dict[str, Scripted] = {}
        self.errors: dict[str, Exception] = {}
        # How many more messages are accepted; None for any number.
        self.capacity: int | None = None
        self.throttled = Retry(timedelta(seconds=2), is_throttled=True)
        self.gate = asyncio.Event()
        self.gate.set()
        self.was_called = asyncio.Event()

    async def send(
        self, messages: Sequence[OutboundMessage], pool: str, settings: PoolSettings
    ) -> list[SendResult]:
        self.batches.append([message.body for message in messages])
        self.requested += messages
        self.was_called.set()
        await self.gate.wait()
        for message in messages:
            if message.body in self.errors:
                raise self.errors[message.body]
        return [self._result(message) for message in messages]

    def bodies(self, person: Person) -> list[str]:
        return [body for number, body in self.sent if number == person.phone_number]

    def _result(self, message: OutboundMessage) -> SendResult:
        scripted = self.results[message.body]
        result = scripted.pop(0) if scripted else self.always.get(message.body, SENT)
        if isinstance(result, Exception):
            raise result
        if result != SENT:
            return result
        if self.capacity == 0:
            return self.throttled
        if self.capacity is not None:
            self.capacity -= 1
        self.sent.append((message.to.phone_number, message.body))
        return SENT


class RecordedOptOuts(OptOuts):
    """Records who opted out, and whose conversations were ended."""

    def __init__(self, suppression: SuppressionList, clock: ManualClock) -> None:
        self.opted_out: list[tuple[str, OptOutSource, str]] = []
        self.ended: list[str] = []
        self._suppression = suppression
        self._clock = clock

    async def opt_out(self, person_id: str, source: OptOutSource, command_id: str) -> None:
        self.opted_out.append((person_id, source, command_id))
        await self._suppression.add(
            person_id, OptOut(self._clock.now(), source, cause_of(command_id))
        )

    async def end_all(self, person_id: str) -> None:
        self.ended.append(person_id)


class RecordedFailures(FailureNotifier):
    """Records failures that senders are notified of; raises once for each of `errors`."""

    def __init__(self) -> None:
        self.notified: list[DeliveryFailure] = []
        self.errors: list[Exception] = []

    async def notify(self, failures: Sequence[DeliveryFailure]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.notified += failures


class Harness:
    """One pool and as many dispatchers as a test wants."""

    def __init__(self, redis: Redis, clock: ManualClock) -> None:
        self.redis = redis
        self.clock = clock
        self.messaging = FakeMessaging()
        self.failures = RecordedFailures()
        self.settings = SETTINGS
        self.outbox = Outbox(pool_storage(redis), redis)
        self.dead_letters = DeadLetters(pool_storage(redis))
        self.event_log = EventLog(pool_storage(redis))
        self.opt_outs = RecordedOptOuts(SuppressionList(redis), clock)
        suppression, epochs = SuppressionList(redis), Epochs(Storage(redis, CIPHER))
        self.guard = RestoreGuard(epochs, StateDirectory(None), suppression)
        self._dispatchers: list[Dispatcher] = []
        self._store = ConversationRepository(pool_storage(redis))
        self._added = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """No read goes on when the test's connections are closed."""
        self.messaging.gate.set()
        for dispatcher in self._dispatchers:
            await dispatcher.close()

    def dispatcher(self) -> Dispatcher:
        """Another replica's dispatcher."""
        context = DispatchContext(
            "main",
            self.outbox,
            self.messaging,
            PreSendChecks(
                self.outbox, self.opt_outs, self.settings_at, self._store.record_carrier_block
            ),
            Settler("main", self.outbox, self.failures, self.pool_settings),
            self.clock,
            self.guard,
            jitter=lambda: 1.0,
        )
        self._dispatchers.append(Dispatcher(context, block_ms=None))
        return self._dispatchers[-1]

    async def add_system(
        self, *messages: tuple[Person, str], may_reach_opted_out: bool = False
    ) -> None:
        """System messages outside of any conversation."""
        for to, body in messages:
            await self.add(to, body, may_reach_opted_out=may_reach_opted_out)

    async def add_relayed(self, *messages: tuple[Person, str]) -> None:
        """Messages that participants wrote, all of one conversation."""
        for to, body in messages:
            await self.add(to, body, CONVERSATION, is_relayed=True)

    async def add(
        self,
        to: Person,
        body: str,
        conversation_id: str = "",
        *,
        may_reach_opted_out: bool = False,
        is_relayed: bool = False,
        attachments: tuple[Attachment, ...] = (),
    ) -> None:
        """One message. Ids count from m0."""
        message_id = f"m{self._added}"
        self._added += 1
        flags = (may_reach_opted_out, is_relayed)
        message = OutboundMessage(
            message_id, conversation_id, MASKED, to, body, *flags, attachments=attachments
        )
        events = (Event(EventType.MESSAGE_RELAYED, conversation_id, message_id=message_id),)
        change = Change(texts=(message,), events=events if conversation_id else ())
        key, uncreated = IdempotencyKey("text", message_id, ()), replace(POOL, version="")
        commit = Commit(key, change, self.clock.now(), uncreated)
        assert await self._store.commit([commit]) == [Committed()]

    async def add_corrupt(self, message_id: str) -> None:
        """An entry that cannot be decrypted."""
        fields: dict[str | bytes, str | bytes] = {"message": message_id, "at": "1", "text": "junk"}
        await self.redis.xadd(KEYS.outbox, fields)  # type: ignore[arg-type]

    async def entry_ids(self) -> list[str]:
        """The entries of the outbox."""
        rows = cast("list[tuple[bytes, object]]", await self.redis.xrange(KEYS.outbox))
        return [entry_id.decode() for entry_id, _ in rows]

    async def waiting(self) -> int:
        return (await self.outbox.backlog()).waiting

    async def run_until(self, dispatcher: Dispatcher, waiting: int = 0) -> None:
        for _ in range(400):
            await dispatcher.run_once()
            if await self.waiting() == waiting:
                return
        raise AssertionError(f"{await self.waiting()} messages still wait")

    async def run(self, dispatcher: Dispatcher, rounds: int = 10) -> None:
        """Lets it do what it can while the clock stands."""
        for _ in range(rounds):
            await dispatcher.run_once()

    async def events(self, conversation_id: str = CONVERSATION) -> list[tuple[str, str]]:
        """Types and details of a conversation's events after its messages were accepted."""
        events = await self.event_log.timeline(conversation_id, START, 100)
        kinds = [(logged.event.type.value, encode_detail(logged.event.detail)) for logged in events]
        return [kind for kind in kinds if kind[0] != "MESSAGE_RELAYED"]

    async def pool_settings(self) -> PoolSettings:
        return self.settings

    async def settings_at(self, _: str) -> PoolSettings:
        return self.settings
