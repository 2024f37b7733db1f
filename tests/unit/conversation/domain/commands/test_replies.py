"""Machines that answer every text are soon answered by nothing; people are not kept waiting."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.messages import Attachment
from conversation_service.domain.model.rate_limits import (
    LOCKOUT,
    NEVER,
    REPLIES_LIMIT,
    REPLIES_WINDOW,
    STRANGER_SILENCE,
    TRIES_LIMIT,
    TRIES_WINDOW,
    SenderLimits,
    WindowCounter,
)
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, says
from support.decisions import (
    ACTIVE,
    CARD,
    CODE,
    ENDED,
    MOMENT,
    NOW,
    OTHER_CODE,
    PAUSED,
    WAITING,
    after,
    draining,
    facts,
    happened,
    pool_with,
    text,
    told,
)

MINUTE = timedelta(minutes=1)
TIRED = SenderLimits(replies=WindowCounter(REPLIES_LIMIT, NOW + MOMENT))
BOB_WAITING = replace(WAITING, participants=(BOB,))

# Texts that are answered with nothing but a reply.
ANSWERED: list[tuple[str, tuple[Conversation, ...]]] = [
    ("help", ()),
    ("hello", ()),
    ("start", ()),
    (f"join {OTHER_CODE}", ()),
    ("hello", (ENDED,)),
    ("start", (BOB_WAITING,)),
    ("help", (BOB_WAITING,)),
    ("hello", (BOB_WAITING,)),
    ("start", (ACTIVE,)),
    ("help", (ACTIVE,)),
    ("", (ACTIVE,)),
    (f"end {OTHER_CODE}", (ACTIVE,)),
]


def by_tired(body: str, *known: Conversation, attachments: tuple[Attachment, ...] = ()) -> Change:
    tired = facts(*known, sender_limits={BOB: TIRED}, invitation=WAITING)
    return text(body, attachments=attachments).decide(tired)


@pytest.mark.parametrize(("body", "known"), ANSWERED)
def test_a_burst_of_texts_is_answered_and_then_met_by_silence(
    body: str, known: tuple[Conversation, ...]
) -> None:
    conduct, answers = SenderLimits(), []
    for at in range(3 * REPLIES_LIMIT):
        # Each behind the help text's silence and the lock-out, but in the burst's window.
        fresh = replace(conduct, helped_until=None, tries=NEVER, locked_until=None)
        now = NOW + at * MOMENT
        change = text(body).decide(facts(*known, sender_limits={BOB: fresh}, now=now))
        conduct = change.conduct.after if change.conduct else fresh
        answers.append(len(change.texts))
    assert answers == [1] * REPLIES_LIMIT + [0] * (2 * REPLIES_LIMIT)


def test_who_was_answered_too_often_is_answered_again_later() -> None:
    later = facts(sender_limits={BOB: TIRED}, now=NOW + MOMENT)
    change = text("help").decide(later)
    assert told(change) == [(BOB, says(Template.HELP))]
    assert change.conduct is not None
    assert change.conduct.before == TIRED
    assert change.conduct.after.replies == WindowCounter(1, later.now + REPLIES_WINDOW)


def test_one_persons_burst_silences_nobody_else() -> None:
    known = facts(sender_limits={BOB: TIRED})
    assert told(text("help", ALICE).decide(known)) == [(ALICE, says(Template.HELP))]


def test_a_start_that_cannot_be_answered_makes_no_conversation() -> None:
    assert by_tired("start") == Change()


def test_a_wrong_code_is_counted_even_if_it_is_not_answered() -> None:
    change = text(f"join {OTHER_CODE}").decide(facts(sender_limits={BOB: TIRED}))
    assert told(change) == []
    assert change.conduct is not None
    assert change.conduct.after.tries.number == 1


def test_words_are_relayed_however_often_their_sender_was_answered() -> None:
    assert told(by_tired("hello", ACTIVE)) == [(ALICE, "hello")]
    assert told(by_tired("look", ACTIVE, attachments=(CARD,))) == [(ALICE, "look")]


def test_words_are_held_however_often_their_sender_was_answered() -> None:
    change = by_tired("hello", PAUSED)
    assert [one.body for one in change.held] == ["hello"]
    assert told(change) == []


def test_relaying_is_no_reply_and_counts_towards_nothing() -> None:
    assert text("hello").decide(facts(ACTIVE)).conduct is None


def test_what_is_said_about_a_file_is_a_reply_and_counts() -> None:
    change = text("look", attachments=(CARD,)).decide(facts(ACTIVE))
    assert change.conduct is not None
    assert change.conduct.after.replies.number == 1


@pytest.mark.parametrize(
    ("body", "reason"), [("end", EndReason.PARTICIPANT_ENDED), ("block", EndReason.BLOCKED)]
)
def test_an_ending_works_and_the_partner_is_told_whether_or_not_the_sender_can_be(
    body: str, reason: EndReason
) -> None:
    change = by_tired(body, ACTIVE)
    assert after(change).end_reason is reason
    assert told(change) == [(ALICE, says(Template.ENDED))]


def test_a_wait_can_be_ended_without_an_answer() -> None:
    change = by_tired("end", BOB_WAITING)
    assert (after(change).is_live, told(change)) == (False, [])


def test_a_join_works_and_who_waited_is_told_whether_or_not_the_joiner_can_be() -> None:
    change = by_tired(f"join {CODE}")
    assert after(change).participants == (ALICE, BOB)
    assert told(change) == [(ALICE, says(Template.SOMEBODY_JOINED))]


def test_a_report_is_kept_without_an_answer() -> None:
    change = by_tired("report", ACTIVE)
    assert (after(change).report_time, told(change)) == (NOW, [])
    assert happened(change)[-1] == ("CONVERSATION_REPORTED", "")


def test_an_opt_out_is_confirmed_whatever_came_before() -> None:
    assert told(by_tired("quit")) == [(BOB, says(Template.OPTED_OUT))]


def test_a_number_that_drains_refuses_in_silence_too() -> None:
    pool = pool_with(numbers=draining(ACTIVE.masked_number))
    change = text("start").decide(facts(pool=pool, sender_limits={BOB: TIRED}))
    assert change == Change()


def test_an_ending_is_answered_and_that_counts() -> None:
    answered = [(ACTIVE, "end"), (ACTIVE, "block"), (ACTIVE, "report"), (PAUSED, "hi")]
    for known, body in answered:
        change = text(body).decide(facts(known))
        assert change.conduct is not None
        assert change.conduct.after.replies.number == 1


@given(st.lists(st.integers(0, 12), max_size=30))
def test_a_count_is_that_of_the_window_its_first_one_opened(minutes: list[int]) -> None:
    count, now, opened, number = NEVER, NOW, NOW - REPLIES_WINDOW, 0
    for step in minutes:
        now += step * MINUTE
        is_over = now >= opened + REPLIES_WINDOW
        opened, number = (now, 1) if is_over else (opened, number + 1)
        count = count.incremented(now, REPLIES_WINDOW)
        assert count.value_at(now) == number


def test_a_count_is_forgotten_at_the_end_of_its_window() -> None:
    count = NEVER.incremented(NOW, MINUTE)
    assert (count.value_at(NOW + MINUTE - MOMENT), count.value_at(NOW + MINUTE)) == (1, 0)
    assert NEVER.value_at(NOW) == 0


def test_conduct_matters_until_the_last_of_it_is_over() -> None:
    assert SenderLimits().forgotten_at is None
    conduct = SenderLimits().replied(NOW)
    assert conduct.forgotten_at == NOW + REPLIES_WINDOW
    assert conduct.help_sent(NOW + MINUTE).forgotten_at == NOW + MINUTE + STRANGER_SILENCE
    assert conduct.wrong_code_entered(NOW).forgotten_at == NOW + TRIES_WINDOW
    guessed = conduct
    for _ in range(TRIES_LIMIT):
        guessed = guessed.wrong_code_entered(NOW)
    assert guessed.forgotten_at == NOW + LOCKOUT
