"""The command table, row by row, for who is in an active conversation."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import Draft, Snapshot
from conversation_service.domain.commands.inbound.inbound_message import InboundContext
from conversation_service.domain.keywords.keywords import Keyword, ParsedKeyword
from conversation_service.domain.model.conversation import EndReason, State
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, CAROL, OTHER_MASKED, POOL, says
from support.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    NOW,
    OTHER_CODE,
    WAITING,
    after,
    facts,
    happened,
    pool_with,
    text,
    told,
)

LATER = NOW + timedelta(hours=1)
INVITED_ELSEWHERE = replace(WAITING, participants=(CAROL,), conversation_id="d", code=OTHER_CODE)

# What is conversation, although a command word is in it or stands alone.
TALK = ["hello", "start the car", "join us at 8", "the end", "end better", "join me", "help me"]
TALK += ["stop it", "yes", "block him", "report it", "starting", " Hello, Alice!\n "]

# What changes nothing but is answered, and what it is understood as.
ANSWERED = [
    ("start", Template.ALREADY_TALKING, "MESSAGE_NOT_RELAYED", "ALREADY_TALKING"),
    (f"join {OTHER_CODE}", Template.ALREADY_TALKING, "MESSAGE_NOT_RELAYED", "ALREADY_TALKING"),
    (f"join {CODE}", Template.ALREADY_TALKING, "MESSAGE_NOT_RELAYED", "ALREADY_TALKING"),
    (f"end {OTHER_CODE}", Template.END_OF_ANOTHER, "COMMAND_RECEIVED", "END"),
    ("help", Template.HELP, "COMMAND_RECEIVED", "HELP"),
    ("Info.", Template.HELP, "COMMAND_RECEIVED", "HELP"),
    ("", Template.EMPTY, "MESSAGE_NOT_RELAYED", "EMPTY"),
    (" \n ", Template.EMPTY, "MESSAGE_NOT_RELAYED", "EMPTY"),
]


def talking(pool: Pool = POOL) -> Snapshot:
    return facts(ACTIVE, pool=pool, now=LATER, invitation=INVITED_ELSEWHERE)


def by_active(body: str, by: Person = BOB) -> Change:
    return text(body, by).decide(talking())


@pytest.mark.parametrize("body", TALK)
@pytest.mark.parametrize(("sender", "partner"), [(BOB, ALICE), (ALICE, BOB)])
def test_what_is_said_goes_to_the_other_one_as_it_is(
    body: str, sender: Person, partner: Person
) -> None:
    change = by_active(body, sender)
    assert told(change) == [(partner, body)]
    [relayed] = change.texts
    assert (relayed.from_number, relayed.conversation_id) == (ACTIVE.masked_number, "c")
    assert (change.claims, change.conduct, change.blocks) == ((), None, None)
    assert happened(change) == [("MESSAGE_RELAYED", "")]
    [event] = change.events
    assert (event.participant_id, event.message_id) == (sender.participant_id, relayed.message_id)


def test_talk_moves_the_idle_end_and_nothing_else_of_its_kind() -> None:
    change = by_active("hello")
    assert change.before == ACTIVE
    assert after(change) == replace(
        ACTIVE,
        etag="change",
        last_message_time=LATER,
        idle_end_time=LATER + POOL.settings.idle_lifetime,
        due_time=LATER + POOL.settings.idle_lifetime,
        exchange=after(change).exchange,
    )


def test_a_conversation_on_another_number_is_none_here() -> None:
    elsewhere = replace(ACTIVE, masked_number=OTHER_MASKED)
    assert told(text("hello").decide(facts(elsewhere))) == [(BOB, says(Template.HELP))]


def test_a_text_after_the_end_does_not_reach_the_former_partner() -> None:
    long_ago = facts(ENDED, now=NOW + timedelta(days=1))
    assert told(text("hello").decide(long_ago)) == [(BOB, says(Template.HELP))]


@pytest.mark.parametrize(("body", "template", "event", "detail"), ANSWERED)
def test_what_is_not_passed_on_is_answered_and_changes_nothing(
    body: str, template: Template, event: str, detail: str
) -> None:
    change = by_active(body)
    assert (change.before, change.after) == (None, None)
    assert told(change) == [(BOB, says(template))]
    assert happened(change) == [(event, detail), ("SYSTEM_TEXT_ACCEPTED", template.value)]


@pytest.mark.parametrize("body", ["end", "Leave.", "bye!", f"end {CODE}", "end k7m-2q9"])
def test_an_end_is_told_to_both_in_the_same_words(body: str) -> None:
    change = by_active(body)
    ended = after(change)
    assert (ended.state, ended.end_time) == (State.ENDED, LATER)
    assert ended.end_reason is EndReason.PARTICIPANT_ENDED
    assert ended.due_time == LATER + POOL.settings.kept_after_end
    assert told(change) == [(ALICE, says(Template.ENDED)), (BOB, says(Template.ENDED))]
    assert happened(change) == [
        ("COMMAND_RECEIVED", "END"),
        ("CONVERSATION_ENDED", "PARTICIPANT_ENDED"),
        *[("SYSTEM_TEXT_ACCEPTED", "ended")] * 2,
    ]


@pytest.mark.parametrize(("sender", "partner"), [(BOB, ALICE), (ALICE, BOB)])
def test_a_block_ends_neutrally_and_keeps_the_two_apart(sender: Person, partner: Person) -> None:
    change = by_active("block", sender)
    assert after(change).end_reason is EndReason.BLOCKED
    assert change.blocks == (sender, partner)
    answers = {sender: says(Template.BLOCKED), partner: says(Template.ENDED)}
    assert dict(told(change)) == answers
    assert happened(change)[:3] == [
        ("COMMAND_RECEIVED", "BLOCK"),
        ("PARTICIPANT_BLOCKED", ""),
        ("CONVERSATION_ENDED", "BLOCKED"),
    ]
    assert {event.participant_id for event in change.events[:3]} == {sender.participant_id}


def test_a_report_is_kept_and_answered_and_the_partner_hears_nothing() -> None:
    change = by_active("report")
    assert after(change) == replace(ACTIVE, etag="change", report_time=LATER)
    assert told(change) == [(BOB, says(Template.REPORTED))]
    assert happened(change) == [
        ("COMMAND_RECEIVED", "REPORT"),
        ("CONVERSATION_REPORTED", ""),
        ("SYSTEM_TEXT_ACCEPTED", "reported"),
    ]


@pytest.mark.parametrize(
    ("pool", "talk", "command"),
    [
        (pool_with(allows_block=False), "block", "report"),
        (pool_with(allows_report=False), "report", "block"),
    ],
)
def test_what_the_pool_does_not_offer_is_talk(pool: Pool, talk: str, command: str) -> None:
    change = text(talk).decide(talking(pool))
    assert told(change) == [(ALICE, talk)]
    assert (change.blocks, after(change).report_time) == (None, None)
    assert (ALICE, command) not in told(text(command).decide(talking(pool)))


def test_a_conversation_that_a_client_opened_has_no_code_to_end_it_with() -> None:
    opened = replace(ACTIVE, code="")
    assert after(text("end").decide(facts(opened))).end_time == NOW
    change = text(f"end {CODE}").decide(facts(opened))
    assert told(change) == [(BOB, says(Template.END_OF_ANOTHER))]


def test_only_who_is_in_a_conversation_has_a_partner_there() -> None:
    assert (ACTIVE.partner_of(ALICE), ACTIVE.partner_of(BOB)) == (BOB, ALICE)
    assert ACTIVE.partner_of(CAROL) is None
    assert WAITING.partner_of(ALICE) is None


def test_every_text_of_a_change_has_its_own_id() -> None:
    assert [one.message_id for one in by_active("end").texts] == ["change-0", "change-1"]


def test_nothing_shown_of_a_text_or_of_its_outcome_holds_a_number_or_words() -> None:
    arrived = text("a secret word")
    shown = repr(arrived) + repr(arrived.receipt) + repr(arrived.decide(talking()))
    shown += repr(
        InboundContext(talking(), arrived.message, BOB, ParsedKeyword(Keyword.JOIN, CODE))
    )
    shown += repr(Draft(ALICE, "a secret word")) + repr(replace(ACTIVE, unique_name="secret"))
    for hidden in (ALICE.phone_number, BOB.phone_number, "secret", CODE):
        assert hidden not in shown
