"""Codes however they are written: for strangers, people who wait, and people in a conversation."""

import pytest

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.model.conversation import State
from conversation_service.domain.model.rate_limits import CODE_ATTEMPTS_LIMIT, LOCKOUT
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, POOL, system_message
from support.builders.decisions import (
    ACTIVE,
    CODE,
    OTHER_CODE,
    WAITING,
    after,
    event_details,
    incoming,
    sent_bodies,
    snapshot_of,
)

# The decisions on every form are in test_normalization: here one of each kind.
AFTER_JOIN = [f"JOIN: #{CODE}", f"join{CODE}", f"join code {CODE} please"]
WITHOUT_JOIN = [CODE, f'"{CODE}"', f"{CODE} please", f"code: {CODE}"]
WRONG = [body.replace(CODE, OTHER_CODE) for body in (*AFTER_JOIN, *WITHOUT_JOIN)]


def decide(body: str, snapshot: Snapshot) -> Change:
    return incoming(body).decide(snapshot)


@pytest.mark.parametrize("body", [*AFTER_JOIN, *WITHOUT_JOIN])
def test_a_live_code_joins_in_any_form(body: str) -> None:
    change = decide(body, snapshot_of(invitation=WAITING))
    assert after(change).state is State.ACTIVE
    assert incoming(body).read_set(POOL).code == CODE


@pytest.mark.parametrize("body", WRONG)
def test_a_wrong_code_in_any_form_is_answered_and_counted_until_its_sender_is_locked_out(
    body: str,
) -> None:
    snapshot, limits = snapshot_of(), {}
    replies = [system_message(Template.CODE_NOT_VALID)] * (CODE_ATTEMPTS_LIMIT - 1)
    for reply in (*replies, system_message(Template.TOO_MANY_TRIES, span=LOCKOUT)):
        change = decide(body, snapshot)
        assert sent_bodies(change) == [(BOB, reply)]
        assert change.sender_limits is not None
        assert change.code_attempts is not None
        limits = {BOB: change.sender_limits.after}
        snapshot = snapshot_of(sender_limits=limits)
    locked_out = snapshot_of(invitation=WAITING, sender_limits=limits)
    assert decide(CODE, locked_out) == decide(f"join {CODE}", locked_out) == Change()


@pytest.mark.parametrize("body", ["join mistyped", "join 7", "join \u00df"])
def test_only_what_is_shaped_like_a_code_is_looked_up(body: str) -> None:
    assert incoming(body).read_set(POOL).code == ""


@pytest.mark.parametrize(
    "body",
    [f"join {OTHER_CODE} please", f"JOIN{OTHER_CODE}", f"join code {OTHER_CODE}", "join-x4x-4x4!"],
)
def test_the_partner_gets_no_code_of_another_conversation(body: str) -> None:
    change = decide(body, snapshot_of(ACTIVE))
    assert sent_bodies(change) == [(BOB, system_message(Template.ALREADY_TALKING))]
    assert event_details(change) == [
        ("MESSAGE_NOT_RELAYED", "ALREADY_IN_CONVERSATION"),
        ("MESSAGE_ACCEPTED", "already_talking"),
    ]


@pytest.mark.parametrize("body", [OTHER_CODE, f"the door opens with {OTHER_CODE}"])
def test_inside_a_conversation_a_code_without_join_is_conversation(body: str) -> None:
    """Whether it were a live code must not show: guesses would cost nothing there."""
    assert sent_bodies(decide(body, snapshot_of(ACTIVE))) == [(ALICE, body)]


def test_who_waits_is_told_that_a_code_is_their_own_also_without_join() -> None:
    waiting = snapshot_of(WAITING)
    own = incoming(CODE, by=ALICE).decide(waiting)
    assert sent_bodies(own) == [(ALICE, system_message(Template.OWN_CODE, code=CODE))]
    other = incoming(OTHER_CODE, by=ALICE).decide(waiting)
    assert event_details(other)[0] == ("MESSAGE_NOT_RELAYED", "NOBODY_JOINED")


def test_a_different_attempt_is_answered_after_the_help_text() -> None:
    change = decide("hello", snapshot_of())
    assert change.sender_limits is not None
    muted = snapshot_of(sender_limits={BOB: change.sender_limits.after})
    assert decide("hello again", muted) == Change()
    for body in ("join", "join me please", "hello, start", "help me"):
        assert (sent_bodies(decide(body, muted)) != []) == (body != "hello, start")
