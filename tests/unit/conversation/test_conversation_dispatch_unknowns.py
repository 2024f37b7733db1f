"""Texts of which nobody knows whether the carrier has them: they hold up their own lane only."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.domain.model.messages import (
    DeliveryFailure,
    DeliveryFailureKind,
    MessageState,
)
from conversation_service.messaging.send import Sent, Uncertain
from support.clock import ManualClock
from support.conversations import ALICE, BOB
from support.dispatch_desk import CONVERSATION, KEYS, Desk

ASK_AGAIN = Uncertain(timedelta(seconds=2))
RESOLVED = Sent(MessageState.SENT, resolution="RECORD")
LOST = Sent(MessageState.UNKNOWN, resolution="PREFERRED_LOSS")


@pytest.fixture
async def desk(redis: Redis, clock: ManualClock) -> AsyncIterator[Desk]:
    async with Desk(redis, clock) as one:
        yield one


async def test_it_stays_first_in_its_lane_and_others_go_on(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [ASK_AGAIN, ASK_AGAIN]
    await desk.talk((ALICE, "a1"), (ALICE, "a2"), (BOB, "b1"))
    dispatcher = desk.replica()
    await desk.turns(dispatcher)
    assert desk.carrier.received == [(BOB.phone_number, "b1")]
    assert await desk.outbox.state("m0") is MessageState.UNKNOWN
    desk.clock.move(seconds=1)
    await desk.turns(dispatcher)
    assert len(desk.carrier.asked_for) == 2, "not before it was to be asked again"
    desk.clock.move(seconds=1)
    await desk.turns(dispatcher)
    desk.clock.move(seconds=2)
    await desk.run_until(dispatcher)
    assert desk.carrier.bodies(ALICE) == ["a1", "a2"]


async def test_it_is_told_once_that_it_is_unknown_and_once_what_became_of_it(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [ASK_AGAIN, ASK_AGAIN, RESOLVED]
    await desk.talk((ALICE, "a1"))
    dispatcher = desk.replica()
    for _ in range(3):
        await desk.turns(dispatcher)
        desk.clock.move(seconds=2)
    assert await desk.owed() == 0
    assert await desk.told() == [
        ("MESSAGE_UNKNOWN", ""),
        ("MESSAGE_SENT", ""),
        ("MESSAGE_RESOLVED", "RECORD"),
    ]
    assert desk.failures.told == []


async def test_what_stays_unknown_is_settled_and_its_sender_told(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [ASK_AGAIN, LOST]
    await desk.talk((ALICE, "a1"), (ALICE, "a2"))
    dispatcher = desk.replica()
    await desk.turns(dispatcher)
    desk.clock.move(seconds=2)
    await desk.run_until(dispatcher)
    assert await desk.outbox.state("m0") is MessageState.UNKNOWN
    assert await desk.told() == [
        ("MESSAGE_UNKNOWN", ""),
        ("MESSAGE_RESOLVED", "PREFERRED_LOSS"),
        ("MESSAGE_SENT", ""),
    ]
    uncertain = DeliveryFailureKind.UNCERTAIN
    assert desk.failures.told == [DeliveryFailure("m0", CONVERSATION, ALICE.person_id, uncertain)]


async def test_a_takeover_asks_for_it_before_what_is_behind_it(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [ASK_AGAIN, ASK_AGAIN]
    await desk.talk((ALICE, "a1"), (ALICE, "a2"))
    await desk.turns(desk.replica())
    await desk.redis.delete(KEYS.lease)
    second = desk.replica()
    await desk.turns(second)
    assert desk.carrier.received == []
    desk.clock.move(seconds=2)
    await desk.run_until(second)
    assert desk.carrier.bodies(ALICE) == ["a1", "a2"]


async def test_it_is_not_given_up_as_too_old_while_the_carrier_may_have_it(desk: Desk) -> None:
    desk.settings = replace(desk.settings, text_validity=timedelta(minutes=1))
    desk.carrier.answers["a1"] = [ASK_AGAIN, RESOLVED]
    await desk.talk((ALICE, "a1"))
    dispatcher = desk.replica()
    await desk.turns(dispatcher)
    desk.clock.move(minutes=2)
    await desk.run_until(dispatcher)
    assert await desk.outbox.state("m0") is MessageState.SENT
