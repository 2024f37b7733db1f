"""A message that arrives late does not reach a partner whom its sender cannot have meant."""

from datetime import datetime, timedelta

import pytest

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.inbound.inbound_message import CLOCK_DIFFERENCE
from conversation_service.domain.model.consent import ConsentChange
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, system_message
from support.decisions import (
    ACTIVE,
    CODE,
    MOMENT,
    NOW,
    WAITING,
    after,
    event_details,
    incoming,
    sent_bodies,
    snapshot_of,
)

HOUR = timedelta(hours=1)
# The conversation has been active for an hour.
LATER = NOW + HOUR
LATEST_STALE = NOW - CLOCK_DIFFERENCE - MOMENT


def stale(body: str, conversation: Conversation = ACTIVE) -> Change:
    return incoming(body, carrier_time=LATEST_STALE).decide(snapshot_of(conversation, now=LATER))


@pytest.mark.parametrize("body", ["hello", "end", "block", "report", "help", "start", "", "\0"])
def test_a_message_from_before_the_conversation_is_neither_relayed_nor_a_keyword(
    body: str,
) -> None:
    change = stale(body)
    assert sent_bodies(change) == [(BOB, system_message(Template.NOT_DELIVERED))]
    assert event_details(change)[0] == ("MESSAGE_NOT_RELAYED", "TOO_LATE")
    assert (change.after, change.blocks, change.consent) == (None, None, None)


def test_many_stale_messages_cause_one_notice() -> None:
    first = stale("one")
    assert first.sender_limits is not None
    notified = snapshot_of(ACTIVE, now=LATER, sender_limits={BOB: first.sender_limits.after})
    assert sent_bodies(incoming("two", carrier_time=LATEST_STALE).decide(notified)) == []


def test_an_opt_out_counts_however_late_it_arrives() -> None:
    change = stale("stop")
    assert change.consent == ConsentChange(BOB, opts_in=False)
    assert after(change).end_reason is EndReason.OPTED_OUT


@pytest.mark.parametrize("accepted", [None, LATEST_STALE + MOMENT, NOW, LATER, LATER + HOUR])
def test_a_message_that_is_not_certainly_older_is_relayed(accepted: datetime | None) -> None:
    message = incoming("hello", carrier_time=accepted)
    assert sent_bodies(message.decide(snapshot_of(ACTIVE, now=LATER))) == [(ALICE, "hello")]


def test_a_late_message_of_a_waiting_person_or_a_stranger_gets_the_usual_reply() -> None:
    waiting = incoming("hello", ALICE, carrier_time=LATEST_STALE).decide(snapshot_of(WAITING))
    assert event_details(waiting)[0] == ("MESSAGE_NOT_RELAYED", "NOBODY_JOINED")
    stranger = incoming("hello", carrier_time=NOW - 5 * HOUR).decide(snapshot_of())
    assert sent_bodies(stranger) == [(BOB, system_message(Template.HELP))]


def test_messages_after_a_late_join_belong_to_the_conversation() -> None:
    """Both were delayed by an hour, and are received in the order in which they were sent."""
    invited = snapshot_of(invitation=WAITING, now=LATER)
    joined = after(incoming(f"join {CODE}", carrier_time=LATER - HOUR).decide(invited))
    assert (joined.state, joined.join_time, joined.active_since) == (State.ACTIVE, LATER, NOW)
    hello = incoming("hello", carrier_time=LATER - HOUR + MOMENT)
    assert sent_bodies(hello.decide(snapshot_of(joined, now=LATER))) == [(ALICE, "hello")]
    for_another = incoming("for another", carrier_time=LATEST_STALE)
    assert event_details(for_another.decide(snapshot_of(joined, now=LATER)))[0][1] == "TOO_LATE"


@pytest.mark.parametrize("accepted", [None, NOW - CLOCK_DIFFERENCE, NOW, NOW + HOUR])
def test_a_join_in_time_counts_from_its_arrival(accepted: datetime | None) -> None:
    message = incoming(f"join {CODE}", carrier_time=accepted)
    joined = after(message.decide(snapshot_of(invitation=WAITING)))
    assert (joined.join_request_time, joined.active_since) == (None, NOW)
