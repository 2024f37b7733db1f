"""The keyword table for people in an active conversation."""

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
from support.conversations import ALICE, BOB, CAROL, OTHER_MASKED, POOL, system_message
from support.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    NOW,
    OTHER_CODE,
    WAITING,
    after,
    event_details,
    incoming,
    pool_with,
    sent_bodies,
    snapshot_of,
)

LATER = NOW + timedelta(hours=1)
INVITED_ELSEWHERE = replace(WAITING, participants=(CAROL,), conversation_id="d", code=OTHER_CODE)
BOTH_WAYS = [(BOB, ALICE), (ALICE, BOB)]

# Relayed although a keyword is in them or, of YES, is the whole message.
RELAYED = ["hello", "start the car", "join us at 8", "the end", "end better", "join me", "help me"]
RELAYED += ["stop it", "yes", "block him", "report it", "starting", " Hello, Alice!\n "]

# Gets a reply and changes nothing: the body, the reply, and the event.
REPLIED = [
    ("start", Template.ALREADY_TALKING, "MESSAGE_NOT_RELAYED", "ALREADY_TALKING"),
    (f"join {OTHER_CODE}", Template.ALREADY_TALKING, "MESSAGE_NOT_RELAYED", "ALREADY_TALKING"),
    (f"join {CODE}", Template.ALREADY_TALKING, "MESSAGE_NOT_RELAYED", "ALREADY_TALKING"),
    (f"end {OTHER_CODE}", Template.END_OF_ANOTHER, "COMMAND_RECEIVED", "END"),
    ("help", Template.HELP, "COMMAND_RECEIVED", "HELP"),
    ("Info.", Template.HELP, "COMMAND_RECEIVED", "HELP"),
    ("", Template.EMPTY, "MESSAGE_NOT_RELAYED", "EMPTY"),
    (" \n ", Template.EMPTY, "MESSAGE_NOT_RELAYED", "EMPTY"),
]


def active(pool: Pool = POOL) -> Snapshot:
    return snapshot_of(ACTIVE, pool=pool, now=LATER, invitation=INVITED_ELSEWHERE)


def from_active(body: str, sender: Person = BOB) -> Change:
    return incoming(body, sender).decide(active())


@pytest.mark.parametrize("body", RELAYED)
@pytest.mark.parametrize(("sender", "partner"), BOTH_WAYS)
def test_a_message_is_relayed_unchanged_to_the_partner(
    body: str, sender: Person, partner: Person
) -> None:
    change = from_active(body, sender)
    assert sent_bodies(change) == [(partner, body)]
    [relayed] = change.texts
    assert (relayed.from_number, relayed.conversation_id) == (ACTIVE.masked_number, "c")
    assert (change.claims, change.sender_limits, change.blocks) == ((), None, None)
    assert event_details(change) == [("MESSAGE_RELAYED", "")]
    [event] = change.events
    assert (event.participant_id, event.message_id) == (sender.participant_id, relayed.message_id)


def test_a_relayed_message_moves_the_idle_end_and_no_other_time() -> None:
    change = from_active("hello")
    assert change.before == ACTIVE
    assert after(change) == replace(
        ACTIVE,
        etag="change",
        last_message_time=LATER,
        idle_end_time=LATER + POOL.settings.idle_lifetime,
        due_time=LATER + POOL.settings.idle_lifetime,
        loop_detector=after(change).loop_detector,
    )


@pytest.mark.parametrize(
    "snapshot",
    [
        snapshot_of(replace(ACTIVE, masked_number=OTHER_MASKED)),
        snapshot_of(ENDED, now=NOW + timedelta(days=1)),
    ],
)
def test_a_message_reaches_no_partner_of_another_number_or_an_earlier_conversation(
    snapshot: Snapshot,
) -> None:
    assert sent_bodies(incoming("hello").decide(snapshot)) == [(BOB, system_message(Template.HELP))]


@pytest.mark.parametrize(("body", "template", "event", "detail"), REPLIED)
def test_a_message_that_is_not_relayed_gets_a_reply_and_changes_nothing(
    body: str, template: Template, event: str, detail: str
) -> None:
    change = from_active(body)
    assert (change.before, change.after) == (None, None)
    assert sent_bodies(change) == [(BOB, system_message(template))]
    assert event_details(change) == [(event, detail), ("SYSTEM_TEXT_ACCEPTED", template.value)]


@pytest.mark.parametrize("body", ["end", "Leave.", "bye!", f"end {CODE}", "end k7m-2q9"])
def test_end_notifies_both_with_the_same_text(body: str) -> None:
    change = from_active(body)
    ended = after(change)
    assert (ended.state, ended.end_time) == (State.ENDED, LATER)
    assert ended.end_reason is EndReason.PARTICIPANT_ENDED
    assert ended.due_time == LATER + POOL.settings.kept_after_end
    assert sent_bodies(change) == [
        (ALICE, system_message(Template.ENDED)),
        (BOB, system_message(Template.ENDED)),
    ]
    assert [message.message_id for message in change.texts] == ["change-0", "change-1"]
    assert event_details(change) == [
        ("COMMAND_RECEIVED", "END"),
        ("CONVERSATION_ENDED", "PARTICIPANT_ENDED"),
        *[("SYSTEM_TEXT_ACCEPTED", "ended")] * 2,
    ]


@pytest.mark.parametrize(("sender", "partner"), BOTH_WAYS)
def test_block_ends_neutrally_and_keeps_the_two_apart(sender: Person, partner: Person) -> None:
    change = from_active("block", sender)
    assert after(change).end_reason is EndReason.BLOCKED
    assert change.blocks == (sender, partner)
    assert dict(sent_bodies(change)) == {
        sender: system_message(Template.BLOCKED),
        partner: system_message(Template.ENDED),
    }
    assert event_details(change)[:3] == [
        ("COMMAND_RECEIVED", "BLOCK"),
        ("PARTICIPANT_BLOCKED", ""),
        ("CONVERSATION_ENDED", "BLOCKED"),
    ]
    assert {event.participant_id for event in change.events[:3]} == {sender.participant_id}


def test_report_is_recorded_and_the_partner_is_not_notified() -> None:
    change = from_active("report")
    assert after(change) == replace(ACTIVE, etag="change", report_time=LATER)
    assert sent_bodies(change) == [(BOB, system_message(Template.REPORTED))]
    assert event_details(change) == [
        ("COMMAND_RECEIVED", "REPORT"),
        ("CONVERSATION_REPORTED", ""),
        ("SYSTEM_TEXT_ACCEPTED", "reported"),
    ]


@pytest.mark.parametrize(
    ("pool", "relayed", "offered"),
    [
        (pool_with(allows_block=False), "block", "report"),
        (pool_with(allows_report=False), "report", "block"),
    ],
)
def test_a_keyword_that_the_pool_does_not_offer_is_relayed(
    pool: Pool, relayed: str, offered: str
) -> None:
    change = incoming(relayed).decide(active(pool))
    assert sent_bodies(change) == [(ALICE, relayed)]
    assert (change.blocks, after(change).report_time) == (None, None)
    assert (ALICE, offered) not in sent_bodies(incoming(offered).decide(active(pool)))


def test_a_conversation_that_a_client_opened_has_no_code_to_end_it_with() -> None:
    opened = replace(ACTIVE, code="")
    assert after(incoming("end").decide(snapshot_of(opened))).end_time == NOW
    change = incoming(f"end {CODE}").decide(snapshot_of(opened))
    assert sent_bodies(change) == [(BOB, system_message(Template.END_OF_ANOTHER))]


def test_only_a_participant_has_a_partner() -> None:
    assert (ACTIVE.partner_of(ALICE), ACTIVE.partner_of(BOB)) == (BOB, ALICE)
    assert ACTIVE.partner_of(CAROL) is None
    assert WAITING.partner_of(ALICE) is None


def test_no_representation_of_a_message_or_its_change_shows_a_number_or_a_body() -> None:
    command = incoming("a secret word")
    context = InboundContext(active(), command.message, BOB, ParsedKeyword(Keyword.JOIN, CODE))
    shown = repr([command, command.idempotency_key, command.decide(active()), context])
    shown += repr([Draft(ALICE, "a secret word"), replace(ACTIVE, unique_name="secret")])
    for hidden in (ALICE.phone_number, BOB.phone_number, "secret", CODE):
        assert hidden not in shown
