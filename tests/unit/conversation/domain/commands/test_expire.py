"""A conversation is warned of each end once, and ended when the end is due."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.commands.client.pause import ResumeConversation
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.lifecycle import joined, opened, started
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.system.expire import ExpireConversation
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, MASKED, POOL, route, system_message
from support.decisions import (
    ACTIVE,
    ENDED,
    MOMENT,
    NOW,
    PAUSED,
    WAITING,
    after,
    event_details,
    incoming,
    pool_with,
    sent_bodies,
    snapshot_about,
    snapshot_of,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WARNS = pool_with(warning_lead=HOUR, idle_lifetime=DAY, lifetime=3 * DAY)
LIVE = replace(opened(snapshot_of(pool=WARNS), MASKED, (ALICE, BOB)), conversation_id="c")
IDLE_END, LATEST_END = NOW + DAY, NOW + 3 * DAY


def expired_at(now: datetime, conversation: Conversation) -> Change:
    snapshot = snapshot_of(pool=WARNS, conversation=conversation, now=now)
    return ExpireConversation("c", "e").decide(replace(snapshot, change_id=f"at {now}"))


def texted_at(now: datetime, conversation: Conversation) -> Conversation:
    """The conversation after a message."""
    return after(incoming(f"It is {now}.").decide(snapshot_of(conversation, pool=WARNS, now=now)))


def is_due(conversation: Conversation, now: datetime, delay: timedelta) -> bool:
    """Whether the expiry job has run; a message, too, ends an expired conversation first."""
    is_swept = conversation.due_time + delay <= now
    return conversation.is_live and (is_swept or conversation.has_expired(now))


@pytest.mark.parametrize(
    ("conversation", "end", "reason", "template"),
    [
        (WAITING, NOW + timedelta(minutes=15), EndReason.CODE_EXPIRED, Template.CODE_EXPIRED),
        (ACTIVE, NOW + timedelta(days=7), EndReason.IDLE_EXPIRED, Template.IDLE_EXPIRED),
        (
            replace(ACTIVE, idle_end_time=NOW + 91 * DAY, due_time=NOW + 90 * DAY),
            NOW + 90 * DAY,
            EndReason.LIFETIME_EXPIRED,
            Template.LIFETIME_EXPIRED,
        ),
    ],
)
def test_an_overdue_conversation_is_ended_and_everybody_in_it_notified(
    conversation: Conversation, end: datetime, reason: EndReason, template: Template
) -> None:
    assert conversation.due_time == conversation.next_end_time == end
    assert (
        ExpireConversation("c", "e").decide(snapshot_about(conversation, now=end - MOMENT))
        == Change()
    )
    change = ExpireConversation("c", "e").decide(snapshot_about(conversation, now=end))
    assert (after(change).state, after(change).end_reason) == (State.ENDED, reason)
    assert (after(change).end_time, after(change).next_end_time) == (end, None)
    assert after(change).due_time == end + POOL.settings.kept_after_end
    assert sent_bodies(change) == [
        (person, system_message(template)) for person in conversation.participants
    ]
    assert event_details(change)[0] == ("CONVERSATION_ENDED", reason.value)


@pytest.mark.parametrize(
    "snapshot",
    [
        snapshot_of(),
        snapshot_about(ENDED, now=ENDED.due_time),
        snapshot_about(ACTIVE),
        snapshot_about(texted_at(IDLE_END - HOUR, LIVE), now=IDLE_END - HOUR),
    ],
)
def test_a_conversation_that_is_not_due_or_not_live_is_not_changed(snapshot: Snapshot) -> None:
    assert ExpireConversation("c", "e").decide(snapshot) == Change()


def test_a_conversation_has_expired_from_its_next_end_on() -> None:
    assert not ACTIVE.has_expired(ACTIVE.due_time - MOMENT)
    assert ACTIVE.has_expired(ACTIVE.due_time)
    assert not ENDED.has_expired(NOW + 365 * DAY)


def test_there_is_no_warning_without_a_lead_or_before_the_end_of_a_code() -> None:
    without_lead = opened(snapshot_of(), MASKED, (ALICE, BOB))
    assert without_lead.due_time == without_lead.next_end_time
    waiting = started(snapshot_of(pool=WARNS), route(ALICE))
    assert waiting.due_time == waiting.next_end_time
    assert joined(snapshot_of(pool=WARNS), waiting, BOB).due_time == IDLE_END - HOUR


def test_both_are_warned_before_the_idle_end() -> None:
    change = expired_at(IDLE_END - HOUR, LIVE)
    assert sent_bodies(change) == [
        (person, system_message(Template.IDLE_WARNING, span=HOUR)) for person in (ALICE, BOB)
    ]
    assert event_details(change)[0] == ("EXPIRY_WARNED", "IDLE_EXPIRED")
    assert after(change) == replace(
        LIVE, etag=f"at {IDLE_END - HOUR}", warned_end_time=IDLE_END, due_time=IDLE_END
    )


def test_a_late_warning_says_how_much_time_is_left() -> None:
    change = expired_at(IDLE_END - timedelta(minutes=20), LIVE)
    left = timedelta(minutes=20)
    assert sent_bodies(change)[0] == (ALICE, system_message(Template.IDLE_WARNING, span=left))


def test_an_idle_conversation_ends_with_or_without_an_earlier_warning() -> None:
    warned = after(expired_at(IDLE_END - HOUR, LIVE))
    for conversation in (warned, LIVE):
        change = expired_at(IDLE_END, conversation)
        assert event_details(change)[0] == ("CONVERSATION_ENDED", "IDLE_EXPIRED")


def test_a_message_moves_the_idle_end_and_its_warning() -> None:
    warned = after(expired_at(IDLE_END - HOUR, LIVE))
    texted = texted_at(IDLE_END - MOMENT, warned)
    assert texted.idle_end_time == IDLE_END - MOMENT + DAY
    assert texted.due_time == IDLE_END - MOMENT + DAY - HOUR
    assert texted.latest_end_time == LATEST_END


def test_both_are_warned_of_the_latest_end_which_messages_do_not_move() -> None:
    conversation = LIVE
    for day in (1, 2):
        conversation = texted_at(NOW + day * (DAY - HOUR), conversation)
    last = texted_at(LATEST_END - 12 * HOUR, conversation)
    assert (last.next_end_time, last.due_time) == (LATEST_END, LATEST_END - HOUR)
    change = expired_at(LATEST_END - HOUR, last)
    assert sent_bodies(change) == [
        (person, system_message(Template.LIFETIME_WARNING, span=HOUR)) for person in (ALICE, BOB)
    ]
    assert event_details(change)[0] == ("EXPIRY_WARNED", "LIFETIME_EXPIRED")
    texted = texted_at(LATEST_END - HOUR / 2, after(change))
    assert (texted.next_end_time, texted.due_time) == (LATEST_END, LATEST_END)
    assert sent_bodies(expired_at(LATEST_END, texted))[0] == (
        ALICE,
        system_message(Template.LIFETIME_EXPIRED),
    )


def test_a_message_just_before_the_expiry_job_does_not_prevent_the_warning() -> None:
    due = replace(LIVE, idle_end_time=LATEST_END + DAY, due_time=LATEST_END - HOUR)
    texted = texted_at(LATEST_END - HOUR + MOMENT, due)
    change = expired_at(LATEST_END - HOUR + 2 * MOMENT, texted)
    assert event_details(change)[0] == ("EXPIRY_WARNED", "LIFETIME_EXPIRED")


def test_a_resumed_conversation_has_a_new_idle_end_and_warning() -> None:
    warned = replace(PAUSED, idle_end_time=IDLE_END, warned_end_time=IDLE_END, due_time=IDLE_END)
    change = ResumeConversation("r", "c").decide(
        replace(snapshot_about(warned, now=IDLE_END - MOMENT), pool=WARNS)
    )
    assert after(change).due_time == IDLE_END - MOMENT + DAY - HOUR


@given(
    st.lists(st.timedeltas(timedelta(minutes=1), DAY + HOUR), max_size=12),
    st.timedeltas(timedelta(0), timedelta(minutes=30)),
)
def test_each_end_comes_after_exactly_one_warning_of_it(
    pauses: list[timedelta], delay: timedelta
) -> None:
    """Whenever people text, and however late the expiry job runs."""
    conversation, now, warnings = LIVE, NOW, Counter[datetime | None]()
    for pause in [*pauses, 9 * DAY]:
        now += pause
        while is_due(conversation, now, delay):
            end = conversation.next_end_time
            swept = min(conversation.due_time + delay, now)
            conversation = after(expired_at(swept, conversation))
            warnings[end] += conversation.is_live
            assert warnings[end] == 1
        if not conversation.is_live:
            return
        conversation = texted_at(now, conversation)
    pytest.fail("the conversation must have ended")
