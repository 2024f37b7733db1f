"""The scripts of uncertain sends: each row of their headers, on a real server."""

from dataclasses import replace

from contract.messaging.lua.ledger_parts import (
    AGAIN,
    SENT,
    TEXT,
    UNKNOWN,
    RememberingMetrics,
    existing,
    lost_answer,
)
from redis.asyncio import Redis

from messaging_service.ledger.ledger import Ledger
from messaging_service.ledger.uncertain_sends import UncertainSends
from messaging_service.model.message import MessageState, UncertainSend, UnknownResolution
from messaging_service.model.receipt import Receipt
from support.clock import ManualClock

# mark_uncertain.lua


async def test_mark_uncertain_marked_stores_the_start_of_the_attempt(
    ledger: Ledger, clock: ManualClock
) -> None:
    started = clock.now()
    await ledger.claim(TEXT, "t1")
    clock.move(seconds=10)
    message = existing(await ledger.mark_uncertain("m1", "t1"))
    assert message.status == UNKNOWN
    assert message.uncertain_send == UncertainSend("t1", started, clock.now())


async def test_mark_uncertain_marked_again_changes_nothing(
    ledger: Ledger, clock: ManualClock
) -> None:
    lost, _ = await lost_answer(ledger)
    clock.move(seconds=1)
    assert await ledger.mark_uncertain("m1", "t1") == lost


async def test_mark_uncertain_marked_a_second_attempt_keeps_the_start_of_the_first(
    ledger: Ledger, uncertain_sends: UncertainSends, clock: ManualClock
) -> None:
    started = clock.now()
    _, uncertain_send = await lost_answer(ledger)
    await uncertain_sends.record_lookup("m1", uncertain_send, 3)
    await uncertain_sends.allow_resend("m1", uncertain_send, AGAIN)
    clock.move(minutes=5)
    await ledger.claim(TEXT, "t2")
    message = existing(await ledger.mark_uncertain("m1", "t2"))
    assert message.uncertain_send == UncertainSend("t2", started, clock.now(), lookups_done=0)
    assert message.resends == 1


async def test_mark_uncertain_kept_a_message_that_a_receipt_moved_meanwhile(
    ledger: Ledger, metrics: RememberingMetrics
) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.record_receipt(Receipt("mdr2-1", "", 1004, ""), "t1")
    message = existing(await ledger.mark_uncertain("m1", "t1", UnknownResolution.RECEIPT))
    assert message.status.state is MessageState.DELIVERED
    assert message.resolution is UnknownResolution.RECEIPT
    assert metrics.resolved_so_far == [UnknownResolution.RECEIPT]


async def test_mark_uncertain_kept_a_message_that_the_attempt_has_not_claimed(
    ledger: Ledger,
) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.release("m1", "t1")
    message = existing(await ledger.mark_uncertain("m1", "t1"))
    assert message.status.state is MessageState.ACCEPTED


async def test_mark_uncertain_absent_of_an_unknown_message(ledger: Ledger, redis: Redis) -> None:
    assert await ledger.mark_uncertain("m1", "t1") is None
    assert await redis.keys() == []


# annotate.lua


async def test_annotate_annotated_is_part_of_the_record(
    ledger: Ledger, uncertain_sends: UncertainSends
) -> None:
    await ledger.claim(TEXT, "t1")
    assert await ledger.record_media("m1", "t1", 2, 1)
    lost = existing(await ledger.mark_uncertain("m1", "t1"))
    assert lost.uncertain_send is not None
    message = existing(await uncertain_sends.record_lookup("m1", lost.uncertain_send, 3))
    assert (message.media_count, message.refused_media) == (2, 1)
    assert message.uncertain_send == replace(lost.uncertain_send, lookups_done=3)


async def test_annotate_kept_when_the_attempt_has_no_claim(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.release("m1", "t1")
    assert not await ledger.record_media("m1", "t1", 2, 1)


async def test_annotate_kept_a_message_that_moved_on_is_not_given_up(
    ledger: Ledger, uncertain_sends: UncertainSends, metrics: RememberingMetrics
) -> None:
    _, uncertain_send = await lost_answer(ledger)
    await ledger.record_receipt(Receipt("mdr2-1", "", 1003, ""), "t1")
    message = existing(await uncertain_sends.give_up("m1", uncertain_send))
    assert message.resolution is UnknownResolution.RECEIPT
    assert metrics.resolved_so_far == [UnknownResolution.RECEIPT]


async def test_annotate_absent_of_an_unknown_message(
    ledger: Ledger, uncertain_sends: UncertainSends, redis: Redis
) -> None:
    _, uncertain_send = await lost_answer(ledger)
    await redis.flushall()
    assert await uncertain_sends.record_lookup("m1", uncertain_send, 1) is None
    assert await redis.keys() == []


# allow_resend.lua


async def test_allow_resend_allowed_counts_a_resend_and_ends_the_claim(
    ledger: Ledger, uncertain_sends: UncertainSends, metrics: RememberingMetrics
) -> None:
    _, uncertain_send = await lost_answer(ledger)
    await uncertain_sends.allow_resend("m1", uncertain_send, AGAIN)
    message = existing(await ledger.get("m1"))
    assert (message.status, message.uncertain_send, message.resends) == (UNKNOWN, None, 1)
    assert message.resolution is AGAIN
    assert message.is_open
    assert metrics.resolved_so_far == [AGAIN]


async def test_allow_resend_kept_a_message_that_a_receipt_moved(
    ledger: Ledger, uncertain_sends: UncertainSends, metrics: RememberingMetrics
) -> None:
    _, uncertain_send = await lost_answer(ledger)
    moved = await ledger.record_receipt(Receipt("mdr2-1", "", 1003, ""), "t1")
    await uncertain_sends.allow_resend("m1", uncertain_send, AGAIN)
    assert await ledger.get("m1") == moved
    assert metrics.resolved_so_far == [UnknownResolution.RECEIPT]


async def test_allow_resend_kept_when_it_is_repeated_or_the_message_moved_on(
    ledger: Ledger, uncertain_sends: UncertainSends, metrics: RememberingMetrics
) -> None:
    _, uncertain_send = await lost_answer(ledger)
    await uncertain_sends.allow_resend("m1", uncertain_send, AGAIN)
    await uncertain_sends.allow_resend("m1", uncertain_send, AGAIN)
    await ledger.record_receipt(Receipt("mdr2-1", "", 1003, ""), "t1")
    await uncertain_sends.allow_resend("m1", uncertain_send, AGAIN)
    message = existing(await ledger.get("m1"))
    assert (message.status, message.resends) == (SENT, 1)
    assert metrics.resolved_so_far == [AGAIN]
