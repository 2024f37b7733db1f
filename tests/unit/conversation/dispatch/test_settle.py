"""Senders are notified before a message is settled; an uncertain send delays its own queue only."""

from datetime import timedelta

import pytest

from conversation_service.domain.errors import BackendUnavailable
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.events import Failure, FailureReason, SendResolution
from conversation_service.domain.model.messages import (
    DeliveryFailure,
    DeliveryFailureKind,
    MessageState,
)
from conversation_service.messaging.send import Sent, Uncertain
from support.builders.conversations import (
    ALICE,
    BOB,
    settings_with,
)
from support.builders.dispatch_harness import CONVERSATION, KEYS, Harness

REJECTED = Failure(FailureReason.CARRIER_REJECTED)
REFUSED = Sent(MessageState.FAILED, failure=REJECTED)
OPTED_OUT = Failure(FailureReason.OPTED_OUT)
ONLY_FILES = Failure(FailureReason.ATTACHMENTS_REFUSED)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (REFUSED, DeliveryFailureKind.NOT_DELIVERED),
        (Sent(MessageState.UNDELIVERED), DeliveryFailureKind.NOT_DELIVERED),
        (Sent(MessageState.EXPIRED), DeliveryFailureKind.NOT_DELIVERED),
        (Sent(MessageState.UNCERTAIN), DeliveryFailureKind.UNCERTAIN),
        (
            Sent(MessageState.FAILED, failure=ONLY_FILES, refused_attachments=2),
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
    harness.settings = settings_with(
        {"sending.message_validity": timedelta(minutes=1)}, harness.settings
    )
    await harness.add_relayed((ALICE, "a1"))
    harness.clock.move(minutes=1, seconds=1)
    await harness.add_system((ALICE, "new"))
    await harness.run_until(harness.dispatcher())
    assert [message.body for message in harness.messaging.requested] == ["new"]
    assert await harness.outbox.state("m0") is MessageState.EXPIRED
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
    harness.messaging.results["a1"] = [Sent(MessageState.FAILED, failure=OPTED_OUT)]
    await harness.add_relayed((ALICE, "a1"), (ALICE, "a2"))
    await harness.run_until(harness.dispatcher())
    assert harness.failures.notified == []
    assert harness.opt_outs.opted_out == [(ALICE.person_id, OptOutSource.CARRIER, "m0")]
    assert await harness.outbox.state("m1") is MessageState.FAILED
    assert harness.messaging.sent == []


async def test_nobody_is_notified_of_a_system_message(harness: Harness) -> None:
    harness.messaging.results["a1"] = [REFUSED]
    await harness.add(ALICE, "a1", CONVERSATION)
    await harness.run_until(harness.dispatcher())
    assert harness.failures.notified == []
    assert await harness.events() == [("MESSAGE_FAILED", "CARRIER_REJECTED")]


UNCERTAIN = Uncertain(timedelta(seconds=2))
RESOLVED = Sent(MessageState.SENT, resolution=SendResolution.RECORD)
LOST = Sent(MessageState.UNCERTAIN, resolution=SendResolution.PREFERRED_LOSS)


async def test_it_stays_the_head_of_its_queue_and_others_go_on(harness: Harness) -> None:
    harness.messaging.results["a1"] = [UNCERTAIN, UNCERTAIN]
    await harness.add_relayed((ALICE, "a1"), (ALICE, "a2"), (BOB, "b1"))
    dispatcher = harness.dispatcher()
    await harness.run(dispatcher)
    assert harness.messaging.sent == [(BOB.phone_number, "b1")]
    assert await harness.outbox.state("m0") is MessageState.UNCERTAIN
    harness.clock.move(seconds=1)
    await harness.run(dispatcher)
    assert len(harness.messaging.requested) == 2, "not before it is due"
    for seconds in (1, 2):
        harness.clock.move(seconds=seconds)
        await harness.run(dispatcher)
    assert await harness.waiting() == 0
    assert harness.messaging.bodies(ALICE) == ["a1", "a2"]


async def test_its_state_and_its_resolution_are_recorded_once(harness: Harness) -> None:
    harness.messaging.results["a1"] = [UNCERTAIN, UNCERTAIN, RESOLVED]
    await harness.add_relayed((ALICE, "a1"))
    dispatcher = harness.dispatcher()
    for _ in range(3):
        await harness.run(dispatcher)
        harness.clock.move(seconds=2)
    assert await harness.waiting() == 0
    assert await harness.events() == [
        ("MESSAGE_UNCERTAIN", ""),
        ("MESSAGE_SENT", ""),
        ("MESSAGE_RESOLVED", "RECORD"),
    ]
    assert harness.failures.notified == []


async def test_a_send_that_stays_uncertain_is_settled_and_its_sender_notified(
    harness: Harness,
) -> None:
    harness.messaging.results["a1"] = [UNCERTAIN, LOST]
    await harness.add_relayed((ALICE, "a1"), (ALICE, "a2"))
    dispatcher = harness.dispatcher()
    await harness.run(dispatcher)
    harness.clock.move(seconds=2)
    await harness.run_until(dispatcher)
    assert await harness.outbox.state("m0") is MessageState.UNCERTAIN
    assert await harness.events() == [
        ("MESSAGE_UNCERTAIN", ""),
        ("MESSAGE_RESOLVED", "PREFERRED_LOSS"),
        ("MESSAGE_SENT", ""),
    ]
    kind = DeliveryFailureKind.UNCERTAIN
    assert harness.failures.notified == [DeliveryFailure("m0", CONVERSATION, ALICE.person_id, kind)]


async def test_a_takeover_resolves_it_before_the_entries_behind_it(harness: Harness) -> None:
    harness.messaging.results["a1"] = [UNCERTAIN, UNCERTAIN]
    await harness.add_relayed((ALICE, "a1"), (ALICE, "a2"))
    await harness.run(harness.dispatcher())
    await harness.redis.delete(KEYS.lease)
    second = harness.dispatcher()
    await harness.run(second)
    assert harness.messaging.sent == []
    harness.clock.move(seconds=2)
    await harness.run_until(second)
    assert harness.messaging.bodies(ALICE) == ["a1", "a2"]


async def test_it_does_not_expire_while_the_carrier_may_have_it(harness: Harness) -> None:
    harness.settings = settings_with(
        {"sending.message_validity": timedelta(minutes=1)}, harness.settings
    )
    harness.messaging.results["a1"] = [UNCERTAIN, RESOLVED]
    await harness.add_relayed((ALICE, "a1"))
    dispatcher = harness.dispatcher()
    await harness.run(dispatcher)
    harness.clock.move(minutes=2)
    await harness.run_until(dispatcher)
    assert await harness.outbox.state("m0") is MessageState.SENT
