"""Opt-outs in people's own words: heard where nobody else is, else relayed with a hint."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.model.consent import ConsentChange
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.rate_limits import REPLIES_LIMIT, SenderLimits
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB
from support.builders.decisions import (
    ACTIVE,
    ENDED,
    NOW,
    PAUSED,
    WAITING,
    after,
    event_details,
    sent_bodies,
    system,
    texted,
)

BODIES = ["please stop", "wrong number", "stop texting me", "STOP\nJane Doe\nExample Corp"]
HINT = system(BOB, Template.OPT_OUT_HINT)
CONFIRMED = system(BOB, Template.OPTED_OUT)


@pytest.mark.parametrize("body", BODIES)
def test_a_strangers_words_opt_out(body: str) -> None:
    for conversations in ((), (ENDED,)):
        change = texted(body, *conversations)
        assert change == texted("quit", *conversations)
        assert change.consent == ConsentChange(BOB, opts_in=False)
        assert sent_bodies(change) == [CONFIRMED]


@pytest.mark.parametrize("body", BODIES)
def test_a_waiting_persons_words_opt_out_and_end_it(body: str) -> None:
    waiting = replace(WAITING, participants=(BOB,))
    change = texted(body, waiting)
    assert change == texted("quit", waiting)
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert event_details(change)[0] == ("KEYWORD_RECEIVED", "OPT_OUT")


@pytest.mark.parametrize("body", BODIES)
def test_in_a_conversation_they_are_relayed_and_answered_once(body: str) -> None:
    change = texted(body, ACTIVE)
    assert sent_bodies(change) == [(ALICE, body), HINT]
    assert change.consent is None
    assert sent_bodies(texted(body, after(change))) == [(ALICE, body)]
    assert after(texted(body, after(change))).opt_out_hints == (False, True)


def test_each_participant_gets_the_hint_once() -> None:
    first = after(texted("please stop", ACTIVE))
    change = texted("wrong number", first, by=ALICE)
    assert sent_bodies(change)[1:] == [system(ALICE, Template.OPT_OUT_HINT)]
    assert after(change).opt_out_hints == (True, True)


def test_held_words_are_answered_too() -> None:
    change = texted("please stop", PAUSED)
    assert [message.body for message in change.held] == ["please stop"]
    assert sent_bodies(change) == [system(BOB, Template.PAUSED_HELD), HINT]
    assert sent_bodies(texted("please stop", after(change))) == []


def test_a_hint_that_the_limit_of_replies_forbids_is_given_later() -> None:
    limits = SenderLimits()
    for _ in range(REPLIES_LIMIT):
        limits = limits.replied(NOW)
    muted: dict[Person, SenderLimits] = {BOB: limits}
    change = texted("please stop", ACTIVE, sender_limits=muted)
    assert sent_bodies(change) == [(ALICE, "please stop")]
    hour_later = NOW + timedelta(hours=1)
    again = texted("please stop", after(change), now=hour_later, sender_limits=muted)
    assert HINT in sent_bodies(again)


def test_conversation_gets_no_hint() -> None:
    assert sent_bodies(texted("stop by at 8", ACTIVE)) == [(ALICE, "stop by at 8")]
