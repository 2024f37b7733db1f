"""The command table, row by row: who texts what, and what happens."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from conversation_service.domain import texts
from conversation_service.domain.change import Change, Line
from conversation_service.domain.conversation import Conversation, EndReason, State
from conversation_service.domain.facts import Facts
from conversation_service.domain.phone import Person
from conversation_service.domain.receive_text import ReceiveText
from conversation_service.domain.transitions import joined, opened
from support.conversations import ALICE, BOB, CAROL, MASKED, OTHER_MASKED, POOL, line

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CODE = "K7M2Q9"
OTHER_CODE = "X4X4X4"


def facts(
    *live: tuple[Line, Conversation],
    invitation: Conversation | None = None,
    is_silenced: bool = False,
) -> Facts:
    return Facts(
        pool=POOL,
        now=NOW,
        change_id="change",
        fresh_code=CODE,
        live=dict(live),
        invitation=invitation,
        is_silenced=is_silenced,
    )


WAITING = replace(opened(facts(), line(ALICE)), conversation_id="c", etag="e1")
ACTIVE = replace(joined(facts(), WAITING, BOB), etag="e2")


def text(body: str, by: Person = BOB, *, has_attachments: bool = False) -> ReceiveText:
    return ReceiveText("mdr2-1", line(by), body, has_attachments, POOL.words)


def told(change: Change) -> list[tuple[str, str]]:
    names = {ALICE.phone_number: "alice", BOB.phone_number: "bob", CAROL.phone_number: "carol"}
    assert all(one.from_number == MASKED for one in change.texts)
    return [(names[one.to_number], one.body) for one in change.texts]


def by_stranger(body: str, *, is_silenced: bool = False) -> Change:
    return text(body).decide(facts(is_silenced=is_silenced))


def by_waiting(body: str) -> Change:
    return text(body, ALICE).decide(facts((line(ALICE), WAITING)))


def by_active(body: str, *, has_attachments: bool = False) -> Change:
    arrived = text(body, has_attachments=has_attachments)
    return arrived.decide(facts((line(BOB), ACTIVE)))


def test_a_stranger_who_starts_gets_a_code() -> None:
    change = by_stranger("start")
    assert change.before is None
    assert change.after is not None
    assert (change.after.state, change.after.code) == (State.WAITING, CODE)
    assert change.after.participants == (BOB,)
    assert change.after.due_time == NOW + POOL.code_lifetime
    assert told(change) == [("bob", texts.code(POOL, CODE))]


def test_a_stranger_who_joins_is_connected_and_both_are_told() -> None:
    change = text(f"join {CODE}").decide(facts(invitation=WAITING))
    assert change.before == WAITING
    assert change.after is not None
    assert change.after.state is State.ACTIVE
    assert change.after.participants == (ALICE, BOB)
    assert change.after.due_time == NOW + POOL.idle_lifetime
    assert told(change) == [("bob", texts.you_joined()), ("alice", texts.somebody_joined())]


def test_a_code_that_leads_nowhere_is_answered_without_an_effect() -> None:
    change = by_stranger(f"join {OTHER_CODE}")
    assert change.after is None
    assert told(change) == [("bob", texts.code_not_valid())]


def test_a_code_of_another_masked_number_is_answered_like_a_wrong_one() -> None:
    elsewhere = replace(WAITING, masked_number=OTHER_MASKED)
    change = text(f"join {CODE}").decide(facts(invitation=elsewhere))
    assert change == by_stranger(f"join {OTHER_CODE}")


@pytest.mark.parametrize("body", ["hello", "end", "", "start the car", "join us at 8"])
def test_a_stranger_who_says_anything_else_gets_help_once(body: str) -> None:
    change = by_stranger(body)
    assert change.after is None
    assert told(change) == [("bob", texts.help_text(POOL))]
    assert change.silence is not None
    assert change.silence.lasts == POOL.stranger_silence
    assert by_stranger(body, is_silenced=True) == Change()


def test_help_is_given_however_often_it_is_asked_for() -> None:
    assert told(by_stranger("help", is_silenced=True)) == [("bob", texts.help_text(POOL))]
    assert told(by_waiting("info")) == [("alice", texts.help_text(POOL))]
    assert told(by_active("help")) == [("bob", texts.help_text(POOL))]


def test_who_waits_and_starts_again_gets_the_same_code() -> None:
    change = by_waiting("start")
    assert change.after is None
    assert told(change) == [("alice", texts.code(POOL, CODE))]


def test_who_waits_and_joins_their_own_code_is_told_so() -> None:
    assert told(by_waiting(f"join {CODE}")) == [("alice", texts.own_code(CODE))]


@pytest.mark.parametrize("body", ["hello?", f"join {OTHER_CODE}", f"end {OTHER_CODE}", ""])
def test_who_waits_and_says_anything_else_is_told_that_nobody_has_joined(body: str) -> None:
    change = by_waiting(body)
    assert change.after is None
    assert told(change) == [("alice", texts.still_waiting(CODE))]


@pytest.mark.parametrize("body", ["end", "bye", f"end {CODE}"])
def test_who_waits_and_ends_gives_the_code_up(body: str) -> None:
    change = by_waiting(body)
    assert change.after is not None
    assert change.after.state is State.ENDED
    assert told(change) == [("alice", texts.cancelled())]


def test_what_is_said_in_a_conversation_goes_to_the_other_one_as_it_is() -> None:
    change = by_active("  Hello, Alice!\n ")
    assert told(change) == [("alice", "  Hello, Alice!\n ")]
    assert change.before == ACTIVE
    assert change.after is not None
    assert change.after.last_message_time == NOW
    assert change.after.due_time == NOW + POOL.idle_lifetime


@pytest.mark.parametrize("body", ["start the car", "join us at 8", "the end", "end better", "yes"])
def test_words_that_only_sound_like_commands_are_conversation(body: str) -> None:
    assert told(by_active(body)) == [("alice", body)]


def test_a_single_word_behind_join_that_is_no_code_is_conversation() -> None:
    assert told(by_active("join me")) == [("alice", "join me")]


@pytest.mark.parametrize("body", ["start", f"join {OTHER_CODE}", f"join {CODE}"])
def test_nobody_starts_or_joins_while_talking_and_no_code_is_relayed(body: str) -> None:
    change = by_active(body)
    assert change.after is None
    assert told(change) == [("bob", texts.already_talking())]


@pytest.mark.parametrize("body", ["end", "Leave.", f"end {CODE}"])
def test_an_end_is_told_to_both_in_the_same_words(body: str) -> None:
    change = by_active(body)
    assert change.after is not None
    assert change.after.end_reason is EndReason.PARTICIPANT_ENDED
    assert change.after.end_time == NOW
    assert told(change) == [("alice", texts.ended()), ("bob", texts.ended())]


def test_another_conversations_code_ends_nothing_and_is_not_relayed() -> None:
    change = by_active(f"end {OTHER_CODE}")
    assert change.after is None
    assert told(change) == [("bob", texts.end_of_another())]


@pytest.mark.parametrize("word", [word for word in POOL.words.opt_out if word != "stop"])
def test_opting_out_ends_the_conversation_and_is_confirmed_once(word: str) -> None:
    change = by_active(word)
    assert change.after is not None
    assert change.after.end_reason is EndReason.OPTED_OUT
    assert told(change) == [("alice", texts.ended()), ("bob", texts.opted_out())]


def test_stop_is_answered_by_the_carrier_and_so_not_by_us() -> None:
    assert told(by_active("STOP")) == [("alice", texts.ended())]
    assert told(by_waiting("Stop")) == []
    assert by_stranger("stop") == Change()


def test_a_stranger_who_opts_out_is_confirmed_and_then_left_alone() -> None:
    assert told(by_stranger("quit")) == [("bob", texts.opted_out())]
    assert by_stranger("quit", is_silenced=True) == Change()


def test_opting_in_is_answered_by_the_carrier_and_never_relayed() -> None:
    assert by_stranger("unstop") == Change()
    assert by_waiting("unstop") == Change()
    assert by_active("UNSTOP") == Change()


def test_an_empty_text_is_not_passed_on_and_its_sender_told() -> None:
    assert told(by_active("  ")) == [("bob", texts.empty())]


def test_a_picture_without_words_is_not_lost_silently() -> None:
    assert told(by_active("", has_attachments=True)) == [("bob", texts.no_attachments())]


def test_the_words_of_a_picture_are_passed_on_and_its_sender_told_about_the_picture() -> None:
    change = by_active("look", has_attachments=True)
    assert told(change) == [("alice", "look"), ("bob", texts.no_attachments())]


def test_every_text_of_a_change_has_its_own_id() -> None:
    ids = [one.message_id for one in by_active("end").texts]
    assert ids == ["change-0", "change-1"]


def test_nothing_shown_of_an_intent_or_a_change_holds_a_number_or_words() -> None:
    arrived = text("a secret word")
    shown = repr(arrived) + repr(arrived.receipt) + repr(arrived.decide(facts((line(BOB), ACTIVE))))
    for hidden in (ALICE.phone_number, BOB.phone_number, "secret", CODE):
        assert hidden not in shown
