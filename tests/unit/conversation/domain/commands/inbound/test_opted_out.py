"""HELP and JOIN of people who opted out."""

from datetime import datetime

import pytest

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.model.consent import ConsentChange, OptOut, OptOutSource
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.rate_limits import (
    CODE_ATTEMPTS_LIMIT,
    OPTED_OUT_HELP_SILENCE,
    SenderLimits,
)
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB
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
    sent_bodies,
    snapshot_of,
    system,
)

HELP = system(BOB, Template.HELP)
Limits = dict[Person, SenderLimits]


def opted_out(
    *conversations: Conversation,
    limits: Limits | None = None,
    now: datetime = NOW,
    invitation: Conversation | None = WAITING,
) -> Snapshot:
    return snapshot_of(
        *conversations,
        opt_outs={BOB: OptOut(NOW, OptOutSource.TEXT)},
        invitation=invitation,
        sender_limits=limits or {},
        now=now,
    )


def limits_after(change: Change) -> Limits:
    assert change.sender_limits is not None
    return {BOB: change.sender_limits.after}


@pytest.mark.parametrize("body", ["help", "INFO?", "aide"])
def test_help_is_answered_once_a_day_and_opts_nobody_in(body: str) -> None:
    change = incoming(body).decide(opted_out())
    assert sent_bodies(change) == [HELP]
    assert [message.may_reach_opted_out for message in change.texts] == [True]
    assert (change.consent, change.events) == (None, ())
    limits, next_day = limits_after(change), NOW + OPTED_OUT_HELP_SILENCE
    muted = opted_out(limits=limits, now=next_day - MOMENT)
    assert incoming(body).decide(muted) == Change()
    assert sent_bodies(incoming(body).decide(opted_out(limits=limits, now=next_day))) == [HELP]


def test_help_in_a_conversation_opened_for_them_ends_it_too() -> None:
    change = incoming("help").decide(opted_out(ACTIVE))
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert sent_bodies(change) == [system(ALICE, Template.ENDED), HELP]
    again = incoming("help").decide(opted_out(ACTIVE, limits=limits_after(change)))
    assert sent_bodies(again) == [system(ALICE, Template.ENDED)]


def test_join_opts_in_and_joins() -> None:
    change = incoming(f"join {CODE}").decide(opted_out())
    assert (after(change).state, after(change).participants) == (State.ACTIVE, (ALICE, BOB))
    assert change.consent == ConsentChange(BOB, opts_in=True)
    assert sent_bodies(change) == [
        system(BOB, Template.YOU_JOINED),
        system(ALICE, Template.SOMEBODY_JOINED),
    ]
    assert event_details(change)[0] == ("PERSON_OPTED_IN", "")


def test_a_wrong_code_says_nothing_opts_nobody_in_and_is_counted() -> None:
    limits: Limits = {}
    for _ in range(CODE_ATTEMPTS_LIMIT):
        change = incoming(f"join {OTHER_CODE}").decide(opted_out(limits=limits, invitation=None))
        assert (change.texts, change.after, change.consent) == ((), None, None)
        assert change.code_attempts is not None
        limits = limits_after(change)
    assert incoming(f"join {CODE}").decide(opted_out(limits=limits)) == Change()


def test_join_during_the_cool_off_says_nothing() -> None:
    assert incoming(f"join {CODE}").decide(opted_out(ENDED)) == Change()


def test_join_in_a_conversation_opened_for_them_ends_it() -> None:
    change = incoming(f"join {CODE}").decide(opted_out(ACTIVE))
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert change.consent is None
