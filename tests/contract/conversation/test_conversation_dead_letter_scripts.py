"""settle, replay and drop do with dead letters what their headers say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import MessageState, OutboundMessage
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.event_log import EventLog
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.outbox.dead_letters import (
    FORGOTTEN_AT_ONCE,
    DeadLetter,
    DeadLetterReason,
    DeadLetters,
)
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.outbox import DeadLettering, LeaseLost, Outbox, Settlement
from support.conversations import ALICE, ALICE_NUMBER, MASKED, POOL, SETTINGS, pool_storage

KEYS = Keys("main")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
LEASE = timedelta(seconds=30)
DAY = timedelta(days=1)
KEPT = SETTINGS.dead_letters_kept
DEAD = Event(EventType.MESSAGE_DEAD_LETTERED, "c", message_id="m0", detail="INVALID")


class Desk:
    """An outbox, its dead letters, and who may send."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.store = ConversationRepository(pool_storage(redis))
        self.outbox = Outbox(pool_storage(redis), redis)
        self.dead = DeadLetters(pool_storage(redis))
        self.journal = EventLog(pool_storage(redis))
        self.token = ""

    async def owe(self, *bodies: str, conversation_id: str = "c") -> None:
        for at, body in enumerate(bodies):
            text = OutboundMessage(f"m{at}", conversation_id, MASKED, ALICE, body)
            events = (Event(EventType.MESSAGE_RELAYED, conversation_id),) if conversation_id else ()
            change, uncreated = Change(texts=(text,), events=events), replace(POOL, version="")
            commit = Commit(IdempotencyKey("text", text.message_id, ()), change, NOW, uncreated)
            assert await self.store.commit([commit]) == [Committed()]

    async def read(self) -> list[OutboxEntry | CorruptEntry]:
        self.token = await self.outbox.take_lease(self.token, LEASE) or ""
        await self.outbox.prepare()
        return await self.outbox.read_new(100, None)

    async def bury(self, *bodies: str, conversation_id: str = "c") -> list[DeadLetter]:
        await self.owe(*bodies, conversation_id=conversation_id)
        dead = [
            DeadLettering(one.entry_id, one.message_id, DeadLetterReason.INVALID, KEPT)
            for one in await self.read()
        ]
        await self.outbox.settle(self.token, dead, NOW)
        return await self.dead.page(1000, "")

    async def told(self) -> list[Event]:
        return [one.event for one in await self.journal.timeline("c", 1, 100)]


@pytest.fixture
def desk(redis: Redis) -> Desk:
    return Desk(redis)


async def test_a_buried_text_leaves_the_outbox_as_it_was_and_is_told_of(desk: Desk) -> None:
    [letter] = await desk.bury("hello")
    assert letter == DeadLetter(
        letter.dead_letter_id, "m0", "c", DeadLetterReason.INVALID, NOW, NOW, is_readable=True
    )
    assert await desk.redis.xlen(KEYS.outbox) == 0
    assert await desk.told() == [DEAD]
    assert await desk.outbox.state("m0") is MessageState.ACCEPTED
    days = await desk.redis.pttl(KEYS.message("m0")) / timedelta(days=1).total_seconds() / 1000
    assert 29 < days <= 30, "the message is known as long as its dead letter"


async def test_nothing_is_buried_under_a_lost_lease(desk: Desk) -> None:
    await desk.owe("hello")
    [text] = await desk.read()
    burial = DeadLettering(text.entry_id, "m0", DeadLetterReason.INVALID, KEPT)
    with pytest.raises(LeaseLost):
        await desk.outbox.settle("another", [burial], NOW)
    assert await desk.dead.count() == 0
    assert await desk.redis.xlen(KEYS.outbox) == 1


async def test_a_burial_and_a_resolution_that_are_repeated_are_one(desk: Desk) -> None:
    await desk.owe("first", "hello", "bye")
    _, text, last = await desk.read()
    sent = Settlement(last.entry_id, "m2", MessageState.SENT, resolution="RECORD")
    for _ in range(2):
        burial = DeadLettering(text.entry_id, "m1", DeadLetterReason.INVALID, KEPT)
        await desk.outbox.settle(desk.token, [burial, sent], NOW)
    assert await desk.dead.count() == 1
    kinds = [one.type for one in await desk.told()][2:]
    assert kinds == [
        EventType.MESSAGE_DEAD_LETTERED,
        EventType.MESSAGE_SENT,
        EventType.MESSAGE_RESOLVED,
    ]
    assert await desk.redis.xlen(KEYS.outbox) == 1, "the first is still owed"


async def test_an_entry_that_is_gone_is_not_owed_any_more(desk: Desk) -> None:
    await desk.owe("hello")
    [text] = await desk.read()
    await desk.redis.xdel(KEYS.outbox, text.entry_id)
    [gone] = (await desk.outbox.read_again([text.entry_id])).values()
    assert gone == CorruptEntry(text.entry_id, "")
    assert await desk.outbox.read_unsettled("0", 10) == [gone]
    burial = DeadLettering(text.entry_id, "", DeadLetterReason.UNREADABLE, KEPT)
    await desk.outbox.settle(desk.token, [burial], NOW)
    assert await desk.outbox.read_unsettled("0", 10) == []
    assert await desk.dead.count() == 0


async def test_a_replayed_text_is_owed_again_once_however_often_it_is_asked_for(
    desk: Desk,
) -> None:
    [letter] = await desk.bury("hello")
    for _ in range(2):
        assert await desk.dead.replay("r1", letter.dead_letter_id, "m0", LATER, SETTINGS) == "m0"
    assert await desk.dead.count() == 0
    [text] = await desk.read()
    assert isinstance(text, OutboxEntry)
    assert (text.message_id, text.accept_time, text.envelope.body) == ("m0", LATER, "hello")
    assert await desk.told() == [DEAD, Event(EventType.MESSAGE_REPLAYED, "c", message_id="m0")]


async def test_a_dropped_text_is_refused_once_however_often_it_is_asked_for(desk: Desk) -> None:
    [letter] = await desk.bury("hello")
    for _ in range(2):
        assert await desk.dead.drop("r1", letter.dead_letter_id, "m0", LATER, SETTINGS) == "m0"
    assert await desk.dead.count() == 0
    assert await desk.outbox.state("m0") is MessageState.REFUSED
    refused = EventType.MESSAGE_REFUSED
    dropped = Event(refused, "c", message_id="m0", detail="DROPPED_BY_OPERATOR")
    assert await desk.told() == [DEAD, dropped]


@pytest.mark.parametrize("name", ["1-0", "x", "", "1", "99999999999999999999-0"])
async def test_what_is_not_there_can_be_neither_replayed_nor_dropped(desk: Desk, name: str) -> None:
    assert await desk.dead.get(name) is None
    assert await desk.dead.replay("r1", name, "", NOW, SETTINGS) is None
    assert await desk.dead.drop("r1", name, "", NOW, SETTINGS) is None
    assert await desk.redis.keys("*") == []


async def test_receipts_of_changes_expire(desk: Desk) -> None:
    one, other = await desk.bury("one", "two")
    await desk.dead.replay("r1", one.dead_letter_id, "m0", NOW, SETTINGS)
    await desk.dead.drop("r1", other.dead_letter_id, "m1", NOW, SETTINGS)
    receipts = [key async for key in desk.redis.scan_iter("*dead-letter-request:*")]
    assert len(receipts) == 2
    assert all([await desk.redis.pttl(key) > 0 for key in receipts])


async def test_a_message_that_is_forgotten_is_not_made_anew(desk: Desk) -> None:
    one, other = await desk.bury("one", "two")
    await desk.redis.delete(KEYS.message("m0"), KEYS.message("m1"))
    assert await desk.dead.replay("r1", one.dead_letter_id, "m0", NOW, SETTINGS) == "m0"
    assert await desk.dead.drop("r1", other.dead_letter_id, "m1", NOW, SETTINGS) == "m1"
    assert await desk.redis.exists(KEYS.message("m0"), KEYS.message("m1")) == 0


async def test_a_text_outside_of_any_conversation_is_told_of_in_the_pool_only(desk: Desk) -> None:
    [letter] = await desk.bury("code", conversation_id="")
    assert letter.conversation_id == ""
    [event] = [one.event for one in await desk.journal.after("0-0", 10)]
    assert event == replace(DEAD, conversation_id="")
    assert await desk.redis.exists(KEYS.timeline("")) == 0


async def test_pages_go_on_behind_the_last_letter(desk: Desk) -> None:
    letters = await desk.bury("one", "two", "three")
    first = await desk.dead.page(2, "")
    assert first == letters[:2]
    assert await desk.dead.page(2, first[-1].dead_letter_id) == letters[2:]


async def test_nobody_cares_for_a_letter_in_time_and_it_is_given_up_aloud(desk: Desk) -> None:
    letters = await desk.bury(*map(str, range(FORGOTTEN_AT_ONCE + 1)))
    # Letters are numbered by Redis's own clock.
    then = datetime.now(UTC) + SETTINGS.dead_letters_kept
    assert await desk.dead.forget_old(then - DAY, SETTINGS) == 0
    assert await desk.dead.forget_old(then + DAY, SETTINGS) == FORGOTTEN_AT_ONCE
    assert await desk.dead.page(10, "") == letters[FORGOTTEN_AT_ONCE:]
    assert await desk.outbox.state("m0") is MessageState.EXPIRED
    expired = [one for one in await desk.told() if one.type is EventType.MESSAGE_EXPIRED]
    assert len(expired) <= FORGOTTEN_AT_ONCE


async def test_a_dead_letter_shows_neither_number_nor_words(desk: Desk) -> None:
    [letter] = await desk.bury("a secret word")
    stored = repr(await desk.redis.xrange(KEYS.dead)) + repr(letter)
    for hidden in (ALICE_NUMBER[1:], MASKED[1:], "secret"):
        assert hidden not in stored
