"""An outbox with its dead letters and its lease."""

from datetime import datetime, timedelta

from conversation_service.domain.model.events import DeadLetterReason, Event, EventType
from conversation_service.domain.model.messages import MessageState
from conversation_service.store.keyspace.timestamps import from_ms
from conversation_service.store.outbox.dead_letters import DeadLetter
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.settlement import DeadLettering, Settlement, StatusUpdate
from support.builders.conversations import ALICE, SETTINGS
from support.builders.dispatch_harness import CONVERSATION, Harness
from support.clock import ManualClock

NOW = ManualClock().now()
LATER = NOW + timedelta(minutes=5)
LEASE = timedelta(seconds=30)
KEPT = SETTINGS.retention.dead_letters


class OutboxHarness(Harness):
    """Reads and settles by hand, without a dispatcher."""

    token = ""
    read_through = "0"

    async def add_all(self, *bodies: str, conversation_id: str = CONVERSATION) -> None:
        """Adds messages to Alice."""
        for body in bodies:
            await self.add(ALICE, body, conversation_id)

    async def read(self, limit: int = 200) -> list[OutboxEntry | CorruptEntry]:
        """Takes or renews the lease and reads the entries behind those that it read before."""
        self.token = await self.outbox.acquire_lease(self.token, LEASE) or ""
        entries = await self.outbox.read(self.read_through, limit, None)
        self.read_through = entries[-1].entry_id if entries else self.read_through
        return entries

    async def settle(self, *items: Settlement | DeadLettering) -> None:
        await self.outbox.settle(self.token, items, NOW)

    async def advance(self, message_id: str, state: MessageState) -> list[str]:
        return await self.outbox.advance([StatusUpdate(message_id, state)], NOW)

    async def dead_letter(
        self, *bodies: str, conversation_id: str = CONVERSATION, kept: timedelta = KEPT
    ) -> list[DeadLetter]:
        """Adds messages and makes them dead letters."""
        await self.add_all(*bodies, conversation_id=conversation_id)
        await self.settle(*(dead_lettering(entry, kept=kept) for entry in await self.read()))
        return await self.dead_letters.page(1000, "")

    async def replay(self, dead_letter_id: str, message_id: str) -> str | None:
        return await self.dead_letters.replay(
            "r1", dead_letter_id, message_id, LATER, self.settings
        )

    async def discard(self, dead_letter_id: str, message_id: str) -> str | None:
        return await self.dead_letters.discard(
            "r1", dead_letter_id, message_id, LATER, self.settings
        )

    async def logged(self) -> list[Event]:
        """The events behind the messages' own."""
        events = [logged.event for logged in await self.event_log.after("0-0", 1000)]
        return [event for event in events if event.type is not EventType.MESSAGE_RELAYED]

    async def ttl(self, key: str) -> timedelta:
        return timedelta(milliseconds=await self.redis.pttl(key))


def dead_lettering(
    entry: OutboxEntry | CorruptEntry,
    reason: DeadLetterReason = DeadLetterReason.INVALID,
    kept: timedelta = KEPT,
) -> DeadLettering:
    return DeadLettering(entry.entry_id, entry.message_id, reason, kept)


def died_at(letter: DeadLetter) -> datetime:
    """By Redis's own clock, which numbers dead letters."""
    return from_ms(int(letter.dead_letter_id.partition("-")[0]))
