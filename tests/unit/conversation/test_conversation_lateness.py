"""A text that comes late reaches nobody but whom it was meant for."""

from datetime import datetime, timedelta

import pytest

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.inbound.inbound_message import CLOCK_DIFFERENCE
from conversation_service.domain.model.consent import ConsentChange
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, line, says
from support.decisions import ACTIVE, CODE, MOMENT, NOW, WAITING, after, facts, happened, text, told

HOUR = timedelta(hours=1)
# Alice and Bob have been talking for an hour.
LATER = NOW + HOUR
LATEST = NOW - CLOCK_DIFFERENCE - MOMENT


def late(body: str, known: Conversation = ACTIVE) -> Change:
    return text(body, carrier_time=LATEST).decide(facts(known, now=LATER))


@pytest.mark.parametrize("body", ["hello", "end", "block", "report", "help", "start", "", "\0"])
def test_a_text_from_before_the_conversation_is_neither_words_nor_a_command(body: str) -> None:
    change = late(body)
    assert told(change) == [(BOB, says(Template.NOT_DELIVERED))]
    assert happened(change)[0] == ("MESSAGE_NOT_RELAYED", "TOO_LATE")
    assert (change.after, change.blocks, change.wish) == (None, None, None)


def test_many_late_texts_are_answered_once() -> None:
    first = late("one")
    assert first.conduct is not None
    known = facts(ACTIVE, now=LATER, sender_limits={BOB: first.conduct.after})
    assert told(text("two", carrier_time=LATEST).decide(known)) == []


def test_an_opt_out_counts_however_late_it_comes() -> None:
    change = late("stop")
    assert change.wish == ConsentChange(BOB, opts_in=False)
    assert after(change).end_reason is EndReason.OPTED_OUT


@pytest.mark.parametrize("taken", [None, LATEST + MOMENT, NOW, LATER, LATER + HOUR])
def test_a_text_that_is_not_surely_older_is_relayed(taken: datetime | None) -> None:
    arrived = text("hello", carrier_time=taken)
    assert told(arrived.decide(facts(ACTIVE, now=LATER))) == [(ALICE, "hello")]


def test_before_anybody_joined_a_late_text_is_as_good_as_any() -> None:
    change = text("hello", ALICE, carrier_time=LATEST).decide(facts(WAITING, now=NOW))
    assert happened(change)[0] == ("MESSAGE_NOT_RELAYED", "NOBODY_JOINED")


def test_texts_behind_a_join_that_came_late_belong_to_the_conversation() -> None:
    """Both were lost for an hour, and are taken in the order in which they were sent."""
    invited = facts(invitation=WAITING, now=LATER)
    joins = text(f"join {CODE}", carrier_time=LATER - HOUR).decide(invited)
    joined = after(joins)
    assert (joined.state, joined.join_time, joined.active_since) == (State.ACTIVE, LATER, NOW)
    hello = text("hello", carrier_time=LATER - HOUR + MOMENT)
    assert told(hello.decide(facts(joined, now=LATER))) == [(ALICE, "hello")]
    for_another = text("for another", carrier_time=LATEST)
    assert happened(for_another.decide(facts(joined, now=LATER)))[0][1] == "TOO_LATE"


@pytest.mark.parametrize("taken", [None, NOW - CLOCK_DIFFERENCE, NOW, NOW + HOUR])
def test_a_join_that_comes_in_time_counts_from_when_it_was_taken_in(taken: datetime | None) -> None:
    joins = text(f"join {CODE}", carrier_time=taken)
    joined = after(joins.decide(facts(invitation=WAITING)))
    assert (joined.ask_time, joined.active_since) == (None, NOW)


def test_a_late_text_of_a_stranger_is_answered_as_any() -> None:
    change = text("hello", carrier_time=NOW - 5 * HOUR).decide(facts())
    assert told(change) == [(BOB, says(Template.HELP))]
    assert facts().live(line(BOB)) is None
