"""The scripts of the outbox: leases, settlement, status updates."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.model.events import Event, EventType, Rule
from conversation_service.domain.model.messages import MessageState, OutboundMessage
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.event_log import EventLog
from conversation_service.store.outbox.outbox import LeaseLost, Outbox
from conversation_service.store.outbox.settlement import Settlement, StatusUpdate
from support.conversations import ALICE, MASKED

from .committing import KEYS, NOW, add_messages, commit

LEASE = timedelta(seconds=30)


async def test_a_lease_has_one_holder_who_can_renew_it(outbox: Outbox) -> None:
    first = await outbox.acquire_lease("", LEASE)
    assert first == "1"
    assert await outbox.acquire_lease("", LEASE) is None
    assert await outbox.acquire_lease(first, LEASE) == first


async def test_an_expired_lease_is_taken_with_a_higher_token(redis: Redis, outbox: Outbox) -> None:
    first = await outbox.acquire_lease("", LEASE)
    await redis.delete(KEYS.lease)
    assert await outbox.acquire_lease("", LEASE) == "2"
    assert await outbox.acquire_lease(first or "", LEASE) is None


async def test_a_lease_expires_by_itself(redis: Redis, outbox: Outbox) -> None:
    await outbox.acquire_lease("", LEASE)
    assert 0 < await redis.pttl(KEYS.lease) <= LEASE // timedelta(milliseconds=1)


async def test_a_lease_is_given_back_by_its_holder_only(redis: Redis, outbox: Outbox) -> None:
    token = await outbox.acquire_lease("", LEASE)
    await outbox.release_lease("another")
    assert await redis.exists(KEYS.lease)
    await outbox.release_lease(token or "")
    assert not await redis.exists(KEYS.lease)


async def test_settled_messages_advance_and_leave_the_outbox(
    redis: Redis, store: ConversationRepository, outbox: Outbox
) -> None:
    await add_messages(store, "one", "two", "three")
    token = await outbox.acquire_lease("", LEASE) or ""
    await outbox.prepare()
    first, second, third = await outbox.read_new(10, None)
    await outbox.settle(token, [Settlement(second.entry_id, "m-1", MessageState.SENT)], NOW)
    assert await redis.xlen(KEYS.outbox) == 2, "no words wait for those before them"
    rest = [
        Settlement(first.entry_id, "m-0", MessageState.REFUSED),
        Settlement(third.entry_id, "m-2", MessageState.UNKNOWN),
    ]
    await outbox.settle(token, rest, NOW)
    assert await redis.xlen(KEYS.outbox) == 0
    states = [await outbox.state(f"m-{number}") for number in range(3)]
    assert states == [MessageState.REFUSED, MessageState.SENT, MessageState.UNKNOWN]


async def test_nothing_is_settled_under_a_lost_lease(
    redis: Redis, store: ConversationRepository, outbox: Outbox
) -> None:
    await add_messages(store, "one")
    token = await outbox.acquire_lease("", LEASE) or ""
    await outbox.prepare()
    [text] = await outbox.read_new(10, None)
    await redis.set(KEYS.lease, "someone else's")
    with pytest.raises(LeaseLost):
        await outbox.settle(token, [Settlement(text.entry_id, "m-0", MessageState.SENT)], NOW)
    assert await redis.xlen(KEYS.outbox) == 1
    assert await outbox.state("m-0") is MessageState.ACCEPTED


async def test_settling_never_skips_an_entry_that_was_not_read(
    redis: Redis, store: ConversationRepository, outbox: Outbox
) -> None:
    await add_messages(store, "one", "two")
    token = await outbox.acquire_lease("", LEASE) or ""
    await outbox.prepare()
    [text] = await outbox.read_new(1, None)
    await outbox.settle(token, [Settlement(text.entry_id, "m-0", MessageState.SENT)], NOW)
    assert [one.message_id for one in await outbox.read_new(10, None)] == ["m-1"]


async def test_status_updates_advance_a_message_and_never_reverse_it(
    store: ConversationRepository, outbox: Outbox
) -> None:
    await add_messages(store, "one")
    for told, known in [
        (MessageState.SENT, MessageState.SENT),
        (MessageState.UNKNOWN, MessageState.SENT),
        (MessageState.DELIVERED, MessageState.DELIVERED),
        (MessageState.UNDELIVERED, MessageState.DELIVERED),
    ]:
        assert await outbox.advance([StatusUpdate("m-0", told)], NOW) == [ALICE.person_id]
        assert await outbox.state("m-0") is known


async def test_a_status_update_of_an_expired_message_creates_nothing(
    redis: Redis, outbox: Outbox
) -> None:
    assert await outbox.advance([StatusUpdate("m-9", MessageState.SENT)], NOW) == [""]
    assert await redis.keys("*") == []


async def test_pending_entries_are_read_again_in_order(
    store: ConversationRepository, outbox: Outbox
) -> None:
    await add_messages(store, "one", "two", "three")
    await outbox.prepare()
    read = await outbox.read_new(10, None)
    assert await outbox.read_pending("0", 2) == read[:2]
    assert await outbox.read_pending(read[1].entry_id, 2) == read[2:]


async def test_creating_the_group_twice_loses_nothing(
    store: ConversationRepository, outbox: Outbox
) -> None:
    await add_messages(store, "before the group was there")
    await outbox.prepare()
    await outbox.prepare()
    assert len(await outbox.read_new(10, None)) == 1


async def test_the_events_of_a_message_are_recorded_once_and_in_order(
    store: ConversationRepository, outbox: Outbox, event_log: EventLog
) -> None:
    await add_messages(store, "one", "two", conversation_id="c")
    token = await outbox.acquire_lease("", LEASE) or ""
    await outbox.prepare()
    first, second = await outbox.read_new(10, None)
    settled = [
        Settlement(first.entry_id, "m-0", MessageState.SENT),
        Settlement(second.entry_id, "m-1", MessageState.REFUSED, Rule.OPTED_OUT),
    ]
    await outbox.settle(token, settled, NOW)
    for _ in range(2):
        await outbox.advance([StatusUpdate("m-0", MessageState.DELIVERED)], NOW)
    told = [one.event for one in await event_log.timeline("c", 0, 10)]
    assert told == [
        Event(EventType.MESSAGE_RELAYED, "c"),
        Event(EventType.MESSAGE_SENT, "c", message_id="m-0"),
        Event(EventType.MESSAGE_REFUSED, "c", message_id="m-1", detail="OPTED_OUT"),
        Event(EventType.MESSAGE_DELIVERED, "c", message_id="m-0"),
    ]
    assert [one.event for one in await event_log.after("0-0", 10)] == told


async def test_a_message_outside_of_any_conversation_records_no_event(
    redis: Redis, store: ConversationRepository, outbox: Outbox
) -> None:
    await add_messages(store, "one")
    await outbox.advance([StatusUpdate("m-0", MessageState.SENT)], NOW)
    assert await redis.exists(KEYS.events) == 0


async def test_a_status_update_creates_no_timeline_that_has_expired(
    redis: Redis, store: ConversationRepository, outbox: Outbox
) -> None:
    await add_messages(store, "one", conversation_id="c")
    await redis.delete(KEYS.timeline("c"))
    await outbox.advance([StatusUpdate("m-0", MessageState.SENT)], NOW)
    assert await redis.exists(KEYS.timeline("c")) == 0


@pytest.mark.parametrize("is_relayed", [True, False])
async def test_a_message_knows_whether_a_participant_wrote_it(
    redis: Redis, store: ConversationRepository, outbox: Outbox, is_relayed: bool
) -> None:
    message = OutboundMessage("m-0", "c", MASKED, ALICE, "hi", is_relayed=is_relayed)
    await commit(store, "m", Change(texts=(message,)), "text")
    assert await redis.hget(KEYS.message("m-0"), "talk") == (b"1" if is_relayed else None)
    [status] = await outbox.messages(["m-0"])
    assert (status.is_relayed, status.conversation_id) == (is_relayed, "c")
    assert status.recipient_id == ALICE.person_id
