"""The sender of a message that did not arrive is notified before it is settled."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.errors import BackendUnavailable
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.messages import (
    DeliveryFailure,
    DeliveryFailureKind,
    MessageState,
)
from conversation_service.messaging.send import Sent
from support.conversations import ALICE, BOB
from support.dispatch_harness import CONVERSATION, Harness

REFUSED = Sent(MessageState.REFUSED, reason="CARRIER_REFUSED")


@pytest.mark.parametrize(
    ("sent", "kind"),
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
async def test_the_sender_is_notified_of_each_kind_of_failure(
    harness: Harness, sent: Sent, kind: DeliveryFailureKind
) -> None:
    harness.messaging.results["a1"] = [sent]
    await harness.add_relayed((ALICE, "a1"), (BOB, "b1"))
    await harness.run_until(harness.dispatcher())
    assert harness.failures.notified == [DeliveryFailure("m0", CONVERSATION, ALICE.person_id, kind)]
    assert await harness.outbox.state("m0") is sent.state


async def test_the_sender_is_notified_of_a_message_that_expired_unsent(harness: Harness) -> None:
    harness.settings = replace(harness.settings, text_validity=timedelta(minutes=1))
    await harness.add_relayed((ALICE, "a1"))
    harness.clock.move(minutes=2)
    await harness.run_until(harness.dispatcher())
    assert harness.messaging.requested == []
    [failure] = harness.failures.notified
    assert failure.kind is DeliveryFailureKind.NOT_DELIVERED


async def test_a_message_is_not_settled_before_its_sender_was_notified(harness: Harness) -> None:
    harness.messaging.always["a1"] = REFUSED
    harness.failures.errors = [BackendUnavailable()]
    await harness.add_relayed((ALICE, "a1"))
    dispatcher = harness.dispatcher()
    await harness.run(dispatcher)
    assert await harness.outbox.state("m0") is MessageState.ACCEPTED
    harness.clock.move(seconds=1)
    await harness.run_until(dispatcher)
    assert len(harness.failures.notified) == 1


async def test_after_an_opt_out_only_the_end_of_the_conversation_notifies(harness: Harness) -> None:
    harness.messaging.results["a1"] = [Sent(MessageState.REFUSED, is_opted_out=True)]
    await harness.add_relayed((ALICE, "a1"), (ALICE, "a2"))
    await harness.run_until(harness.dispatcher())
    assert harness.failures.notified == []
    assert harness.opt_outs.opted_out == [(ALICE.person_id, OptOutSource.CARRIER, "m0")]
    assert await harness.outbox.state("m1") is MessageState.REFUSED


async def test_nobody_is_notified_of_a_system_message(harness: Harness) -> None:
    harness.messaging.results["a1"] = [REFUSED]
    await harness.add(ALICE, "a1", CONVERSATION)
    await harness.run_until(harness.dispatcher())
    assert harness.failures.notified == []
    assert await harness.events() == [("MESSAGE_REFUSED", "REFUSED_BY_CARRIER")]
