"""Replies are limited per sender; everything else that a message does is not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.commands.core.change import CarrierBlockChange, Change
from conversation_service.domain.model import rate_limits
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, route
from support.builders.decisions import (
    ACTIVE,
    CARD,
    CODE,
    ENDED,
    MOMENT,
    NOW,
    OTHER_CODE,
    PAUSED,
    WAITING,
    after,
    draining,
    event_details,
    pool_with,
    sent_bodies,
    system,
    texted,
)

MINUTE = timedelta(minutes=1)
AT_LIMIT = rate_limits.SenderLimits(
    replies=rate_limits.WindowCounter(rate_limits.REPLIES_LIMIT, NOW + MOMENT)
)
BOB_WAITING = replace(WAITING, participants=(BOB,))

# Messages that cause a reply only, and the conversations of their sender.
REPLIED: list[tuple[str, tuple[Conversation, ...]]] = [
    ("help", ()),
    ("hello", ()),
    ("start", ()),
    (f"join {OTHER_CODE}", ()),
    ("hello", (ENDED,)),
    ("start", (BOB_WAITING,)),
    ("help", (BOB_WAITING,)),
    ("hello", (BOB_WAITING,)),
    ("start", (ACTIVE,)),
    ("help", (ACTIVE,)),
    ("", (ACTIVE,)),
    (f"end {OTHER_CODE}", (ACTIVE,)),
]


def at_limit(body: str, *conversations: Conversation, **fields: Any) -> Change:  # noqa: ANN401 - arguments of texted
    return texted(body, *conversations, sender_limits={BOB: AT_LIMIT}, **fields)


@pytest.mark.parametrize(("body", "conversations"), REPLIED)
def test_a_burst_of_messages_gets_replies_up_to_the_limit(
    body: str, conversations: tuple[Conversation, ...]
) -> None:
    limits, replies = rate_limits.SenderLimits(), []
    for count in range(3 * rate_limits.REPLIES_LIMIT):
        # Without the mute of help texts and the lockout, which are limits of their own.
        limits = replace(
            limits, helped_until=None, code_attempts=rate_limits.NEVER, locked_until=None
        )
        change = texted(body, *conversations, sender_limits={BOB: limits}, now=NOW + count * MOMENT)
        limits = change.sender_limits.after if change.sender_limits else limits
        replies.append(len(change.texts))
    assert replies == [1] * rate_limits.REPLIES_LIMIT + [0] * (2 * rate_limits.REPLIES_LIMIT)


def test_a_limit_ends_with_its_window_and_applies_to_one_sender() -> None:
    change = at_limit("help", now=NOW + MOMENT)
    assert sent_bodies(change) == [system(BOB, Template.HELP)]
    assert change.sender_limits is not None
    assert change.sender_limits.before == AT_LIMIT
    expected = rate_limits.WindowCounter(1, NOW + MOMENT + rate_limits.REPLIES_WINDOW)
    assert change.sender_limits.after.replies == expected
    assert sent_bodies(at_limit("help", by=ALICE)) == [system(ALICE, Template.HELP)]


def test_a_start_without_a_reply_makes_no_conversation() -> None:
    nothing = Change(carrier_block=CarrierBlockChange(route(BOB), is_blocked=False))
    assert at_limit("start", invitation=WAITING) == nothing
    assert at_limit("start", pool=pool_with(numbers=draining(ACTIVE.masked_number))) == nothing


def test_a_wrong_code_is_counted_without_a_reply() -> None:
    change = at_limit(f"join {OTHER_CODE}")
    assert sent_bodies(change) == []
    assert change.sender_limits is not None
    assert change.sender_limits.after.code_attempts.number == 1


def test_messages_are_relayed_and_held_without_a_reply() -> None:
    assert sent_bodies(at_limit("hello", ACTIVE)) == [(ALICE, "hello")]
    assert sent_bodies(at_limit("look", ACTIVE, attachments=(CARD,))) == [(ALICE, "look")]
    held = at_limit("hello", PAUSED)
    assert ([message.body for message in held.held], sent_bodies(held)) == (["hello"], [])
    limits = texted("hello", ACTIVE).sender_limits
    assert limits is not None
    assert limits.after.replies == rate_limits.NEVER, "a relayed message is no reply"


def test_keywords_work_and_notify_the_partner_without_a_reply() -> None:
    goodbye = [system(ALICE, Template.ENDED)]
    for body, reason in (("end", EndReason.PARTICIPANT_ENDED), ("block", EndReason.BLOCKED)):
        change = at_limit(body, ACTIVE)
        assert (after(change).end_reason, sent_bodies(change)) == (reason, goodbye)
    change = at_limit("end", BOB_WAITING)
    assert (after(change).is_live, sent_bodies(change)) == (False, [])
    change = at_limit(f"join {CODE}", invitation=WAITING)
    assert after(change).participants == (ALICE, BOB)
    # It may be their first message.
    welcome = system(BOB, Template.YOU_JOINED)
    assert sent_bodies(change) == [welcome, system(ALICE, Template.SOMEBODY_JOINED)]
    change = at_limit("report", ACTIVE)
    assert (after(change).report_time, sent_bodies(change)) == (NOW, [])
    assert event_details(change)[-1] == ("CONVERSATION_REPORTED", "")
    assert sent_bodies(at_limit("quit")) == [system(BOB, Template.OPTED_OUT)], "always confirmed"


def test_every_reply_is_counted() -> None:
    changes = [texted(body, ACTIVE) for body in ("end", "block", "report")]
    changes += [texted("hi", PAUSED), texted("look", ACTIVE, attachments=(CARD,))]
    for change in changes:
        assert change.sender_limits is not None
        assert change.sender_limits.after.replies.number == 1


@given(st.lists(st.integers(0, 12), max_size=30))
def test_a_counter_counts_in_the_window_that_its_first_occurrence_opened(
    minutes: list[int],
) -> None:
    counter, now, opened, number = rate_limits.NEVER, NOW, NOW - rate_limits.REPLIES_WINDOW, 0
    for step in minutes:
        now += step * MINUTE
        is_over = now >= opened + rate_limits.REPLIES_WINDOW
        opened, number = (now, 1) if is_over else (opened, number + 1)
        counter = counter.incremented(now, rate_limits.REPLIES_WINDOW)
        assert counter.value_at(now) == number


def test_a_counter_is_zero_at_the_end_of_its_window() -> None:
    counter = rate_limits.NEVER.incremented(NOW, MINUTE)
    assert (counter.value_at(NOW + MINUTE - MOMENT), counter.value_at(NOW + MINUTE)) == (1, 0)
    assert rate_limits.NEVER.value_at(NOW) == 0


def test_limits_expire_with_the_last_of_them() -> None:
    assert rate_limits.SenderLimits().expires_at is None
    limits = rate_limits.SenderLimits().replied(NOW)
    assert limits.expires_at == NOW + rate_limits.REPLIES_WINDOW
    assert limits.help_sent(NOW + MINUTE).expires_at == NOW + MINUTE + rate_limits.STRANGER_SILENCE
    assert limits.wrong_code_entered(NOW).expires_at == NOW + rate_limits.CODE_ATTEMPTS_WINDOW
    for _ in range(rate_limits.CODE_ATTEMPTS_LIMIT):
        limits = limits.wrong_code_entered(NOW)
    assert limits.expires_at == NOW + rate_limits.LOCKOUT
