"""A message that arrives late does not reach a partner whom its sender cannot have meant."""

from datetime import datetime, timedelta

import pytest

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.inbound.inbound_message import CLOCK_DIFFERENCE
from conversation_service.domain.model.consent import ConsentChange
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, says
from support.decisions import ACTIVE, CODE, MOMENT, NOW, WAITING, after, facts, happened, text, told

HOUR = timedelta(hours=1)
# The conversation has been active for an hour.
LATER = NOW + HOUR
LATEST_STALE = NOW - CLOCK_DIFFERENCE - MOMENT


def stale(body: str, conversation: Conversation = ACTIVE) -> Change:
    return text(body, carrier_time=LATEST_STALE).decide(facts(conversation, now=LATER))


@pytest.mark.parametrize("body", ["hello", "end", "block", "report", "help", "start", "", "\0"])
def test_a_message_from_before_the_conversation_is_neither_relayed_nor_a_keyword(
    body: str,
) -> None:
    change = stale(body)
    assert told(change) == [(BOB, says(Template.NOT_DELIVERED))]
    assert happened(change)[0] == ("MESSAGE_NOT_RELAYED", "TOO_LATE")
    assert (change.after, change.blocks, change.consent) == (None, None, None)


def test_many_stale_messages_cause_one_notice() -> None:
    first = stale("one")
    assert first.sender_limits is not None
    notified = facts(ACTIVE, now=LATER, sender_limits={BOB: first.sender_limits.after})
    assert told(text("two", carrier_time=LATEST_STALE).decide(notified)) == []


def test_an_opt_out_counts_however_late_it_arrives() -> None:
    change = stale("stop")
    assert change.consent == ConsentChange(BOB, opts_in=False)
    assert after(change).end_reason is EndReason.OPTED_OUT


@pytest.mark.parametrize("accepted", [None, LATEST_STALE + MOMENT, NOW, LATER, LATER + HOUR])
def test_a_message_that_is_not_certainly_older_is_relayed(accepted: datetime | None) -> None:
    message = text("hello", carrier_time=accepted)
    assert told(message.decide(facts(ACTIVE, now=LATER))) == [(ALICE, "hello")]


def test_a_late_message_of_a_waiting_person_or_a_stranger_gets_the_usual_reply() -> None:
    waiting = text("hello", ALICE, carrier_time=LATEST_STALE).decide(facts(WAITING))
    assert happened(waiting)[0] == ("MESSAGE_NOT_RELAYED", "NOBODY_JOINED")
    stranger = text("hello", carrier_time=NOW - 5 * HOUR).decide(facts())
    assert told(stranger) == [(BOB, says(Template.HELP))]


def test_messages_after_a_late_join_belong_to_the_conversation() -> None:
    """Both were delayed by an hour, and are received in the order in which they were sent."""
    invited = facts(invitation=WAITING, now=LATER)
    joined = after(text(f"join {CODE}", carrier_time=LATER - HOUR).decide(invited))
    assert (joined.state, joined.join_time, joined.active_since) == (State.ACTIVE, LATER, NOW)
    hello = text("hello", carrier_time=LATER - HOUR + MOMENT)
    assert told(hello.decide(facts(joined, now=LATER))) == [(ALICE, "hello")]
    for_another = text("for another", carrier_time=LATEST_STALE)
    assert happened(for_another.decide(facts(joined, now=LATER)))[0][1] == "TOO_LATE"


@pytest.mark.parametrize("accepted", [None, NOW - CLOCK_DIFFERENCE, NOW, NOW + HOUR])
def test_a_join_in_time_counts_from_its_arrival(accepted: datetime | None) -> None:
    message = text(f"join {CODE}", carrier_time=accepted)
    joined = after(message.decide(facts(invitation=WAITING)))
    assert (joined.ask_time, joined.active_since) == (None, NOW)
