"""Wrong codes all get the same reply, and those who guess are locked out."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from conversation_service.domain.commands.client.start import JoinConversation
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.errors import CodeNotValid
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.rate_limits import (
    CODE_ATTEMPTS_LIMIT,
    CODE_ATTEMPTS_WINDOW,
    LOCKOUT,
    NEVER,
    NUMBER_CODE_ATTEMPTS_LIMIT,
    NUMBER_CODE_ATTEMPTS_WINDOW,
    SenderLimits,
    WindowCounter,
)
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, CAROL, MASKED, OTHER_MASKED, system_message
from support.decisions import (
    CODE,
    MOMENT,
    NOW,
    OTHER_CODE,
    WAITING,
    after,
    event_details,
    incoming,
    sent_bodies,
    snapshot_of,
)

NOT_VALID = system_message(Template.CODE_NOT_VALID)
JOIN = incoming(f"join {CODE}")
BY_API = JoinConversation("r", CODE, BOB)
BLOCKED = {BOB: frozenset({ALICE.participant_id})}

ELSEWHERE = replace(WAITING, masked_number=OTHER_MASKED)

# Why a code does not work: the reply must not disclose it.
WRONG = {
    "wrong, used or expired": snapshot_of(),
    "of another number": snapshot_of(invitation=ELSEWHERE),
    "of somebody who is blocked": snapshot_of(invitation=WAITING, blocks=BLOCKED),
    "of one's own": snapshot_of(invitation=replace(WAITING, participants=(BOB,))),
}
WRONG_BY_API = [name for name in WRONG if name != "of another number"]


def guessing(
    now: datetime = NOW,
    limits: SenderLimits | None = None,
    code_attempts: WindowCounter = NEVER,
    invitation: Conversation | None = None,
) -> Snapshot:
    sender_limits = {BOB: limits or SenderLimits()}
    return snapshot_of(
        now=now, sender_limits=sender_limits, code_attempts=code_attempts, invitation=invitation
    )


def limits_after(change: Change) -> SenderLimits:
    assert change.sender_limits is not None
    assert change.sender_limits.person == BOB
    return change.sender_limits.after


def enter_wrong_codes(
    command: ReceiveMessage | JoinConversation, times: int, apart: timedelta = MOMENT
) -> list[Change]:
    """Wrong codes, one after the other, as the same person."""
    changes, limits = [], SenderLimits()
    for attempt in range(times):
        changes.append(command.decide(guessing(NOW + attempt * apart, limits)))
        limits = limits_after(changes[-1]) if changes[-1].sender_limits else limits
    return changes


@pytest.mark.parametrize("why", WRONG)
def test_every_wrong_code_gets_the_same_reply(why: str) -> None:
    change = JOIN.decide(WRONG[why])
    assert sent_bodies(change) == [(BOB, NOT_VALID)]
    assert change == incoming(f"join {OTHER_CODE}").decide(snapshot_of())
    assert (change.after, change.claims, change.events) == (None, (), ())


def test_a_wrong_code_is_counted_for_the_person_and_for_the_number() -> None:
    change = JOIN.decide(guessing(code_attempts=WindowCounter(7, NOW + MOMENT)))
    assert limits_after(change).code_attempts == WindowCounter(1, NOW + CODE_ATTEMPTS_WINDOW)
    assert change.code_attempts is not None
    assert change.code_attempts.masked_number == MASKED
    assert (change.code_attempts.before.number, change.code_attempts.after.number) == (7, 8)


def test_the_last_attempt_of_a_person_locks_them_out_with_an_event() -> None:
    changes = enter_wrong_codes(JOIN, CODE_ATTEMPTS_LIMIT)
    assert [sent_bodies(change) for change in changes] == [[(BOB, NOT_VALID)]] * CODE_ATTEMPTS_LIMIT
    assert [event_details(change) for change in changes[:-1]] == [[]] * (CODE_ATTEMPTS_LIMIT - 1)
    assert event_details(changes[-1]) == [("CODE_TRIES_EXCEEDED", "")]
    assert changes[-1].events[0].participant_id == BOB.participant_id


def test_a_locked_out_person_gets_no_reply_even_to_a_valid_code() -> None:
    limits = limits_after(enter_wrong_codes(JOIN, CODE_ATTEMPTS_LIMIT)[-1])
    locked = guessing(NOW, limits, invitation=WAITING)
    assert JOIN.decide(locked) == Change()
    assert sent_bodies(incoming("help").decide(locked)) == [(BOB, system_message(Template.HELP))]
    assert after(incoming("start").decide(locked)).is_live


def test_a_lockout_ends_and_the_attempts_before_it_count_no_more() -> None:
    limits = limits_after(enter_wrong_codes(JOIN, CODE_ATTEMPTS_LIMIT)[-1])
    end = NOW + (CODE_ATTEMPTS_LIMIT - 1) * MOMENT + LOCKOUT
    assert JOIN.decide(guessing(end - MOMENT, limits)) == Change()
    free = guessing(end, limits)
    assert after(JOIN.decide(guessing(end, limits, invitation=WAITING))).is_live
    assert limits_after(JOIN.decide(free)).code_attempts.number == 1
    assert event_details(JOIN.decide(free)) == []


def test_attempts_further_apart_than_the_window_lock_nobody_out() -> None:
    changes = enter_wrong_codes(
        JOIN, 3 * CODE_ATTEMPTS_LIMIT, apart=CODE_ATTEMPTS_WINDOW / (CODE_ATTEMPTS_LIMIT - 1)
    )
    assert all(sent_bodies(change) for change in changes)


def test_a_number_with_many_wrong_codes_replies_to_none_any_more() -> None:
    many = WindowCounter(NUMBER_CODE_ATTEMPTS_LIMIT, NOW + MOMENT)
    change = JOIN.decide(guessing(code_attempts=many))
    assert sent_bodies(change) == []
    assert limits_after(change).code_attempts.number == 1
    assert change.code_attempts is not None
    assert change.code_attempts.after.number == NUMBER_CODE_ATTEMPTS_LIMIT + 1


def test_a_number_replies_up_to_the_limit_and_again_in_the_next_window() -> None:
    below = WindowCounter(NUMBER_CODE_ATTEMPTS_LIMIT - 1, NOW + MOMENT)
    assert sent_bodies(JOIN.decide(guessing(code_attempts=below))) == [(BOB, NOT_VALID)]
    closed = JOIN.decide(guessing(code_attempts=WindowCounter(NUMBER_CODE_ATTEMPTS_LIMIT, NOW)))
    assert sent_bodies(closed) == [(BOB, NOT_VALID)]
    assert closed.code_attempts is not None
    assert closed.code_attempts.after == WindowCounter(1, NOW + NUMBER_CODE_ATTEMPTS_WINDOW)


def test_a_valid_code_works_on_a_number_with_many_wrong_codes() -> None:
    many = snapshot_of(
        code_attempts=WindowCounter(NUMBER_CODE_ATTEMPTS_LIMIT, NOW + MOMENT), invitation=WAITING
    )
    assert after(JOIN.decide(many)).participants == (ALICE, BOB)


def test_a_valid_code_is_not_counted() -> None:
    change = JOIN.decide(snapshot_of(invitation=WAITING))
    assert limits_after(change).code_attempts == NEVER
    assert change.code_attempts is None


def test_wrong_codes_of_one_person_lock_nobody_else_out() -> None:
    limits = limits_after(enter_wrong_codes(JOIN, CODE_ATTEMPTS_LIMIT)[-1])
    known = snapshot_of(sender_limits={BOB: limits}, invitation=WAITING)
    assert after(incoming(f"join {CODE}", CAROL).decide(known)).participants == (ALICE, CAROL)


@pytest.mark.parametrize("why", WRONG_BY_API)
def test_a_clients_wrong_code_is_counted_and_refused(why: str) -> None:
    change = BY_API.decide(WRONG[why])
    assert isinstance(change.refusal, CodeNotValid)
    assert limits_after(change).code_attempts == WindowCounter(1, NOW + CODE_ATTEMPTS_WINDOW)
    assert (change.after, change.texts, change.code_attempts, change.events) == (None, (), None, ())


def test_a_client_that_guesses_for_a_person_locks_them_out() -> None:
    changes = enter_wrong_codes(BY_API, CODE_ATTEMPTS_LIMIT)
    assert all(isinstance(change.refusal, CodeNotValid) for change in changes)
    assert event_details(changes[-1]) == [("CODE_TRIES_EXCEEDED", "")]
    locked = guessing(NOW, limits_after(changes[-1]), invitation=WAITING)
    with pytest.raises(CodeNotValid):
        BY_API.decide(locked)
    assert JOIN.decide(locked) == Change()
