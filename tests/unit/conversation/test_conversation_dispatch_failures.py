"""Whose text did not arrive is told so before it is settled."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.domain.errors import BackendUnavailable
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.messages import (
    DeliveryFailure,
    DeliveryFailureKind,
    MessageState,
)
from conversation_service.messaging.send import Sent
from support.clock import ManualClock
from support.conversations import ALICE, BOB
from support.dispatch_desk import CONVERSATION, Desk

REFUSED = Sent(MessageState.REFUSED, reason="CARRIER_REFUSED")


@pytest.fixture
async def desk(redis: Redis, clock: ManualClock) -> AsyncIterator[Desk]:
    async with Desk(redis, clock) as one:
        yield one


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (REFUSED, DeliveryFailureKind.NOT_DELIVERED),
        (Sent(MessageState.UNDELIVERED), DeliveryFailureKind.NOT_DELIVERED),
        (Sent(MessageState.EXPIRED), DeliveryFailureKind.NOT_DELIVERED),
        (Sent(MessageState.UNKNOWN), DeliveryFailureKind.UNCERTAIN),
        (
            Sent(MessageState.REFUSED, reason="ATTACHMENTS_REFUSED", refused_attachments=2),
            DeliveryFailureKind.ATTACHMENTS_ONLY_REFUSED,
        ),
        (Sent(MessageState.SENT, refused_attachments=1), DeliveryFailureKind.ATTACHMENTS_REFUSED),
    ],
)
async def test_the_sender_is_told_what_became_of_it(
    desk: Desk, answer: Sent, kind: DeliveryFailureKind
) -> None:
    desk.carrier.answers["a1"] = [answer]
    await desk.talk((ALICE, "a1"), (BOB, "b1"))
    await desk.run_until(desk.replica())
    assert desk.failures.told == [DeliveryFailure("m0", CONVERSATION, ALICE.person_id, kind)]
    assert await desk.outbox.state("m0") is answer.state


async def test_a_text_given_up_as_too_old_is_told_of(desk: Desk) -> None:
    desk.settings = replace(desk.settings, text_validity=timedelta(minutes=1))
    await desk.talk((ALICE, "a1"))
    desk.clock.move(minutes=2)
    await desk.run_until(desk.replica())
    assert desk.carrier.asked_for == []
    assert [one.kind for one in desk.failures.told] == [DeliveryFailureKind.NOT_DELIVERED]


async def test_nothing_is_settled_before_it_could_be_told(desk: Desk) -> None:
    desk.carrier.always["a1"] = REFUSED
    desk.failures.errors = [BackendUnavailable()]
    await desk.talk((ALICE, "a1"))
    dispatcher = desk.replica()
    await desk.turns(dispatcher)
    assert await desk.outbox.state("m0") is MessageState.ACCEPTED
    desk.clock.move(seconds=1)
    await desk.run_until(dispatcher)
    assert len(desk.failures.told) == 1


async def test_of_an_opt_out_the_end_of_the_conversation_tells(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [Sent(MessageState.REFUSED, is_opted_out=True)]
    await desk.talk((ALICE, "a1"), (ALICE, "a2"))
    await desk.run_until(desk.replica())
    assert desk.failures.told == []
    assert desk.opt_outs.opted_out == [(ALICE.person_id, OptOutSource.CARRIER, "m0")]
    assert await desk.outbox.state("m1") is MessageState.REFUSED


async def test_nobody_wrote_what_maskline_writes(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [REFUSED]
    await desk.owe(ALICE, "a1", CONVERSATION)
    await desk.run_until(desk.replica())
    assert desk.failures.told == []
    assert await desk.told() == [("MESSAGE_REFUSED", "REFUSED_BY_CARRIER")]
