"""Replies are limited per sender; everything else that a message does is not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.messages import Attachment
from conversation_service.domain.model.rate_limits import (
    CODE_ATTEMPTS_LIMIT,
    CODE_ATTEMPTS_WINDOW,
    LOCKOUT,
    NEVER,
    REPLIES_LIMIT,
    REPLIES_WINDOW,
    STRANGER_SILENCE,
    SenderLimits,
    WindowCounter,
)
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, system_message
from support.decisions import (
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
    incoming,
    pool_with,
    sent_bodies,
    snapshot_of,
)

MINUTE = timedelta(minutes=1)
AT_LIMIT = SenderLimits(replies=WindowCounter(REPLIES_LIMIT, NOW + MOMENT))
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


def at_limit(
    body: str, *conversations: Conversation, attachments: tuple[Attachment, ...] = ()
) -> Change:
    snapshot = snapshot_of(*conversations, sender_limits={BOB: AT_LIMIT}, invitation=WAITING)
    return incoming(body, attachments=attachments).decide(snapshot)


@pytest.mark.parametrize(("body", "conversations"), REPLIED)
def test_a_burst_of_messages_gets_replies_up_to_the_limit(
    body: str, conversations: tuple[Conversation, ...]
) -> None:
    limits, replies = SenderLimits(), []
    for count in range(3 * REPLIES_LIMIT):
        # Without the mute of help texts and the lockout, which are limits of their own.
        limits = replace(limits, helped_until=None, code_attempts=NEVER, locked_until=None)
        now = NOW + count * MOMENT
        change = incoming(body).decide(
            snapshot_of(*conversations, sender_limits={BOB: limits}, now=now)
        )
        limits = change.sender_limits.after if change.sender_limits else limits
        replies.append(len(change.texts))
    assert replies == [1] * REPLIES_LIMIT + [0] * (2 * REPLIES_LIMIT)


def test_a_sender_at_the_limit_gets_replies_in_the_next_window() -> None:
    later = snapshot_of(sender_limits={BOB: AT_LIMIT}, now=NOW + MOMENT)
    change = incoming("help").decide(later)
    assert sent_bodies(change) == [(BOB, system_message(Template.HELP))]
    assert change.sender_limits is not None
    assert change.sender_limits.before == AT_LIMIT
    assert change.sender_limits.after.replies == WindowCounter(1, later.now + REPLIES_WINDOW)


def test_the_limit_of_one_sender_does_not_apply_to_others() -> None:
    snapshot = snapshot_of(sender_limits={BOB: AT_LIMIT})
    assert sent_bodies(incoming("help", ALICE).decide(snapshot)) == [
        (ALICE, system_message(Template.HELP))
    ]


def test_a_start_without_a_reply_makes_no_conversation() -> None:
    assert at_limit("start") == Change()
    pool = pool_with(numbers=draining(ACTIVE.masked_number))
    assert (
        incoming("start").decide(snapshot_of(pool=pool, sender_limits={BOB: AT_LIMIT})) == Change()
    )


def test_a_wrong_code_is_counted_without_a_reply() -> None:
    change = incoming(f"join {OTHER_CODE}").decide(snapshot_of(sender_limits={BOB: AT_LIMIT}))
    assert sent_bodies(change) == []
    assert change.sender_limits is not None
    assert change.sender_limits.after.code_attempts.number == 1


def test_messages_are_relayed_and_held_without_a_reply() -> None:
    assert sent_bodies(at_limit("hello", ACTIVE)) == [(ALICE, "hello")]
    assert sent_bodies(at_limit("look", ACTIVE, attachments=(CARD,))) == [(ALICE, "look")]
    held = at_limit("hello", PAUSED)
    assert ([message.body for message in held.held], sent_bodies(held)) == (["hello"], [])


def test_a_relayed_message_is_not_counted_as_a_reply() -> None:
    assert incoming("hello").decide(snapshot_of(ACTIVE)).sender_limits is None


@pytest.mark.parametrize(
    ("body", "reason"), [("end", EndReason.PARTICIPANT_ENDED), ("block", EndReason.BLOCKED)]
)
def test_an_end_works_and_notifies_the_partner_without_a_reply(
    body: str, reason: EndReason
) -> None:
    change = at_limit(body, ACTIVE)
    assert after(change).end_reason is reason
    assert sent_bodies(change) == [(ALICE, system_message(Template.ENDED))]


def test_a_code_is_cancelled_without_a_reply() -> None:
    change = at_limit("end", BOB_WAITING)
    assert (after(change).is_live, sent_bodies(change)) == (False, [])


def test_a_join_works_and_notifies_the_inviter_without_a_reply() -> None:
    change = at_limit(f"join {CODE}")
    assert after(change).participants == (ALICE, BOB)
    assert sent_bodies(change) == [(ALICE, system_message(Template.SOMEBODY_JOINED))]


def test_a_report_is_recorded_without_a_reply() -> None:
    change = at_limit("report", ACTIVE)
    assert (after(change).report_time, sent_bodies(change)) == (NOW, [])
    assert event_details(change)[-1] == ("CONVERSATION_REPORTED", "")


def test_an_opt_out_is_confirmed_beyond_the_limit() -> None:
    assert sent_bodies(at_limit("quit")) == [(BOB, system_message(Template.OPTED_OUT))]


@pytest.mark.parametrize(
    ("conversation", "body", "attachments"),
    [
        *((ACTIVE, body, ()) for body in ("end", "block", "report")),
        (PAUSED, "hi", ()),
        (ACTIVE, "look", (CARD,)),
    ],
)
def test_every_reply_is_counted(
    conversation: Conversation, body: str, attachments: tuple[Attachment, ...]
) -> None:
    change = incoming(body, attachments=attachments).decide(snapshot_of(conversation))
    assert change.sender_limits is not None
    assert change.sender_limits.after.replies.number == 1


@given(st.lists(st.integers(0, 12), max_size=30))
def test_a_counter_counts_in_the_window_that_its_first_occurrence_opened(
    minutes: list[int],
) -> None:
    counter, now, opened, number = NEVER, NOW, NOW - REPLIES_WINDOW, 0
    for step in minutes:
        now += step * MINUTE
        is_over = now >= opened + REPLIES_WINDOW
        opened, number = (now, 1) if is_over else (opened, number + 1)
        counter = counter.incremented(now, REPLIES_WINDOW)
        assert counter.value_at(now) == number


def test_a_counter_is_zero_at_the_end_of_its_window() -> None:
    counter = NEVER.incremented(NOW, MINUTE)
    assert (counter.value_at(NOW + MINUTE - MOMENT), counter.value_at(NOW + MINUTE)) == (1, 0)
    assert NEVER.value_at(NOW) == 0


def test_limits_expire_with_the_last_of_them() -> None:
    assert SenderLimits().expires_at is None
    limits = SenderLimits().replied(NOW)
    assert limits.expires_at == NOW + REPLIES_WINDOW
    assert limits.help_sent(NOW + MINUTE).expires_at == NOW + MINUTE + STRANGER_SILENCE
    assert limits.wrong_code_entered(NOW).expires_at == NOW + CODE_ATTEMPTS_WINDOW
    guessed = limits
    for _ in range(CODE_ATTEMPTS_LIMIT):
        guessed = guessed.wrong_code_entered(NOW)
    assert guessed.expires_at == NOW + LOCKOUT
