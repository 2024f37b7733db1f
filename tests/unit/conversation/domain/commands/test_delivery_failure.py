"""The sender of a failed message is notified, with a limit."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.system.delivery_failure import (
    NotifySenderOfFailure,
    failure_notice,
)
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.messages import DeliveryFailure, DeliveryFailureKind
from conversation_service.domain.model.participants import Route
from conversation_service.domain.model.rate_limits import (
    FAILURE_SILENCE,
    FAILURES_LIMIT,
    FAILURES_WINDOW,
    SenderLimits,
)
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, MASKED, POOL, system_message
from support.decisions import (
    ACTIVE,
    ENDED,
    MOMENT,
    NOW,
    WAITING,
    event_details,
    sent_bodies,
    snapshot_about,
    snapshot_of,
)

TO_ALICE = DeliveryFailure(
    "m-0", ACTIVE.conversation_id, ALICE.person_id, DeliveryFailureKind.NOT_DELIVERED
)
NOTICES = [
    (DeliveryFailureKind.NOT_DELIVERED, Template.NOT_DELIVERED, False),
    (DeliveryFailureKind.UNCERTAIN, Template.MAYBE_NOT_DELIVERED, False),
    (DeliveryFailureKind.ATTACHMENTS_REFUSED, Template.ATTACHMENT_NOT_PASSED_ON, True),
    (DeliveryFailureKind.ATTACHMENTS_ONLY_REFUSED, Template.ATTACHMENT_NOT_PASSED_ON, True),
]
COOL_OFF = POOL.settings.cool_off


def notice_of(
    failure: DeliveryFailure, conversation: Conversation = ACTIVE
) -> NotifySenderOfFailure:
    command = failure_notice(failure, conversation)
    assert command is not None
    return command


def decided(failure: DeliveryFailure = TO_ALICE, **fields: object) -> Change:
    return notice_of(failure).decide(snapshot_about(ACTIVE, **fields))


@pytest.mark.parametrize(("kind", "template", "is_about_files"), NOTICES)
def test_the_sender_is_notified_without_the_cause_of_the_failure(
    kind: DeliveryFailureKind, template: Template, is_about_files: bool
) -> None:
    change = decided(replace(TO_ALICE, kind=kind))
    assert sent_bodies(change) == [(BOB, system_message(template))]
    assert (change.after, change.texts[0].is_relayed) == (None, False)
    assert change.texts[0].conversation_id == ACTIVE.conversation_id
    expected = [("ATTACHMENTS_REFUSED", "")] if is_about_files else []
    assert event_details(change) == [*expected, ("SYSTEM_TEXT_ACCEPTED", template.value)]


def test_a_failure_of_the_other_participants_message_notifies_them() -> None:
    change = decided(replace(TO_ALICE, recipient_person_id=BOB.person_id))
    assert sent_bodies(change) == [(ALICE, system_message(Template.NOT_DELIVERED))]


def test_a_failure_has_one_idempotency_key_per_kind() -> None:
    first, again = notice_of(TO_ALICE), notice_of(replace(TO_ALICE), ENDED)
    other = notice_of(replace(TO_ALICE, kind=DeliveryFailureKind.UNCERTAIN))
    assert first.idempotency_key == again.idempotency_key
    assert first.idempotency_key.request_id != other.idempotency_key.request_id


def test_without_a_sender_nobody_is_notified() -> None:
    assert failure_notice(TO_ALICE, WAITING) is None
    assert failure_notice(replace(TO_ALICE, recipient_person_id="nobody"), ACTIVE) is None


def test_the_sender_is_notified_during_the_cool_off_too() -> None:
    command = notice_of(TO_ALICE, ENDED)
    assert sent_bodies(command.decide(snapshot_about(ENDED))) == [
        (BOB, system_message(Template.NOT_DELIVERED))
    ]
    assert sent_bodies(command.decide(snapshot_about(ENDED, now=NOW + COOL_OFF))) == []


def test_a_sender_in_another_conversation_is_not_notified() -> None:
    command = notice_of(TO_ALICE, ENDED)
    newer = replace(ACTIVE, conversation_id="newer")
    moved = snapshot_of(newer, conversation=ENDED)
    assert moved.live(Route(MASKED, BOB)) == newer
    assert sent_bodies(command.decide(moved)) == []


def test_a_sender_who_opted_out_is_not_notified_and_the_event_is_recorded() -> None:
    opt_outs = {BOB: OptOut(NOW, OptOutSource.TEXT, "an earlier message")}
    failure = replace(TO_ALICE, kind=DeliveryFailureKind.ATTACHMENTS_REFUSED)
    change = decided(failure, opt_outs=opt_outs)
    assert (sent_bodies(change), event_details(change)) == ([], [("ATTACHMENTS_REFUSED", "")])


def test_nobody_is_notified_once_the_conversation_is_purged() -> None:
    assert notice_of(TO_ALICE).decide(snapshot_of(ACTIVE)) == Change()


def notices(pauses: list[timedelta]) -> list[int]:
    """How many notices each of several failures causes, each so long after the one before."""
    limits, now, counts = SenderLimits(), NOW, []
    for pause in pauses:
        now += pause
        change = decided(sender_limits={BOB: limits}, now=now)
        limits = change.sender_limits.after if change.sender_limits else limits
        counts.append(len(change.texts))
    return counts


def test_there_is_at_most_one_notice_a_minute() -> None:
    pauses = [timedelta(0), MOMENT, FAILURE_SILENCE - 2 * MOMENT, MOMENT]
    assert notices(pauses) == [1, 0, 0, 1]


def test_there_are_at_most_five_notices_an_hour() -> None:
    pauses = [FAILURE_SILENCE] * (FAILURES_LIMIT + 3)
    assert notices(pauses) == [1] * FAILURES_LIMIT + [0] * 3
    assert notices([*pauses, FAILURES_WINDOW])[-1] == 1


def test_a_notice_is_counted_apart_from_replies() -> None:
    change = decided()
    assert change.sender_limits is not None
    assert change.sender_limits.after.expires_at == NOW + FAILURES_WINDOW
    assert change.sender_limits.after.replies == SenderLimits().replies
