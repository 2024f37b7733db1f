"""The command table, row by row, for who is in no conversation and for who waits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.core.change import Change, RouteClaim
from conversation_service.domain.commands.core.lifecycle import ended
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.errors import UnknownMaskedNumber
from conversation_service.domain.keywords.keywords import Keyword, ParsedKeyword, parse
from conversation_service.domain.model.conversation import EndReason, State
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.rate_limits import STRANGER_SILENCE
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, CAROL, MASKED, POOL, line, says
from support.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    MOMENT,
    NOW,
    OTHER_CODE,
    WAITING,
    after,
    draining,
    facts,
    happened,
    pool_with,
    text,
    told,
)

CODE_LIFETIME = timedelta(minutes=15)
COOL_OFF = timedelta(minutes=3)
CANCELLED = replace(ended(facts(), WAITING, EndReason.PARTICIPANT_ENDED), etag="e5")

# What a stranger is answered once in a while; from then on there is silence.
HELPED_ONCE = ["hello", "", "yes", "end", f"end {CODE}", "bye", "block", "report"]
HELPED_ONCE += ["start the car", "join us at 8", "the end"]

# What who waits with a code is told, and what it is understood as.
WAITS = [
    *((body, Template.CODE, "COMMAND_RECEIVED", "START") for body in ("start", " START! ")),
    (f"join {CODE}", Template.OWN_CODE, "COMMAND_RECEIVED", "JOIN"),
    ("join k7m-2q9.", Template.OWN_CODE, "COMMAND_RECEIVED", "JOIN"),
    (f"join {OTHER_CODE}", Template.STILL_WAITING, "COMMAND_RECEIVED", "JOIN"),
    (f"end {OTHER_CODE}", Template.STILL_WAITING, "COMMAND_RECEIVED", "END"),
    ("help", Template.HELP, "COMMAND_RECEIVED", "HELP"),
    ("info", Template.HELP, "COMMAND_RECEIVED", "HELP"),
    ("block", Template.STILL_WAITING, "COMMAND_RECEIVED", "BLOCK"),
    ("report", Template.STILL_WAITING, "COMMAND_RECEIVED", "REPORT"),
    *(
        (body, Template.STILL_WAITING, "MESSAGE_NOT_RELAYED", "NOBODY_JOINED")
        for body in ("hello?", "", "yes", "join us at 8", "start the car")
    ),
]


def by_stranger(body: str, known: Snapshot | None = None) -> Change:
    return text(body).decide(known or facts())


def by_waiting(body: str, pool: Pool = POOL) -> Change:
    return text(body, ALICE).decide(facts(WAITING, pool=pool))


def test_a_stranger_who_starts_waits_with_a_code() -> None:
    change = by_stranger("start")
    conversation = after(change)
    assert change.before is None
    assert (conversation.state, conversation.code) == (State.WAITING, CODE)
    assert conversation.participants == (BOB,)
    assert conversation.masked_number == MASKED
    assert conversation.due_time == conversation.idle_end_time == NOW + CODE_LIFETIME
    assert told(change) == [(BOB, says(Template.CODE, code=CODE, span=CODE_LIFETIME))]
    assert change.claims == (RouteClaim(line(BOB)),)
    assert happened(change) == [("CONVERSATION_STARTED", ""), ("SYSTEM_TEXT_ACCEPTED", "code")]


def test_a_start_takes_the_place_of_what_ended_on_the_line() -> None:
    over = facts(ENDED, now=NOW + COOL_OFF)
    assert by_stranger("start", over).claims == (RouteClaim(line(BOB), ENDED.conversation_id),)


def test_a_stranger_with_the_code_is_connected_and_both_are_told() -> None:
    change = by_stranger(f"join {CODE}", facts(invitation=WAITING))
    conversation = after(change)
    assert change.before == WAITING
    assert conversation.state is State.ACTIVE
    assert conversation.participants == (ALICE, BOB)
    assert conversation.join_time == NOW
    assert conversation.idle_end_time == NOW + POOL.settings.idle_lifetime
    assert conversation.latest_end_time == NOW + POOL.settings.lifetime
    assert told(change) == [
        (BOB, says(Template.YOU_JOINED)),
        (ALICE, says(Template.SOMEBODY_JOINED)),
    ]
    assert change.claims == (RouteClaim(line(BOB)),)
    assert change.unless_blocked == (BOB, ALICE)


def test_a_join_looks_up_what_the_code_leads_to_and_whom_the_sender_may_not_meet() -> None:
    asked = text("join k7m 2q9").lookup(POOL)
    assert asked == ReadSet((line(BOB),), CODE, people=(BOB,), blocks_of=BOB, tries_on=MASKED)
    for body in ("hello", f"end {CODE}", "end"):
        assert text(body).lookup(POOL) == ReadSet((line(BOB),), people=(BOB,))


def test_a_code_is_drawn_only_for_who_starts() -> None:
    assert text("start").lookup(POOL) == ReadSet((line(BOB),), people=(BOB,), needs_code=True)


@pytest.mark.parametrize("body", HELPED_ONCE)
def test_a_stranger_who_says_anything_else_gets_help_once_and_then_silence(body: str) -> None:
    change = by_stranger(body)
    assert told(change) == [(BOB, says(Template.HELP))]
    assert (change.after, change.events) == (None, ())
    assert change.conduct is not None
    conduct = change.conduct.after
    silenced = facts(sender_limits={BOB: conduct}, now=NOW + STRANGER_SILENCE - MOMENT)
    assert by_stranger(body, silenced) == Change()
    later = facts(sender_limits={BOB: conduct}, now=NOW + STRANGER_SILENCE)
    assert told(by_stranger(body, later)) == [(BOB, says(Template.HELP))]


@pytest.mark.parametrize("body", ["help", "INFO?", "start", f"join {OTHER_CODE}"])
def test_the_silence_towards_a_stranger_leaves_commands_alone(body: str) -> None:
    change = by_stranger("hello")
    assert change.conduct is not None
    assert told(by_stranger(body, facts(sender_limits={BOB: change.conduct.after}))) != []


@pytest.mark.parametrize("body", ["help", "info"])
def test_a_stranger_is_helped_as_often_as_they_ask(body: str) -> None:
    change = by_stranger(body)
    assert told(change) == [(BOB, says(Template.HELP))]
    assert change.conduct is not None
    assert change.conduct.after.helped_until is None


@pytest.mark.parametrize("known", [facts(), facts(WAITING), facts(ACTIVE), facts(ENDED)])
def test_opting_in_is_left_to_the_carrier_and_never_relayed(known: Snapshot) -> None:
    assert text("UNSTOP", ALICE).decide(known) == Change()


def test_a_number_that_drains_begins_nothing_new() -> None:
    change = by_stranger("start", facts(pool=pool_with(numbers=draining(MASKED))))
    assert change.after is None
    assert told(change) == [(BOB, says(Template.NO_NEW_HERE))]


def test_what_began_on_a_number_before_it_drains_goes_on() -> None:
    pool = pool_with(numbers=draining(MASKED))
    assert after(by_stranger(f"join {CODE}", facts(pool=pool, invitation=WAITING))).is_live
    assert told(text("hello").decide(facts(ACTIVE, pool=pool))) == [(ALICE, "hello")]
    assert told(by_waiting("start", pool))[0][1].startswith(f"Your code is {CODE}.")


def test_a_text_to_a_number_of_no_pool_is_refused() -> None:
    with pytest.raises(UnknownMaskedNumber):
        text("start", on="+12065550199").decide(facts())


@pytest.mark.parametrize("body", ["hello", "end", f"join {OTHER_CODE}", f"join {CODE}", "start"])
@pytest.mark.parametrize("sender", [ALICE, BOB])
def test_a_late_text_goes_to_nobody_and_begins_nothing_while_the_number_rests(
    body: str, sender: Person
) -> None:
    resting = facts(
        ENDED, now=NOW + COOL_OFF - MOMENT, invitation=replace(WAITING, participants=(CAROL,))
    )
    change = text(body, sender).decide(resting)
    assert (change.before, change.after) == (None, None)
    assert told(change) == [(sender, says(Template.JUST_ENDED, span=timedelta(0)))]


def test_a_late_text_is_told_how_long_the_number_still_rests() -> None:
    pool = pool_with(cool_off=timedelta(hours=3))
    change = text("hello").decide(facts(ENDED, pool=pool, now=NOW + timedelta(hours=1)))
    assert told(change) == [(BOB, says(Template.JUST_ENDED, span=timedelta(hours=2)))]


def test_a_number_rests_exactly_as_long_as_the_pool_says() -> None:
    assert after(by_stranger("start", facts(ENDED, now=NOW + COOL_OFF))).is_live
    at_once = pool_with(cool_off=timedelta(0))
    assert after(by_stranger("start", facts(ENDED, pool=at_once))).is_live


@pytest.mark.parametrize("body", ["help", "info"])
def test_help_is_given_while_the_number_rests(body: str) -> None:
    assert told(by_stranger(body, facts(ENDED))) == [(BOB, says(Template.HELP))]


def test_a_number_need_not_rest_from_a_conversation_that_nobody_joined() -> None:
    assert after(text("start", ALICE).decide(facts(CANCELLED))).is_live


@pytest.mark.parametrize(("body", "template", "event", "detail"), WAITS)
def test_who_waits_is_told_where_they_stand(
    body: str, template: Template, event: str, detail: str
) -> None:
    change = by_waiting(body)
    assert (change.before, change.after) == (None, None)
    assert told(change) == [(ALICE, says(template, code=CODE, span=CODE_LIFETIME))]
    assert happened(change) == [(event, detail), ("SYSTEM_TEXT_ACCEPTED", template.value)]


def test_who_starts_again_is_told_how_long_the_same_code_still_works() -> None:
    change = text("start", ALICE).decide(facts(WAITING, now=NOW + timedelta(minutes=10)))
    assert told(change) == [(ALICE, says(Template.CODE, code=CODE, span=timedelta(minutes=5)))]


@pytest.mark.parametrize("body", ["end", "bye", "Leave.", f"end {CODE}", "end k7m2q9"])
def test_who_waits_and_ends_gives_the_code_up(body: str) -> None:
    change = by_waiting(body)
    assert (after(change).state, after(change).end_time) == (State.ENDED, NOW)
    assert after(change).end_reason is EndReason.PARTICIPANT_ENDED
    assert told(change) == [(ALICE, says(Template.CANCELLED))]
    assert happened(change) == [
        ("COMMAND_RECEIVED", "END"),
        ("CONVERSATION_ENDED", "PARTICIPANT_ENDED"),
        ("SYSTEM_TEXT_ACCEPTED", "cancelled"),
    ]


def test_a_pool_is_texted_in_its_own_words() -> None:
    pool = pool_with(words={"start": ("hola",)})
    assert parse("Hola!", pool.keywords) == ParsedKeyword(Keyword.START)
    assert after(by_stranger("hola", facts(pool=pool))).is_live
    assert by_stranger("start", facts(pool=pool)).after is None
