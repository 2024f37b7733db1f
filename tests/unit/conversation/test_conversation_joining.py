"""Codes that do not work: one answer for all of them, and limits for who guesses."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from conversation_service.domain.commands.client.start import JoinConversation
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.errors import CodeNotValid
from conversation_service.domain.model.rate_limits import (
    LOCKOUT,
    NEVER,
    NUMBER_TRIES_LIMIT,
    NUMBER_TRIES_WINDOW,
    TRIES_LIMIT,
    TRIES_WINDOW,
    SenderLimits,
    WindowCounter,
)
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, CAROL, MASKED, OTHER_MASKED, says
from support.decisions import (
    CODE,
    MOMENT,
    NOW,
    OTHER_CODE,
    WAITING,
    after,
    facts,
    happened,
    invited,
    text,
    told,
)

NOT_VALID = says(Template.CODE_NOT_VALID)
JOIN = text(f"join {CODE}")
BY_API = JoinConversation("r", CODE, BOB)
BLOCKED = {BOB: frozenset({ALICE.participant_id})}

ELSEWHERE = replace(WAITING, masked_number=OTHER_MASKED)

# Why a code does not work: nothing of that may be seen.
WRONG = {
    "wrong, used or expired": facts(),
    "of another number": facts(invitation=ELSEWHERE),
    "of somebody who is blocked": facts(invitation=WAITING, blocks=BLOCKED),
    "of one's own": facts(invitation=replace(WAITING, participants=(BOB,))),
}
WRONG_BY_API = [name for name in WRONG if name != "of another number"]


def guessing(
    now: datetime = NOW, conduct: SenderLimits | None = None, tries: WindowCounter = NEVER
) -> Snapshot:
    return facts(now=now, sender_limits={BOB: conduct or SenderLimits()}, tries=tries)


def remembered(change: Change) -> SenderLimits:
    assert change.conduct is not None
    assert change.conduct.person == BOB
    return change.conduct.after


def tried(
    intent: ReceiveMessage | JoinConversation, times: int, apart: timedelta = MOMENT
) -> list[Change]:
    """Wrong codes, one after the other, as the same person."""
    changes, conduct = [], SenderLimits()
    for at in range(times):
        changes.append(intent.decide(guessing(NOW + at * apart, conduct)))
        conduct = remembered(changes[-1]) if changes[-1].conduct else conduct
    return changes


@pytest.mark.parametrize("why", WRONG)
def test_whatever_is_wrong_with_a_code_the_answer_is_the_same(why: str) -> None:
    change = JOIN.decide(WRONG[why])
    assert told(change) == [(BOB, NOT_VALID)]
    assert change == text(f"join {OTHER_CODE}").decide(facts())
    assert (change.after, change.claims, change.events) == (None, (), ())


def test_a_try_is_counted_for_the_person_and_for_the_number() -> None:
    change = JOIN.decide(guessing(tries=WindowCounter(7, NOW + MOMENT)))
    assert remembered(change).tries == WindowCounter(1, NOW + TRIES_WINDOW)
    assert change.tries is not None
    assert change.tries.masked_number == MASKED
    assert (change.tries.before.number, change.tries.after.number) == (7, 8)


def test_the_last_try_of_a_person_is_told_of_and_locks_them_out() -> None:
    changes = tried(JOIN, TRIES_LIMIT)
    assert [told(change) for change in changes] == [[(BOB, NOT_VALID)]] * TRIES_LIMIT
    assert [happened(change) for change in changes[:-1]] == [[]] * (TRIES_LIMIT - 1)
    assert happened(changes[-1]) == [("CODE_TRIES_EXCEEDED", "")]
    assert changes[-1].events[0].participant_id == BOB.participant_id


def test_who_is_locked_out_meets_silence_even_with_a_right_code() -> None:
    conduct = remembered(tried(JOIN, TRIES_LIMIT)[-1])
    locked = invited(guessing(NOW, conduct))
    assert JOIN.decide(locked) == Change()
    assert told(text("help").decide(locked)) == [(BOB, says(Template.HELP))]
    assert after(text("start").decide(locked)).is_live


def test_a_lock_out_ends_and_the_tries_before_it_are_forgotten() -> None:
    conduct = remembered(tried(JOIN, TRIES_LIMIT)[-1])
    end = NOW + (TRIES_LIMIT - 1) * MOMENT + LOCKOUT
    assert JOIN.decide(guessing(end - MOMENT, conduct)) == Change()
    free = guessing(end, conduct)
    assert after(JOIN.decide(invited(free))).is_live
    assert remembered(JOIN.decide(free)).tries.number == 1
    assert happened(JOIN.decide(free)) == []


def test_tries_far_enough_apart_lock_nobody_out() -> None:
    changes = tried(JOIN, 3 * TRIES_LIMIT, apart=TRIES_WINDOW / (TRIES_LIMIT - 1))
    assert all(told(change) for change in changes)


def test_a_number_on_which_many_try_answers_no_wrong_code_any_more() -> None:
    many = WindowCounter(NUMBER_TRIES_LIMIT, NOW + MOMENT)
    change = JOIN.decide(guessing(tries=many))
    assert told(change) == []
    assert remembered(change).tries.number == 1
    assert change.tries is not None
    assert change.tries.after.number == NUMBER_TRIES_LIMIT + 1


def test_a_number_answers_up_to_the_limit_and_again_once_the_window_has_closed() -> None:
    below = WindowCounter(NUMBER_TRIES_LIMIT - 1, NOW + MOMENT)
    assert told(JOIN.decide(guessing(tries=below))) == [(BOB, NOT_VALID)]
    closed = JOIN.decide(guessing(tries=WindowCounter(NUMBER_TRIES_LIMIT, NOW)))
    assert told(closed) == [(BOB, NOT_VALID)]
    assert closed.tries is not None
    assert closed.tries.after == WindowCounter(1, NOW + NUMBER_TRIES_WINDOW)


def test_a_right_code_works_on_a_number_on_which_many_try() -> None:
    many = facts(tries=WindowCounter(NUMBER_TRIES_LIMIT, NOW + MOMENT), invitation=WAITING)
    assert after(JOIN.decide(many)).participants == (ALICE, BOB)


def test_a_right_code_counts_no_try() -> None:
    change = JOIN.decide(facts(invitation=WAITING))
    assert remembered(change).tries == NEVER
    assert change.tries is None


def test_others_tries_lock_nobody_else_out() -> None:
    conduct = remembered(tried(JOIN, TRIES_LIMIT)[-1])
    known = facts(sender_limits={BOB: conduct}, invitation=WAITING)
    assert after(text(f"join {CODE}", CAROL).decide(known)).participants == (ALICE, CAROL)


@pytest.mark.parametrize("why", WRONG_BY_API)
def test_a_clients_wrong_code_is_counted_and_refused(why: str) -> None:
    change = BY_API.decide(WRONG[why])
    assert isinstance(change.refusal, CodeNotValid)
    assert remembered(change).tries == WindowCounter(1, NOW + TRIES_WINDOW)
    assert (change.after, change.texts, change.tries, change.events) == (None, (), None, ())


def test_a_client_that_guesses_for_a_person_locks_them_out() -> None:
    changes = tried(BY_API, TRIES_LIMIT)
    assert all(isinstance(change.refusal, CodeNotValid) for change in changes)
    assert happened(changes[-1]) == [("CODE_TRIES_EXCEEDED", "")]
    locked = invited(guessing(NOW, remembered(changes[-1])))
    with pytest.raises(CodeNotValid):
        BY_API.decide(locked)
    assert JOIN.decide(locked) == Change()
