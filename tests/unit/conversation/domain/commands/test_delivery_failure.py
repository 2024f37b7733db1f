"""Who is told that a text did not arrive, and how often."""

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
from support.conversations import ALICE, BOB, MASKED, POOL, says
from support.decisions import ACTIVE, ENDED, MOMENT, NOW, WAITING, about, facts, happened, told

TO_ALICE = DeliveryFailure(
    "m-0", ACTIVE.conversation_id, ALICE.person_id, DeliveryFailureKind.NOT_DELIVERED
)
TOLD = [
    (DeliveryFailureKind.NOT_DELIVERED, Template.NOT_DELIVERED, False),
    (DeliveryFailureKind.UNCERTAIN, Template.MAYBE_NOT_DELIVERED, False),
    (DeliveryFailureKind.ATTACHMENTS_REFUSED, Template.ATTACHMENT_NOT_PASSED_ON, True),
    (DeliveryFailureKind.ATTACHMENTS_ONLY_REFUSED, Template.ATTACHMENT_NOT_PASSED_ON, True),
]
COOL_OFF = POOL.settings.cool_off


def telling(failure: DeliveryFailure, conversation: Conversation = ACTIVE) -> NotifySenderOfFailure:
    intent = failure_notice(failure, conversation)
    assert intent is not None
    return intent


def decided(failure: DeliveryFailure = TO_ALICE, **besides: object) -> Change:
    return telling(failure).decide(about(ACTIVE, **besides))


@pytest.mark.parametrize(("kind", "template", "is_about_files"), TOLD)
def test_a_failure_is_told_to_who_wrote_the_text_in_words_that_give_nothing_away(
    kind: DeliveryFailureKind, template: Template, is_about_files: bool
) -> None:
    change = decided(replace(TO_ALICE, kind=kind))
    assert told(change) == [(BOB, says(template))]
    assert (change.after, change.texts[0].is_relayed) == (None, False)
    assert change.texts[0].conversation_id == ACTIVE.conversation_id
    expected = [("ATTACHMENTS_REFUSED", "")] if is_about_files else []
    assert happened(change) == [*expected, ("SYSTEM_TEXT_ACCEPTED", template.value)]


def test_a_failure_of_the_others_text_is_told_to_the_other() -> None:
    change = decided(replace(TO_ALICE, recipient_person_id=BOB.person_id))
    assert told(change) == [(ALICE, says(Template.NOT_DELIVERED))]


def test_a_failure_is_one_intent_for_each_of_its_kinds() -> None:
    first, again = telling(TO_ALICE), telling(replace(TO_ALICE), ENDED)
    other = telling(replace(TO_ALICE, kind=DeliveryFailureKind.UNCERTAIN))
    assert first.receipt == again.receipt
    assert first.receipt.request_id != other.receipt.request_id


def test_where_nobody_wrote_nobody_is_told() -> None:
    assert failure_notice(TO_ALICE, WAITING) is None
    assert failure_notice(replace(TO_ALICE, recipient_person_id="nobody"), ACTIVE) is None


def test_just_after_the_end_a_failure_is_still_told() -> None:
    intent = telling(TO_ALICE, ENDED)
    assert told(intent.decide(about(ENDED))) == [(BOB, says(Template.NOT_DELIVERED))]
    assert told(intent.decide(about(ENDED, now=NOW + COOL_OFF))) == []


def test_who_is_in_another_conversation_by_now_is_not_told() -> None:
    intent = telling(TO_ALICE, ENDED)
    newer = replace(ACTIVE, conversation_id="newer")
    moved = facts(newer, conversation=ENDED)
    assert moved.live(Route(MASKED, BOB)) == newer
    assert told(intent.decide(moved)) == []


def test_who_opted_out_is_not_told() -> None:
    out = {BOB: OptOut(NOW, OptOutSource.TEXT, "an earlier text")}
    assert told(decided(opt_outs=out)) == []


def test_what_is_not_told_still_happened() -> None:
    out = {BOB: OptOut(NOW, OptOutSource.TEXT, "an earlier text")}
    failure = replace(TO_ALICE, kind=DeliveryFailureKind.ATTACHMENTS_REFUSED)
    assert happened(decided(failure, opt_outs=out)) == [("ATTACHMENTS_REFUSED", "")]


def test_a_conversation_that_is_forgotten_says_nothing() -> None:
    intent = telling(TO_ALICE, ACTIVE)
    assert intent.decide(facts(ACTIVE)) == Change()


def heard(pauses: list[timedelta]) -> list[int]:
    """How many texts each of several failures brings, each so long after the one before."""
    conduct, now, texts = SenderLimits(), NOW, []
    for pause in pauses:
        now += pause
        change = decided(sender_limits={BOB: conduct}, now=now)
        conduct = change.conduct.after if change.conduct else conduct
        texts.append(len(change.texts))
    return texts


def test_a_dead_phone_is_told_of_once_a_minute() -> None:
    nothing = timedelta(0)
    assert heard([nothing, MOMENT, FAILURE_SILENCE - 2 * MOMENT, MOMENT]) == [1, 0, 0, 1]


def test_a_dead_phone_is_told_of_five_times_an_hour() -> None:
    often = [FAILURE_SILENCE] * (FAILURES_LIMIT + 3)
    assert heard(often) == [1] * FAILURES_LIMIT + [0] * 3
    assert heard([*often, FAILURES_WINDOW])[-1] == 1


def test_failures_are_remembered_as_long_as_they_matter() -> None:
    change = decided()
    assert change.conduct is not None
    assert change.conduct.after.forgotten_at == NOW + FAILURES_WINDOW
    assert change.conduct.after.replies == SenderLimits().replies
