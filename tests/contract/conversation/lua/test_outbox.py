"""The scripts of the outbox: leases, settlement, status updates."""

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.events import Event, EventType, Failure, FailureReason
from conversation_service.domain.model.messages import MessageState, OutboundMessage
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.event_log import START
from conversation_service.store.outbox.entry import OutboxEntry
from conversation_service.store.outbox.outbox import LeaseLost, Outbox
from conversation_service.store.outbox.settlement import Settlement
from conversation_service.store.records.encrypted import RecordCipher
from support.builders.conversations import ALICE, MASKED, POOL, pool_storage
from support.builders.dispatch_harness import CONVERSATION, KEYS
from support.clock import ManualClock

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
        Settlement(first.entry_id, "m0", MessageState.FAILED),
        Settlement(third.entry_id, "m2", MessageState.UNCERTAIN),
    )
    assert await outbox.entry_ids() == []
    states = [await outbox.outbox.state(f"m{number}") for number in range(3)]
    assert states == [MessageState.FAILED, MessageState.SENT, MessageState.UNCERTAIN]


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
        (MessageState.UNCERTAIN, MessageState.SENT),
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
        Settlement(second.entry_id, "m1", MessageState.FAILED, OPTED_OUT),
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
    [status] = await outbox.outbox.messages(["m0"])
    assert (status.is_relayed, status.conversation_id) == (is_relayed, CONVERSATION)
    assert status.recipient_id == ALICE.person_id


async def test_a_look_finds_entries_that_exist_and_recipients_who_opted_out(
    outbox: OutboxHarness,
) -> None:
    await outbox.add_all("one", "two")
    first, second = (entry for entry in await outbox.read() if isinstance(entry, OutboxEntry))
    await outbox.redis.xdel(KEYS.outbox, first.entry_id)
    await outbox.redis.set(KEYS.version, "v1")
    looked_up = await outbox.outbox.look_up([first, second])
    assert looked_up == ({second.entry_id}, ({}, set()), "v1")
    opt_out = OptOut(outbox.clock.now(), OptOutSource.CLIENT)
    await SuppressionList(outbox.redis).add(ALICE.person_id, opt_out)
    looked_up = await outbox.outbox.look_up([second])
    assert looked_up.recipients == ({ALICE: opt_out}, set())


async def test_a_replica_sends_its_own_messages_without_decrypting_them(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = pool_storage(redis)
    message = OutboundMessage("m1", "", MASKED, ALICE, "hello")
    key, uncreated = IdempotencyKey("text", "m1", ()), replace(POOL, version="")
    commit = Commit(key, Change(texts=(message,)), ManualClock().now(), uncreated)
    await ConversationRepository(storage).commit([commit])
    monkeypatch.delattr(RecordCipher, "decrypt_body")
    own, other = Outbox(storage, redis), Outbox(pool_storage(redis), redis)
    [entry] = await own.read("0", 1, None)
    assert isinstance(entry, OutboxEntry)
    assert entry.message is message
    with pytest.raises(AttributeError):
        await other.read("0", 1, None)
