"""The scripts of the outbox: leases, settlement, status updates."""

import pytest

from conversation_service.domain.model.events import Event, EventType, Failure, FailureReason
from conversation_service.domain.model.messages import MessageState
from conversation_service.store.event_log import START
from conversation_service.store.outbox.outbox import LeaseLost
from conversation_service.store.outbox.settlement import Settlement
from support.builders.conversations import ALICE
from support.builders.dispatch_harness import CONVERSATION, KEYS

from .outbox_harness import LEASE, OutboxHarness, dead_lettering


async def test_a_lease_has_one_holder_who_can_renew_it(outbox: OutboxHarness) -> None:
    first = await outbox.outbox.acquire_lease("", LEASE)
    assert first == "1"
    assert await outbox.outbox.acquire_lease("", LEASE) is None
    assert await outbox.outbox.acquire_lease(first, LEASE) == first


async def test_an_expired_lease_is_taken_with_a_higher_token(outbox: OutboxHarness) -> None:
    first = await outbox.outbox.acquire_lease("", LEASE)
    assert LEASE / 2 < await outbox.ttl(KEYS.lease) <= LEASE
    await outbox.redis.delete(KEYS.lease)
    assert await outbox.outbox.acquire_lease("", LEASE) == "2"
    assert await outbox.outbox.acquire_lease(first or "", LEASE) is None


async def test_a_lease_is_released_by_its_holder_only(outbox: OutboxHarness) -> None:
    token = await outbox.outbox.acquire_lease("", LEASE)
    await outbox.outbox.release_lease("another")
    assert await outbox.redis.exists(KEYS.lease)
    await outbox.outbox.release_lease(token or "")
    assert not await outbox.redis.exists(KEYS.lease)


async def test_settled_messages_advance_and_leave_the_outbox(outbox: OutboxHarness) -> None:
    await outbox.add_all("one", "two", "three")
    first, second, third = await outbox.read()
    await outbox.settle(Settlement(second.entry_id, "m1", MessageState.SENT))
    assert await outbox.entry_ids() == [first.entry_id, third.entry_id]
    await outbox.settle(
        Settlement(first.entry_id, "m0", MessageState.REFUSED),
        Settlement(third.entry_id, "m2", MessageState.UNKNOWN),
    )
    assert await outbox.entry_ids() == []
    states = [await outbox.outbox.state(f"m{number}") for number in range(3)]
    assert states == [MessageState.REFUSED, MessageState.SENT, MessageState.UNKNOWN]


async def test_nothing_is_settled_under_a_lost_lease(outbox: OutboxHarness) -> None:
    await outbox.add_all("one", "two")
    first, second = await outbox.read()
    await outbox.redis.set(KEYS.lease, "someone else's")
    with pytest.raises(LeaseLost):
        await outbox.settle(
            Settlement(first.entry_id, "m0", MessageState.SENT), dead_lettering(second)
        )
    assert await outbox.entry_ids() == [first.entry_id, second.entry_id]
    assert await outbox.outbox.state("m0") is MessageState.ACCEPTED
    assert await outbox.dead_letters.count() == 0


async def test_settling_never_skips_an_entry_that_was_not_read(outbox: OutboxHarness) -> None:
    await outbox.add_all("one", "two")
    [entry] = await outbox.read(1)
    await outbox.settle(Settlement(entry.entry_id, "m0", MessageState.SENT))
    assert [entry.message_id for entry in await outbox.read()] == ["m1"]


async def test_status_updates_advance_a_message_and_never_reverse_it(outbox: OutboxHarness) -> None:
    await outbox.add_all("one")
    for update, expected in [
        (MessageState.SENT, MessageState.SENT),
        (MessageState.UNKNOWN, MessageState.SENT),
        (MessageState.DELIVERED, MessageState.DELIVERED),
        (MessageState.UNDELIVERED, MessageState.DELIVERED),
    ]:
        assert await outbox.advance("m0", update) == [ALICE.person_id]
        assert await outbox.outbox.state("m0") is expected


async def test_a_status_update_of_an_expired_message_creates_nothing(outbox: OutboxHarness) -> None:
    assert await outbox.advance("m9", MessageState.SENT) == [""]
    assert await outbox.redis.keys("*") == []


async def test_entries_are_read_again_in_order_until_they_are_settled(
    outbox: OutboxHarness,
) -> None:
    await outbox.add_all("one", "two", "three")
    entries = await outbox.read()
    assert await outbox.read() == []
    assert await outbox.outbox.read("0", 2, None) == entries[:2]
    assert await outbox.outbox.read(entries[1].entry_id, 2, None) == entries[2:]


OPTED_OUT = Failure(FailureReason.OPTED_OUT, "1110")


async def test_the_events_of_a_message_are_recorded_once_and_in_order(
    outbox: OutboxHarness,
) -> None:
    await outbox.add_all("one", "two")
    first, second = await outbox.read()
    await outbox.settle(
        Settlement(first.entry_id, "m0", MessageState.SENT),
        Settlement(second.entry_id, "m1", MessageState.REFUSED, OPTED_OUT),
    )
    for _ in range(2):
        await outbox.advance("m0", MessageState.DELIVERED)
    timeline = await outbox.event_log.timeline(CONVERSATION, START, 10)
    events = [logged.event for logged in timeline[2:]]
    assert events == [
        Event(EventType.MESSAGE_SENT, CONVERSATION, message_id="m0"),
        Event(EventType.MESSAGE_FAILED, CONVERSATION, message_id="m1", detail=OPTED_OUT),
        Event(EventType.MESSAGE_DELIVERED, CONVERSATION, message_id="m0"),
    ]
    assert await outbox.logged() == events


async def test_a_message_outside_of_any_conversation_records_no_event(
    outbox: OutboxHarness,
) -> None:
    await outbox.add_all("one", conversation_id="")
    await outbox.advance("m0", MessageState.SENT)
    assert await outbox.redis.exists(KEYS.events) == 0


async def test_a_status_update_creates_no_timeline_that_has_expired(outbox: OutboxHarness) -> None:
    await outbox.add_all("one")
    await outbox.redis.delete(KEYS.timeline(CONVERSATION))
    await outbox.advance("m0", MessageState.SENT)
    assert await outbox.redis.exists(KEYS.timeline(CONVERSATION)) == 0


@pytest.mark.parametrize("is_relayed", [True, False])
async def test_a_message_knows_whether_a_participant_wrote_it(
    outbox: OutboxHarness, is_relayed: bool
) -> None:
    await outbox.add(ALICE, "hi", CONVERSATION, is_relayed=is_relayed)
    assert await outbox.redis.hget(KEYS.message("m0"), "talk") == (b"1" if is_relayed else None)
    [status] = await outbox.outbox.messages(["m0"])
    assert (status.is_relayed, status.conversation_id) == (is_relayed, CONVERSATION)
    assert status.recipient_id == ALICE.person_id
