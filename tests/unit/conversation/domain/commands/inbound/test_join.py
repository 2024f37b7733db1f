"""Wrong codes all get the same reply, and those who guess are locked out."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from conversation_service.domain.commands.client.join import JoinConversation
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.errors import JoinCodeInvalid
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
from support.builders.conversations import ALICE, BOB, CAROL, MASKED, OTHER_MASKED, system_message
from support.builders.decisions import (
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
    system,
    texted,
)

NOT_VALID = system_message(Template.CODE_NOT_VALID)
JOIN = incoming(f"join {CODE}")
BY_API = JoinConversation("r", CODE, BOB)
BLOCKED = {BOB.participant_id: {ALICE.participant_id: 1}}

ELSEWHERE = replace(WAITING, masked_number=OTHER_MASKED)

# Why a code does not work: the reply must not disclose it.
WRONG = {
    "wrong, used or expired": snapshot_of(),
    "of another number": snapshot_of(invitation=ELSEWHERE),
    "of somebody who is blocked": snapshot_of(invitation=WAITING, block_counts=BLOCKED),
    "of one's own": snapshot_of(invitation=replace(WAITING, participants=(BOB,))),
}


def guessing(now: datetime = NOW, limits: SenderLimits | None = None, **fields: Any) -> Snapshot:  # noqa: ANN401 - arguments of snapshot_of
    return snapshot_of(now=now, sender_limits={BOB: limits or SenderLimits()}, **fields)


def limits_after(change: Change) -> SenderLimits:
    assert change.sender_limits is not None
    assert change.sender_limits.person == BOB
    return change.sender_limits.after


def enter_wrong_codes(
    command: ReceiveMessage | JoinConversation,
    times: int = CODE_ATTEMPTS_LIMIT,
    apart: timedelta = MOMENT,
) -> list[Change]:
    """Wrong codes, one after the other, as the same person."""
    changes, limits = [], SenderLimits()
    for attempt in range(times):
        changes.append(command.decide(guessing(NOW + attempt * apart, limits)))
        limits = limits_after(changes[-1]) if changes[-1].sender_limits else limits
    return changes


LOCKED_OUT = limits_after(enter_wrong_codes(JOIN)[-1])


def test_every_wrong_code_gets_the_same_reply() -> None:
    for why, snapshot in WRONG.items():
        change = JOIN.decide(snapshot)
        assert sent_bodies(change) == [(BOB, NOT_VALID)], why
        assert change == texted(f"join {OTHER_CODE}"), why
        assert (change.after, change.claims, change.events) == (None, (), ()), why


def test_a_wrong_code_is_counted_for_the_person_and_for_the_number() -> None:
    change = JOIN.decide(guessing(code_attempts=WindowCounter(7, NOW + MOMENT)))
    assert limits_after(change).code_attempts == WindowCounter(1, NOW + CODE_ATTEMPTS_WINDOW)
    assert change.code_attempts is not None
    assert change.code_attempts.masked_number == MASKED
    assert (change.code_attempts.before.number, change.code_attempts.after.number) == (7, 8)


def test_the_last_attempt_of_a_person_locks_them_out_with_an_event() -> None:
    *changes, last = enter_wrong_codes(JOIN)
    for change in changes:
        assert (sent_bodies(change), event_details(change)) == ([(BOB, NOT_VALID)], [])
    assert sent_bodies(last) == [system(BOB, Template.TOO_MANY_TRIES, span=LOCKOUT)]
    assert event_details(last) == [("PERSON_JOIN_LIMIT_REACHED", "")]
    assert last.events[0].participant_id == BOB.participant_id
    apart = CODE_ATTEMPTS_WINDOW / (CODE_ATTEMPTS_LIMIT - 1)
    assert all(map(sent_bodies, enter_wrong_codes(JOIN, 3 * CODE_ATTEMPTS_LIMIT, apart)))


def test_a_locked_out_person_gets_no_reply_even_to_a_valid_code() -> None:
    locked = guessing(NOW, LOCKED_OUT, invitation=WAITING)
    assert JOIN.decide(locked) == Change()
    assert sent_bodies(incoming("help").decide(locked)) == [system(BOB, Template.HELP)]
    assert after(incoming("start").decide(locked)).is_live
    joined = after(incoming(f"join {CODE}", CAROL).decide(locked))
    assert joined.participants == (ALICE, CAROL), "nobody else is locked out"


def test_a_lockout_ends_and_the_attempts_before_it_count_no_more() -> None:
    end = NOW + (CODE_ATTEMPTS_LIMIT - 1) * MOMENT + LOCKOUT
    assert JOIN.decide(guessing(end - MOMENT, LOCKED_OUT)) == Change()
    assert after(JOIN.decide(guessing(end, LOCKED_OUT, invitation=WAITING))).is_live
    change = JOIN.decide(guessing(end, LOCKED_OUT))
    assert (limits_after(change).code_attempts.number, event_details(change)) == (1, [])


def test_a_number_replies_up_to_its_limit_of_wrong_codes_and_again_in_the_next_window() -> None:
    limit, end = NUMBER_CODE_ATTEMPTS_LIMIT, NOW + MOMENT
    for before, replies, counted in (
        (WindowCounter(limit - 1, end), [(BOB, NOT_VALID)], WindowCounter(limit, end)),
        (WindowCounter(limit, end), [], WindowCounter(limit + 1, end)),
        (
            WindowCounter(limit, NOW),
            [(BOB, NOT_VALID)],
            WindowCounter(1, NOW + NUMBER_CODE_ATTEMPTS_WINDOW),
        ),
    ):
        change = JOIN.decide(guessing(code_attempts=before))
        assert sent_bodies(change) == replies
        assert limits_after(change).code_attempts.number == 1
        assert change.code_attempts is not None
        assert change.code_attempts.after == counted


def test_a_valid_code_works_on_a_number_with_many_wrong_codes_and_is_not_counted() -> None:
    many = WindowCounter(NUMBER_CODE_ATTEMPTS_LIMIT, NOW + MOMENT)
    change = JOIN.decide(snapshot_of(code_attempts=many, invitation=WAITING))
    assert after(change).participants == (ALICE, BOB)
    assert (limits_after(change).code_attempts, change.code_attempts) == (NEVER, None)


def test_a_clients_wrong_code_is_counted_and_refused() -> None:
    for why in WRONG.keys() - {"of another number"}:
        change = BY_API.decide(WRONG[why])
        assert isinstance(change.refusal, JoinCodeInvalid), why
        counted = WindowCounter(1, NOW + CODE_ATTEMPTS_WINDOW)
        assert limits_after(change).code_attempts == counted, why
        assert (change.after, change.texts, change.events) == (None, (), ()), why
        assert change.code_attempts is None, why


def test_a_client_that_guesses_for_a_person_locks_them_out() -> None:
    changes = enter_wrong_codes(BY_API)
    assert all(isinstance(change.refusal, JoinCodeInvalid) for change in changes)
    assert event_details(changes[-1]) == [("PERSON_JOIN_LIMIT_REACHED", "")]
    locked = guessing(NOW, limits_after(changes[-1]), invitation=WAITING)
    with pytest.raises(JoinCodeInvalid):
        BY_API.decide(locked)
    assert JOIN.decide(locked) == Change()
