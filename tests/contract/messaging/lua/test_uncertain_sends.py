"""The scripts of uncertain sends: each row of their headers, on a real server."""

from dataclasses import replace

from contract.messaging.lua.ledger_parts import AGAIN, BY_RECEIPT, SENT, UNKNOWN, Books, existing
from redis.asyncio import Redis

from messaging_service.model.message import MessageState, UncertainSend
from support.clock import ManualClock

# mark_uncertain.lua


async def test_mark_uncertain_marked_stores_the_start_of_the_attempt_and_changes_nothing_again(
    books: Books, clock: ManualClock
) -> None:
    started = clock.now()
    await books.claim()
    clock.move(seconds=10)
    message = await books.mark_uncertain()
    assert message.status == UNKNOWN
    assert message.uncertain_send == UncertainSend("t1", started, clock.now())
    clock.move(seconds=1)
    assert await books.mark_uncertain() == message


async def test_mark_uncertain_marked_a_second_attempt_keeps_the_start_of_the_first(
    books: Books, clock: ManualClock
) -> None:
    started = clock.now()
    uncertain_send = await books.lose_answer()
    await books.uncertain.record_lookup("m1", uncertain_send, 3)
    await books.uncertain.allow_resend("m1", uncertain_send, AGAIN)
    clock.move(minutes=5)
    await books.claim("t2")
    message = await books.mark_uncertain("t2")
    assert message.uncertain_send == UncertainSend("t2", started, clock.now(), lookups_done=0)
    assert message.resends == 1


async def test_mark_uncertain_kept_a_message_that_a_receipt_moved_meanwhile(books: Books) -> None:
    await books.claim()
    await books.receipt(1004)
    message = existing(await books.ledger.mark_uncertain("m1", "t1", BY_RECEIPT))
    assert message.status.state is MessageState.DELIVERED
    assert message.resolution is BY_RECEIPT
    assert books.metrics.resolutions == [BY_RECEIPT]


async def test_mark_uncertain_kept_a_message_that_the_attempt_has_not_claimed(books: Books) -> None:
    await books.claim()
    await books.release()
    assert (await books.mark_uncertain()).status.state is MessageState.ACCEPTED


async def test_mark_uncertain_absent_of_an_unknown_message(books: Books, redis: Redis) -> None:
    assert await books.ledger.mark_uncertain("m1", "t1") is None
    assert await redis.keys() == []


# annotate.lua


async def test_annotate_annotated_is_part_of_the_record(books: Books) -> None:
    await books.claim()
    assert await books.ledger.record_media("m1", "t1", 2, 1)
    uncertain_send = await books.lose_answer()
    message = existing(await books.uncertain.record_lookup("m1", uncertain_send, 3))
    assert (message.media_count, message.refused_media) == (2, 1)
    assert message.uncertain_send == replace(uncertain_send, lookups_done=3)


async def test_annotate_kept_when_the_attempt_has_no_claim(books: Books) -> None:
    await books.claim()
    await books.release()
    assert not await books.ledger.record_media("m1", "t1", 2, 1)


async def test_annotate_kept_a_message_that_moved_on_is_not_given_up(books: Books) -> None:
    uncertain_send = await books.lose_answer()
    await books.receipt(1003)
    message = existing(await books.uncertain.give_up("m1", uncertain_send))
    assert message.resolution is BY_RECEIPT
    assert books.metrics.resolutions == [BY_RECEIPT]


async def test_annotate_absent_of_an_unknown_message(books: Books, redis: Redis) -> None:
    uncertain_send = await books.lose_answer()
    await redis.flushall()
    assert await books.uncertain.record_lookup("m1", uncertain_send, 1) is None
    assert await redis.keys() == []


# allow_resend.lua


async def test_allow_resend_allowed_counts_a_resend_and_ends_the_claim(books: Books) -> None:
    await books.allow_resend()
    message = await books.get()
    assert (message.status, message.uncertain_send, message.resends) == (UNKNOWN, None, 1)
    assert message.resolution is AGAIN
    assert message.is_open
    assert books.metrics.resolutions == [AGAIN]


async def test_allow_resend_kept_a_message_that_a_receipt_moved(books: Books) -> None:
    uncertain_send = await books.lose_answer()
    moved = await books.moved(1003)
    await books.uncertain.allow_resend("m1", uncertain_send, AGAIN)
    assert await books.get() == moved
    assert books.metrics.resolutions == [BY_RECEIPT]


async def test_allow_resend_kept_when_it_is_repeated_or_the_message_moved_on(books: Books) -> None:
    uncertain_send = await books.allow_resend()
    await books.uncertain.allow_resend("m1", uncertain_send, AGAIN)
    await books.receipt(1003)
    await books.uncertain.allow_resend("m1", uncertain_send, AGAIN)
    message = await books.get()
    assert (message.status, message.resends) == (SENT, 1)
    assert books.metrics.resolutions == [AGAIN]
