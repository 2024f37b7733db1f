"""The dispatcher: order, takeovers, what is not sent, and texts that grow too old."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.dispatch.dispatcher import STANDBY_SECONDS
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.messages import MessageState
from conversation_service.messaging.client import MessagingUnavailable
from conversation_service.messaging.send import Retry, Sent
from support.clock import ManualClock
from support.conversations import ALICE, BOB, CAROL
from support.dispatch_desk import KEYS, Desk


async def dies(*_: object) -> None:
    """The replica never gets any further."""
    await asyncio.get_running_loop().create_future()


@pytest.fixture
async def desk(redis: Redis, clock: ManualClock) -> AsyncIterator[Desk]:
    async with Desk(redis, clock) as one:
        yield one


async def test_texts_to_one_person_leave_in_the_order_in_which_they_were_accepted(
    desk: Desk,
) -> None:
    await desk.accept(*((person, str(at)) for at in range(40) for person in (ALICE, BOB)))
    await desk.run_until(desk.replica())
    in_order = [str(at) for at in range(40)]
    assert desk.carrier.bodies(ALICE) == desk.carrier.bodies(BOB) == in_order


async def test_a_text_that_was_not_sent_holds_up_its_own_recipient_only(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [Retry(timedelta(seconds=30))]
    await desk.accept((ALICE, "a1"), (ALICE, "a2"), (BOB, "b1"), (BOB, "b2"))
    dispatcher = desk.replica()
    for _ in range(20):
        await dispatcher.run_once()
    assert desk.carrier.bodies(ALICE) == []
    assert desk.carrier.bodies(BOB) == ["b1", "b2"]
    desk.clock.move(seconds=30)
    await desk.run_until(dispatcher)
    assert desk.carrier.bodies(ALICE) == ["a1", "a2"]


async def test_an_unreachable_messaging_service_costs_time_and_no_text(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [MessagingUnavailable(), MessagingUnavailable()]
    await desk.accept((ALICE, "a1"))
    dispatcher = desk.replica()
    for _ in range(10):
        await dispatcher.run_once()
    assert await desk.owed() == 1
    desk.clock.move(seconds=1)
    for _ in range(10):
        await dispatcher.run_once()
    desk.clock.move(seconds=2)
    await desk.run_until(dispatcher)
    assert desk.carrier.bodies(ALICE) == ["a1"]


async def test_a_fault_of_our_own_costs_time_and_no_text(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [ValueError("a fault")]
    await desk.accept((ALICE, "a1"), (BOB, "b1"))
    dispatcher = desk.replica()
    for _ in range(10):
        await dispatcher.run_once()
    desk.clock.move(seconds=1)
    await desk.run_until(dispatcher)
    assert desk.carrier.bodies(ALICE) == ["a1"]
    assert "b1" in desk.carrier.bodies(BOB)


async def test_refused_and_unknown_texts_are_settled_as_such_and_not_sent_again(
    desk: Desk,
) -> None:
    desk.carrier.answers["a1"] = [Sent(MessageState.REFUSED)]
    desk.carrier.answers["b1"] = [Sent(MessageState.UNKNOWN)]
    await desk.accept((ALICE, "a1"), (BOB, "b1"))
    await desk.run_until(desk.replica())
    assert desk.carrier.received == []
    assert await desk.outbox.state("m0") is MessageState.REFUSED
    assert await desk.outbox.state("m1") is MessageState.UNKNOWN


async def test_a_text_too_old_to_be_expected_is_given_up(desk: Desk) -> None:
    await desk.accept((ALICE, "old"))
    desk.settings = replace(desk.settings, text_validity=timedelta(minutes=10))
    desk.clock.move(minutes=10, seconds=1)
    await desk.accept((ALICE, "new"))
    await desk.run_until(desk.replica())
    assert desk.carrier.bodies(ALICE) == ["new"]
    assert await desk.outbox.state("m0") is MessageState.EXPIRED


async def test_only_the_holder_of_the_lease_sends(desk: Desk) -> None:
    first, second = desk.replica(), desk.replica()
    await first.run_once()
    await desk.accept((ALICE, "a1"))
    assert await second.run_once() == STANDBY_SECONDS
    assert desk.carrier.batches == []
    await desk.run_until(first)
    assert desk.carrier.bodies(ALICE) == ["a1"]


async def test_a_takeover_begins_with_what_was_read_and_not_settled(desk: Desk) -> None:
    """Killed between send and settle: sent again under the same id, which is sent once."""
    await desk.accept((ALICE, "a1"), (ALICE, "a2"))
    killed = desk.replica()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.outbox, "settle", dies)
        for _ in range(10):
            await killed.run_once()
    assert desk.carrier.bodies(ALICE) == ["a1"]
    await desk.redis.delete(KEYS.lease)
    await desk.run_until(desk.replica())
    assert desk.carrier.bodies(ALICE) == ["a1", "a1", "a2"]


async def test_a_replica_that_lost_its_lease_settles_nothing_and_stands_back(desk: Desk) -> None:
    await desk.accept((ALICE, "a1"))
    late = desk.replica()
    desk.carrier.gate.clear()
    waiting = asyncio.create_task(desk.run_until(late))
    await desk.carrier.asked.wait()
    await desk.redis.set(KEYS.lease, "another replica's")
    desk.carrier.gate.set()
    while await late.run_once() != STANDBY_SECONDS:
        pass
    waiting.cancel()
    assert await desk.owed() == 1
    assert await desk.outbox.state("m0") is MessageState.ACCEPTED


async def test_a_replica_that_closes_hands_over_at_once(desk: Desk) -> None:
    first, second = desk.replica(), desk.replica()
    await first.run_once()
    await first.close()
    await desk.accept((CAROL, "c1"))
    await desk.run_until(second)
    assert desk.carrier.bodies(CAROL) == ["c1"]


async def test_more_texts_than_fit_in_memory_are_all_sent(desk: Desk) -> None:
    await desk.accept(*((ALICE if at % 2 else BOB, str(at)) for at in range(60)))
    dispatcher = desk.replica()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conversation_service.dispatch.dispatcher.WINDOW", 4)
        await desk.run_until(dispatcher)
    assert len(desk.carrier.received) == 60
    assert desk.carrier.bodies(ALICE) == [str(at) for at in range(60) if at % 2]


async def test_a_read_that_failed_is_made_up_for(desk: Desk) -> None:
    """Redis handed texts out, but the answer never arrived."""
    dispatcher = desk.replica()
    await dispatcher.run_once()
    await desk.accept((ALICE, "a1"), (ALICE, "a2"))
    read_new = desk.outbox.read_new

    async def read_and_lose(limit: int, block_ms: int | None) -> list[object]:
        await read_new(limit, block_ms)
        raise ConnectionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.outbox, "read_new", read_and_lose)
        with pytest.raises(ConnectionError):
            await desk.run_until(dispatcher)
    await desk.run_until(dispatcher)
    assert desk.carrier.bodies(ALICE) == ["a1", "a2"]


async def test_nothing_is_sent_to_who_opted_out_but_the_one_confirmation(desk: Desk) -> None:
    await desk.opt_outs.opt_out(ALICE.person_id, OptOutSource.TEXT, "mdr2-1")
    await desk.accept((ALICE, "the confirmation"), may_reach_opted_out=True)
    await desk.accept((ALICE, "too late"), (BOB, "b1"))
    await desk.run_until(desk.replica())
    assert desk.carrier.bodies(ALICE) == ["the confirmation"]
    assert desk.carrier.bodies(BOB) == ["b1"]
    assert await desk.outbox.state("m1") is MessageState.REFUSED
    assert desk.opt_outs.ended == [ALICE.person_id], "it was begun while they opted out"


async def test_an_opt_out_that_the_carrier_knew_of_is_taken_over(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [Sent(MessageState.REFUSED, is_opted_out=True)]
    await desk.accept((ALICE, "a1"))
    dispatcher = desk.replica()
    await desk.run_until(dispatcher)
    assert desk.opt_outs.opted_out == [(ALICE.person_id, OptOutSource.CARRIER, "m0")]
    await desk.accept((ALICE, "a2"))
    await desk.run_until(dispatcher)
    assert desk.carrier.received == []
