"""The sender of a failed message is notified, with a limit."""

from dataclasses import replace
from datetime import timedelta

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
    REPLIES_LIMIT,
    SenderLimits,
)
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, MASKED, POOL
from support.builders.decisions import (
    ACTIVE,
    ENDED,
    MOMENT,
    NOW,
    WAITING,
    event_details,
    sent_bodies,
    snapshot_about,
    snapshot_of,
    system,
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
COOL_OFF = POOL.settings.lifecycle.cool_off


def notice_of(
    failure: DeliveryFailure, conversation: Conversation = ACTIVE
) -> NotifySenderOfFailure:
    command = failure_notice(failure, conversation)
    assert isinstance(command, NotifySenderOfFailure)
    return command


def decided(failure: DeliveryFailure = TO_ALICE, **fields: object) -> Change:
    return notice_of(failure).decide(snapshot_about(ACTIVE, **fields))


def test_the_sender_is_notified_without_the_cause_of_the_failure() -> None:
    for kind, template, is_about_files in NOTICES:
        change = decided(replace(TO_ALICE, kind=kind))
        assert sent_bodies(change) == [system(BOB, template)], kind
        assert (change.after, change.texts[0].is_relayed) == (None, False), kind
        assert change.texts[0].conversation_id == ACTIVE.conversation_id, kind
        expected = [("MESSAGE_ATTACHMENTS_REFUSED", "")] if is_about_files else []
        assert event_details(change) == [*expected, ("MESSAGE_ACCEPTED", template.value)], kind
        of_bobs = decided(replace(TO_ALICE, kind=kind, recipient_person_id=BOB.person_id))
        assert sent_bodies(of_bobs) == [system(ALICE, template)], kind


def test_a_failure_has_one_idempotency_key_per_kind() -> None:
    first, again = notice_of(TO_ALICE), notice_of(replace(TO_ALICE), ENDED)
    other = notice_of(replace(TO_ALICE, kind=DeliveryFailureKind.UNCERTAIN))
    assert first.idempotency_key == again.idempotency_key
    assert first.idempotency_key.request_id != other.idempotency_key.request_id


def test_nobody_is_notified_without_a_sender_or_a_conversation() -> None:
    assert failure_notice(TO_ALICE, WAITING) is None
    assert failure_notice(replace(TO_ALICE, recipient_person_id="nobody"), ACTIVE) is None
    assert notice_of(TO_ALICE).decide(snapshot_of(ACTIVE)) == Change(), "it is purged"


def test_the_sender_is_notified_during_the_cool_off_and_not_in_another_conversation() -> None:
    command = notice_of(TO_ALICE, ENDED)
    notice = system(BOB, Template.NOT_DELIVERED)
    assert sent_bodies(command.decide(snapshot_about(ENDED))) == [notice]
    assert sent_bodies(command.decide(snapshot_about(ENDED, now=NOW + COOL_OFF))) == []
    newer = replace(ACTIVE, conversation_id="newer")
    moved = snapshot_of(newer, conversation=ENDED)
    assert moved.live(Route(MASKED, BOB)) == newer
    assert sent_bodies(command.decide(moved)) == []


def test_a_sender_who_opted_out_is_not_notified_and_the_event_is_recorded() -> None:
    opt_outs = {BOB: OptOut(NOW, OptOutSource.TEXT, "an earlier message")}
    failure = replace(TO_ALICE, kind=DeliveryFailureKind.ATTACHMENTS_REFUSED)
    change = decided(failure, opt_outs=opt_outs)
    assert (sent_bodies(change), event_details(change)) == (
        [],
        [("MESSAGE_ATTACHMENTS_REFUSED", "")],
    )


def notices(pauses: list[timedelta]) -> list[int]:
    """How many notices each of several failures causes, each so long after the one before."""
    limits, now, counts = SenderLimits(), NOW, []
    for pause in pauses:
        now += pause
        change = decided(sender_limits={BOB: limits}, now=now)
        limits = change.sender_limits.after if change.sender_limits else limits
        counts.append(len(change.texts))
    return counts


def test_there_is_at_most_one_notice_a_minute_and_five_an_hour() -> None:
    assert notices([timedelta(0), MOMENT, FAILURE_SILENCE - 2 * MOMENT, MOMENT]) == [1, 0, 0, 1]
    pauses = [FAILURE_SILENCE] * (FAILURES_LIMIT + 3)
    assert notices(pauses) == [1] * FAILURES_LIMIT + [0] * 3
    assert notices([*pauses, FAILURES_WINDOW])[-1] == 1


def test_a_notice_is_counted_apart_from_replies() -> None:
    limits = decided().sender_limits
    assert limits is not None
    assert limits.after.expires_at == NOW + FAILURES_WINDOW
    assert limits.after.replies == SenderLimits().replies


def test_each_message_with_a_refused_file_is_told_within_the_limit_of_replies() -> None:
    limits, told = SenderLimits(), []
    for index in range(REPLIES_LIMIT + 1):
        kind = DeliveryFailureKind.ATTACHMENTS_REFUSED
        failure = replace(TO_ALICE, message_id=f"m-{index}", kind=kind)
        change = decided(failure, sender_limits={BOB: limits})
        told.append(len(change.texts))
        limits = change.sender_limits.after if change.sender_limits else limits
    assert told == [1] * REPLIES_LIMIT + [0]
    assert limits.failures.number == 0
