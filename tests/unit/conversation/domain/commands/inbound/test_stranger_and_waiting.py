"""The keyword table for people who are in no conversation, and for people who wait."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.core.change import Change, RouteClaim
from conversation_service.domain.commands.core.lifecycle import ended
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.errors import UnknownMaskedNumber
from conversation_service.domain.model.conversation import EndReason, State
from conversation_service.domain.model.rate_limits import STRANGER_SILENCE
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, CAROL, MASKED, POOL, route
from support.builders.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    MOMENT,
    NOW,
    OTHER_CODE,
    WAITING,
    after,
    draining,
    event_details,
    incoming,
    pool_with,
    sent_bodies,
    snapshot_of,
    system,
    texted,
)

CODE_LIFETIME = timedelta(minutes=15)
COOL_OFF = timedelta(minutes=3)
CANCELLED = replace(ended(snapshot_of(), WAITING, EndReason.PARTICIPANT_ENDED), etag="e5")
HELP = [system(BOB, Template.HELP)]
# What a waiting person texts, the reply, and the event.
WAITING_TABLE = [
    *((body, Template.CODE, "COMMAND_RECEIVED", "START") for body in ("start", " START! ")),
    (f"join {CODE}", Template.OWN_CODE, "COMMAND_RECEIVED", "JOIN"),
    ("join k7m-2q9.", Template.OWN_CODE, "COMMAND_RECEIVED", "JOIN"),
    (f"join {OTHER_CODE}", Template.STILL_WAITING, "COMMAND_RECEIVED", "JOIN"),
    (f"end {OTHER_CODE}", Template.STILL_WAITING, "COMMAND_RECEIVED", "END"),
    *((body, Template.HELP, "COMMAND_RECEIVED", "HELP") for body in ("help", "info")),
    ("block", Template.STILL_WAITING, "COMMAND_RECEIVED", "BLOCK"),
    ("report", Template.STILL_WAITING, "COMMAND_RECEIVED", "REPORT"),
    *(
        (body, Template.STILL_WAITING, "MESSAGE_NOT_RELAYED", "NOBODY_JOINED")
        for body in ("hello?", "", "yes", "join us at 8", "start the car")
    ),
]


def test_start_makes_a_waiting_conversation_with_a_code() -> None:
    change = texted("start")
    conversation = after(change)
    assert (change.before, conversation.state, conversation.code) == (None, State.WAITING, CODE)
    assert (conversation.participants, conversation.masked_number) == ((BOB,), MASKED)
    assert conversation.due_time == conversation.idle_end_time == NOW + CODE_LIFETIME
    assert sent_bodies(change) == [system(BOB, Template.CODE, code=CODE, span=CODE_LIFETIME)]
    assert change.claims == (RouteClaim(route(BOB)),)
    assert event_details(change) == [("CONVERSATION_STARTED", ""), ("SYSTEM_TEXT_ACCEPTED", "code")]
    again = texted("start", ENDED, now=NOW + COOL_OFF)
    assert again.claims == (RouteClaim(route(BOB), ENDED.conversation_id),)


def test_join_with_a_code_connects_and_notifies_both() -> None:
    change = texted(f"join {CODE}", invitation=WAITING)
    conversation = after(change)
    assert (change.before, conversation.state) == (WAITING, State.ACTIVE)
    assert (conversation.participants, conversation.join_time) == ((ALICE, BOB), NOW)
    assert conversation.idle_end_time == NOW + POOL.settings.idle_lifetime
    assert conversation.latest_end_time == NOW + POOL.settings.lifetime
    notices = [system(BOB, Template.YOU_JOINED), system(ALICE, Template.SOMEBODY_JOINED)]
    assert sent_bodies(change) == notices
    assert (change.claims, change.requires_unblocked) == ((RouteClaim(route(BOB)),), (BOB, ALICE))


def test_a_message_reads_only_what_its_keyword_needs() -> None:
    basic = ReadSet((route(BOB),), people=(BOB,))
    joining = replace(basic, code=CODE, blocks_of=BOB, code_attempts_on=MASKED)
    assert incoming("join k7m 2q9").read_set(POOL) == joining
    assert incoming("start").read_set(POOL) == replace(basic, needs_code=True)
    for body in ("hello", f"end {CODE}", "end"):
        assert incoming(body).read_set(POOL) == basic


def test_any_other_message_of_a_stranger_gets_help_once_and_then_no_reply() -> None:
    others = ["hello", "", "yes", "end", f"end {CODE}", "bye", "block", "report"]
    for body in (*others, "start the car", "join us at 8", "the end"):
        change = texted(body)
        assert (sent_bodies(change), change.after, change.events) == (HELP, None, ())
        assert change.sender_limits is not None
        limits = {BOB: change.sender_limits.after}
        now = NOW + STRANGER_SILENCE - MOMENT
        assert texted(body, sender_limits=limits, now=now) == Change()
        assert sent_bodies(texted(body, sender_limits=limits, now=NOW + STRANGER_SILENCE)) == HELP
        for keyword in ("help", "INFO?", "start", f"join {OTHER_CODE}"):
            assert sent_bodies(texted(keyword, sender_limits=limits, now=now)) != []


def test_help_is_given_whenever_it_is_asked_for() -> None:
    for body in ("help", "info"):
        change = texted(body)
        assert sent_bodies(change) == sent_bodies(texted(body, ENDED)) == HELP
        assert change.sender_limits is not None
        assert change.sender_limits.after.helped_until is None


def test_unstop_is_answered_by_the_carrier_and_never_relayed() -> None:
    for conversations in ((), (WAITING,), (ACTIVE,), (ENDED,)):
        assert texted("UNSTOP", *conversations, by=ALICE) == Change()


def test_a_draining_number_takes_no_new_conversations_and_those_on_it_go_on() -> None:
    pool = pool_with(numbers=draining(MASKED))
    change = texted("start", pool=pool)
    assert (change.after, sent_bodies(change)) == (None, [system(BOB, Template.NO_NEW_HERE)])
    assert after(texted(f"join {CODE}", pool=pool, invitation=WAITING)).is_live
    assert sent_bodies(texted("hello", ACTIVE, pool=pool)) == [(ALICE, "hello")]
    [(_, reply)] = sent_bodies(texted("start", WAITING, by=ALICE, pool=pool))
    assert reply.startswith(f"Your code is {CODE}.")


def test_a_message_to_a_number_of_no_pool_is_refused() -> None:
    with pytest.raises(UnknownMaskedNumber):
        incoming("start", on="+12065550199").decide(snapshot_of())


def test_during_the_cool_off_a_message_reaches_nobody_and_starts_nothing() -> None:
    invitation, now = replace(WAITING, participants=(CAROL,)), NOW + COOL_OFF - MOMENT
    for sender in (ALICE, BOB):
        for body in ("hello", "end", f"join {OTHER_CODE}", f"join {CODE}", "start"):
            change = texted(body, ENDED, by=sender, now=now, invitation=invitation)
            assert (change.before, change.after) == (None, None), body
            assert sent_bodies(change) == [system(sender, Template.JUST_ENDED, span=timedelta(0))]
    pool, now = pool_with(cool_off=timedelta(hours=3)), NOW + timedelta(hours=1)
    left = system(BOB, Template.JUST_ENDED, span=timedelta(hours=2))
    assert sent_bodies(texted("hello", ENDED, pool=pool, now=now)) == [left]


def test_after_the_cool_off_a_new_conversation_may_start() -> None:
    assert after(texted("start", ENDED, now=NOW + COOL_OFF)).is_live
    assert after(texted("start", ENDED, pool=pool_with(cool_off=timedelta(0)))).is_live
    assert after(texted("start", CANCELLED, by=ALICE)).is_live


@pytest.mark.parametrize(("body", "template", "event", "detail"), WAITING_TABLE)
def test_a_waiting_person_gets_a_reply_to_everything(
    body: str, template: Template, event: str, detail: str
) -> None:
    change = texted(body, WAITING, by=ALICE)
    assert (change.before, change.after) == (None, None)
    assert sent_bodies(change) == [system(ALICE, template, code=CODE, span=CODE_LIFETIME)]
    assert event_details(change) == [(event, detail), ("SYSTEM_TEXT_ACCEPTED", template.value)]


def test_a_second_start_says_how_much_of_the_codes_lifetime_is_left() -> None:
    change = texted("start", WAITING, by=ALICE, now=NOW + timedelta(minutes=10))
    left = system(ALICE, Template.CODE, code=CODE, span=timedelta(minutes=5))
    assert sent_bodies(change) == [left]


def test_end_of_a_waiting_person_cancels_the_code() -> None:
    for body in ("end", "bye", "Leave.", f"end {CODE}", "end k7m2q9"):
        change = texted(body, WAITING, by=ALICE)
        assert (after(change).state, after(change).end_time) == (State.ENDED, NOW), body
        assert after(change).end_reason is EndReason.PARTICIPANT_ENDED
        assert sent_bodies(change) == [system(ALICE, Template.CANCELLED)]
        assert event_details(change) == [
            ("COMMAND_RECEIVED", "END"),
            ("CONVERSATION_ENDED", "PARTICIPANT_ENDED"),
            ("SYSTEM_TEXT_ACCEPTED", "cancelled"),
        ]


def test_keywords_of_the_pool_are_used_and_a_body_is_parsed_again_only_if_they_changed() -> None:
    pool = pool_with(words={"start": ("hola",)})
    assert after(texted("Hola!", pool=pool)).is_live
    assert texted("start", pool=pool).after is None
    message = incoming("hola")
    assert message.keyword(POOL.keywords) is message.keyword(POOL.keywords)
    assert message.keyword(pool.keywords) != message.keyword(POOL.keywords)
