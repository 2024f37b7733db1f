"""How much of one person is relayed."""

from datetime import timedelta

import pytest

from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.rate_limits import SenderLimits
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, system_message
from support.builders.decisions import (
    ACTIVE,
    NOW,
    PAUSED,
    PICTURE,
    event_details,
    incoming,
    pool_with,
    sent_bodies,
    snapshot_of,
)


@pytest.mark.parametrize(
    ("unit", "most"),
    [
        pytest.param("x", 420, id="ASCII, 140 in each segment"),
        pytest.param("\u2019", 420, id="curly quotes, which are sent straight"),
        pytest.param("\u00e9", 210, id="other characters, 70 in each segment"),
        pytest.param("\N{GRINNING FACE}", 105, id="two UTF-16 units each"),
    ],
)
def test_a_body_with_too_many_segments_is_refused_with_a_reply(unit: str, most: int) -> None:
    pool = pool_with({"relay.max_message_segments": 3})
    for conversation in (ACTIVE, PAUSED):
        allowed = incoming(unit * most).decide(snapshot_of(conversation, pool=pool))
        assert allowed.held or sent_bodies(allowed) == [(ALICE, unit * most)]
        change = incoming(unit * (most + 1), attachments=(PICTURE,)).decide(
            snapshot_of(conversation, pool=pool)
        )
        assert sent_bodies(change) == [(BOB, system_message(Template.TOO_LONG))]
        assert event_details(change)[0] == ("MESSAGE_NOT_RELAYED", "TOO_LONG")
        assert (change.after, change.held) == (None, ())


def test_the_longest_body_by_default_has_ten_segments() -> None:
    assert sent_bodies(incoming("x" * 1400).decide(snapshot_of(ACTIVE))) == [(ALICE, "x" * 1400)]
    assert sent_bodies(incoming("x" * 1401).decide(snapshot_of(ACTIVE))) == [
        (BOB, system_message(Template.TOO_LONG))
    ]


def test_a_person_who_sends_too_many_messages_is_told_once_until_they_are_relayed_again() -> None:
    pool = pool_with({"relay.max_messages_per_minute": 3, "relay.max_messages_per_day": 5})
    limits: dict[Person, SenderLimits] = {}
    seconds = [0, 1, 2, 3, 4, 60, 61, 62, 7200, 86_399, 86_400]
    outcomes = []
    for second in seconds:
        now = NOW + timedelta(seconds=second)
        change = incoming("hi").decide(
            snapshot_of(ACTIVE, pool=pool, now=now, sender_limits=dict(limits))
        )
        if change.sender_limits:
            limits[change.sender_limits.person] = change.sender_limits.after
        [(_, detail), *_] = event_details(change)
        outcomes.append((detail, [to for to, _ in sent_bodies(change)]))
    silent: tuple[str, list[str]] = ("MESSAGE_LIMIT_REACHED", [])
    relayed_one, told = ("", [ALICE]), ("MESSAGE_LIMIT_REACHED", [BOB])
    assert outcomes == [
        *[relayed_one] * 3,
        *(told, silent),
        *[relayed_one] * 2,
        *(told, silent, silent),
        relayed_one,
    ]


def test_held_messages_count_and_those_of_the_other_person_do_not() -> None:
    pool = pool_with({"relay.max_messages_per_minute": 1})
    change = incoming("hi").decide(snapshot_of(PAUSED, pool=pool))
    assert change.held
    assert change.sender_limits is not None
    limits = {change.sender_limits.person: change.sender_limits.after}
    again = incoming("hi").decide(snapshot_of(ACTIVE, pool=pool, sender_limits=limits))
    assert sent_bodies(again) == [
        (BOB, system_message(Template.TOO_MANY_TEXTS, span=timedelta(minutes=1)))
    ]
    others = incoming("hi", by=ALICE).decide(snapshot_of(ACTIVE, pool=pool, sender_limits=limits))
    assert sent_bodies(others) == [(BOB, "hi")]
