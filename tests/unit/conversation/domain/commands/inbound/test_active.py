"""The keyword table for people in an active conversation, and messages that arrive late."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import Draft, Snapshot
from conversation_service.domain.commands.inbound.inbound_message import (
    CLOCK_DIFFERENCE,
    RECOGNISED,
    InboundContext,
)
from conversation_service.domain.keywords.keywords import Keyword, ParsedKeyword
from conversation_service.domain.model.consent import ConsentChange
from conversation_service.domain.model.conversation import EndReason, State
from conversation_service.domain.model.participants import Block, Person
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.pool_validation import MIN_IDEMPOTENCY_RECORDS_KEPT
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, CAROL, OTHER_MASKED, POOL
from support.builders.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    MOMENT,
    NOW,
    OTHER_CODE,
    WAITING,
    after,
    event_details,
    incoming,
    pool_with,
    sent_bodies,
    snapshot_of,
    system,
    texted,
    to_both,
)

LATER = NOW + timedelta(hours=1)
INVITED_ELSEWHERE = replace(WAITING, participants=(CAROL,), conversation_id="d", code=OTHER_CODE)
BOTH_WAYS = [(BOB, ALICE), (ALICE, BOB)]

# Relayed although a keyword is in them or, of YES, is the whole message.
RELAYED = ["hello", "start the car", "join us at 8", "the end", "end better", "join me", "help me"]
RELAYED += ["stop the car", "yes", "block him", "report it", "starting", " Hello, Alice!\n "]

# Gets a reply and changes nothing: the body, the reply, and the event.
REPLIED = [
    ("start", Template.ALREADY_TALKING, "MESSAGE_NOT_RELAYED", "ALREADY_IN_CONVERSATION"),
    (
        f"join {OTHER_CODE}",
        Template.ALREADY_TALKING,
        "MESSAGE_NOT_RELAYED",
        "ALREADY_IN_CONVERSATION",
    ),
    (f"join {CODE}", Template.ALREADY_TALKING, "MESSAGE_NOT_RELAYED", "ALREADY_IN_CONVERSATION"),
    (f"end {OTHER_CODE}", Template.END_OF_ANOTHER, "KEYWORD_RECEIVED", "END"),
    ("help", Template.HELP_TALKING, "KEYWORD_RECEIVED", "HELP"),
    ("Info.", Template.HELP_TALKING, "KEYWORD_RECEIVED", "HELP"),
    ("", Template.EMPTY, "MESSAGE_NOT_RELAYED", "EMPTY"),
    (" \n ", Template.EMPTY, "MESSAGE_NOT_RELAYED", "EMPTY"),
]


def active(pool: Pool = POOL) -> Snapshot:
    return snapshot_of(ACTIVE, pool=pool, now=LATER, invitation=INVITED_ELSEWHERE)


def from_active(body: str, sender: Person = BOB) -> Change:
    return incoming(body, sender).decide(active())


@pytest.mark.parametrize("body", RELAYED)
def test_a_message_is_relayed_unchanged_to_the_partner(body: str) -> None:
    for sender, partner in BOTH_WAYS:
        change = from_active(body, sender)
        assert sent_bodies(change) == [(partner, body)]
        [relayed], [event] = change.texts, change.events
        assert (relayed.from_number, relayed.conversation_id) == (ACTIVE.masked_number, "c")
        assert (change.claims, change.new_block) == ((), None)
        assert event_details(change) == [("MESSAGE_RELAYED", "")]
        assert event.participant_id == sender.participant_id
        assert event.message_id == relayed.message_id


def test_a_relayed_message_moves_the_idle_end_and_no_other_time() -> None:
    change, end = from_active("hello"), LATER + POOL.settings.lifecycle.idle_timeout
    moved = replace(ACTIVE, last_message_time=LATER, idle_end_time=end, due_time=end)
    detector = after(change).loop_detector
    assert change.before == ACTIVE
    assert after(change) == replace(moved, etag="change", loop_detector=detector)


def test_a_message_reaches_no_partner_of_another_number_or_an_earlier_conversation() -> None:
    help_text = [system(BOB, Template.HELP)]
    assert sent_bodies(texted("hello", replace(ACTIVE, masked_number=OTHER_MASKED))) == help_text
    assert sent_bodies(texted("hello", ENDED, now=NOW + timedelta(days=1))) == help_text


@pytest.mark.parametrize(("body", "template", "event", "detail"), REPLIED)
def test_a_message_that_is_not_relayed_gets_a_reply_and_changes_nothing(
    body: str, template: Template, event: str, detail: str
) -> None:
    change = from_active(body)
    assert (change.before, change.after) == (None, None)
    assert sent_bodies(change) == [system(BOB, template)]
    assert event_details(change) == [(event, detail), ("MESSAGE_ACCEPTED", template.value)]


@pytest.mark.parametrize("body", ["end", "Leave.", "bye!", f"end {CODE}", "end k7m-2q9"])
def test_end_notifies_both_with_the_same_text(body: str) -> None:
    change = from_active(body)
    ended = after(change)
    assert (ended.state, ended.end_time) == (State.ENDED, LATER)
    assert ended.end_reason is EndReason.PARTICIPANT_ENDED
    assert ended.due_time == LATER + POOL.settings.retention.conversations
    assert sent_bodies(change) == to_both(Template.ENDED)
    assert [message.message_id for message in change.texts] == ["change-0", "change-1"]
    assert event_details(change) == [
        ("KEYWORD_RECEIVED", "END"),
        ("CONVERSATION_ENDED", "PARTICIPANT_ENDED"),
        *[("MESSAGE_ACCEPTED", "ended")] * 2,
    ]


def test_block_ends_neutrally_and_keeps_the_two_apart() -> None:
    for sender, partner in BOTH_WAYS:
        change = from_active("block", sender)
        assert after(change).end_reason is EndReason.BLOCKED
        assert change.new_block == Block(
            "change", sender.participant_id, partner.participant_id, LATER, "c"
        )
        sent = [system(partner, Template.ENDED), system(sender, Template.BLOCKED)]
        assert dict(sent_bodies(change)) == dict(sent)
        kinds = ["KEYWORD_RECEIVED", "PARTICIPANT_BLOCKED", "CONVERSATION_ENDED"]
        details = ["BLOCK", "", "BLOCKED"]
        assert event_details(change)[:3] == list(zip(kinds, details, strict=True))
        assert {event.participant_id for event in change.events[:3]} == {sender.participant_id}


def test_report_is_recorded_and_the_partner_is_not_notified() -> None:
    change = from_active("report")
    assert after(change) == replace(ACTIVE, etag="change", report_time=LATER)
    assert sent_bodies(change) == [system(BOB, Template.REPORTED)]
    assert event_details(change) == [
        ("KEYWORD_RECEIVED", "REPORT"),
        ("CONVERSATION_REPORTED", ""),
        ("MESSAGE_ACCEPTED", "reported"),
    ]


def test_a_keyword_that_the_pool_does_not_offer_is_relayed() -> None:
    for pool, relayed, offered in (
        (pool_with({"keywords.block_enabled": False}), "block", "report"),
        (pool_with({"keywords.report_enabled": False}), "report", "block"),
    ):
        snapshot = active(pool)
        change = incoming(relayed).decide(snapshot)
        assert sent_bodies(change) == [(ALICE, relayed)]
        assert (change.new_block, after(change).report_time) == (None, None)
        assert (ALICE, offered) not in sent_bodies(incoming(offered).decide(snapshot))


def test_a_conversation_that_a_client_opened_has_no_code_to_end_it_with() -> None:
    opened = replace(ACTIVE, code="")
    assert after(texted("end", opened)).end_time == NOW
    assert sent_bodies(texted(f"end {CODE}", opened)) == [system(BOB, Template.END_OF_ANOTHER)]


def test_only_a_participant_has_a_partner() -> None:
    assert (ACTIVE.partner_of(ALICE), ACTIVE.partner_of(CAROL)) == (BOB, None)
    assert WAITING.partner_of(ALICE) is None


def test_no_representation_of_a_message_or_its_change_shows_a_number_or_a_body() -> None:
    command = incoming("a secret word")
    context = InboundContext(active(), command.message, BOB, ParsedKeyword(Keyword.JOIN, CODE))
    representations = [command, command.idempotency_key, command.decide(active()), context]
    representations += [Draft(ALICE, "a secret word"), replace(ACTIVE, unique_name="secret")]
    for hidden in (ALICE.phone_number, BOB.phone_number, "secret", CODE):
        assert hidden not in repr(representations)


HOUR = timedelta(hours=1)
LATEST_STALE = NOW - CLOCK_DIFFERENCE - MOMENT


def stale(body: str) -> Change:
    message = incoming(body, carrier_time=LATEST_STALE, is_recovered=True)
    return message.decide(snapshot_of(ACTIVE, now=LATER))


def test_a_message_from_before_the_conversation_is_neither_relayed_nor_a_keyword() -> None:
    for body in ("hello", "end", "block", "report", "help", "start", "", "\0"):
        change = stale(body)
        assert sent_bodies(change) == [system(BOB, Template.NOT_DELIVERED)], body
        assert event_details(change)[1] == ("MESSAGE_NOT_RELAYED", "TOO_LATE"), body
        assert (change.after, change.new_block, change.consent) == (None, None, None), body
        assert change.sender_limits is not None
        notified = snapshot_of(ACTIVE, now=LATER, sender_limits={BOB: change.sender_limits.after})
        second = incoming("two", carrier_time=LATEST_STALE, is_recovered=True)
        assert sent_bodies(second.decide(notified)) == []


def test_an_opt_out_counts_however_late_it_arrives() -> None:
    change = stale("stop")
    assert change.consent == ConsentChange(BOB, opts_in=False)
    assert after(change).end_reason is EndReason.OPTED_OUT


def test_a_message_that_is_not_certainly_older_is_relayed() -> None:
    for carrier_time in (None, LATEST_STALE + MOMENT, NOW, LATER, LATER + HOUR):
        message = incoming("hello", carrier_time=carrier_time, is_recovered=True)
        assert sent_bodies(message.decide(snapshot_of(ACTIVE, now=LATER))) == [(ALICE, "hello")]


def test_a_callback_with_a_clock_hours_off_is_relayed() -> None:
    for hours in (-RECOGNISED / HOUR, -48, -5, -1, 5, 48):
        message = incoming("hello", carrier_time=NOW + hours * HOUR)
        assert sent_bodies(message.decide(snapshot_of(ACTIVE))) == [(ALICE, "hello")], hours


def test_a_callback_that_may_have_come_before_is_not_carried_out() -> None:
    assert RECOGNISED < MIN_IDEMPOTENCY_RECORDS_KEPT
    old = NOW - RECOGNISED - MOMENT
    for body in ("hello", "end", "block", "start", f"join {CODE}", "help"):
        change = incoming(body, carrier_time=old).decide(snapshot_of(ACTIVE))
        assert sent_bodies(change) == [system(BOB, Template.MAYBE_NOT_DELIVERED)], body
        assert event_details(change)[0] == ("MESSAGE_NOT_RELAYED", "TOO_OLD"), body
        assert change.after is None, body
        assert incoming(body, carrier_time=old).decide(snapshot_of()) == Change(), body
    assert incoming("stop", carrier_time=old).decide(snapshot_of(ACTIVE)).consent


def test_a_late_message_of_a_waiting_person_or_a_stranger_gets_the_usual_reply() -> None:
    waiting = incoming("hello", ALICE, carrier_time=LATEST_STALE).decide(snapshot_of(WAITING))
    assert event_details(waiting)[0] == ("MESSAGE_NOT_RELAYED", "NOBODY_JOINED")
    stranger = incoming("hello", carrier_time=NOW - 5 * HOUR).decide(snapshot_of())
    assert sent_bodies(stranger) == [system(BOB, Template.HELP)]


def test_messages_after_a_late_join_belong_to_the_conversation() -> None:
    """Both were delayed by an hour, and are received in the order in which they were sent."""
    invited = snapshot_of(invitation=WAITING, now=LATER)
    joined = after(incoming(f"join {CODE}", carrier_time=LATER - HOUR).decide(invited))
    assert (joined.state, joined.join_time, joined.active_since) == (State.ACTIVE, LATER, NOW)
    hello = incoming("hello", carrier_time=LATER - HOUR + MOMENT)
    assert sent_bodies(hello.decide(snapshot_of(joined, now=LATER))) == [(ALICE, "hello")]
    for_another = incoming("for another", carrier_time=LATEST_STALE, is_recovered=True)
    assert event_details(for_another.decide(snapshot_of(joined, now=LATER)))[1][1] == "TOO_LATE"
    for carrier_time in (None, NOW - CLOCK_DIFFERENCE, NOW, NOW + HOUR):
        message = incoming(f"join {CODE}", carrier_time=carrier_time)
        in_time = after(message.decide(snapshot_of(invitation=WAITING)))
        assert (in_time.join_request_time, in_time.active_since) == (None, NOW)
