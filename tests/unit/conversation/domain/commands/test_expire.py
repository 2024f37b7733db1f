"""A conversation is warned of each end once, and ended when the end is due."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conversation_service.domain.commands.client.pause import ResumeConversation
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.lifecycle import created, joined
from conversation_service.domain.commands.system.expire import ExpireConversation
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.participants import Person
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, MASKED, POOL
from support.builders.decisions import (
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
    system,
    to_both,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WARNS = pool_with(
    {
        "lifecycle.expiry_warning_lead": HOUR,
        "lifecycle.idle_timeout": DAY,
        "lifecycle.max_lifetime": 3 * DAY,
    }
)
LIVE = replace(created(snapshot_of(pool=WARNS), MASKED, (ALICE, BOB)), conversation_id="c")
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


def warnings_of(template: Template, left: timedelta) -> list[tuple[Person, str]]:
    return [system(person, template, span=left) for person in (ALICE, BOB)]


def test_an_overdue_conversation_is_ended_and_everybody_in_it_notified() -> None:
    old = replace(ACTIVE, idle_end_time=NOW + 91 * DAY, due_time=NOW + 90 * DAY)
    for conversation, end, reason, template in (
        (WAITING, NOW + HOUR / 4, EndReason.CODE_EXPIRED, Template.CODE_EXPIRED),
        (ACTIVE, NOW + 7 * DAY, EndReason.IDLE_EXPIRED, Template.IDLE_EXPIRED),
        (old, NOW + 90 * DAY, EndReason.LIFETIME_EXPIRED, Template.LIFETIME_EXPIRED),
    ):
        assert conversation.due_time == conversation.next_end_time == end
        command = ExpireConversation("c", "e")
        assert command.decide(snapshot_about(conversation, now=end - MOMENT)) == Change()
        change = command.decide(snapshot_about(conversation, now=end))
        assert (after(change).state, after(change).end_reason) == (State.ENDED, reason)
        assert (after(change).end_time, after(change).next_end_time) == (end, None)
        assert after(change).due_time == end + POOL.settings.retention.conversations
        notified = [system(person, template) for person in conversation.participants]
        assert sent_bodies(change) == notified
        assert event_details(change)[0] == ("CONVERSATION_ENDED", reason.value)


def test_a_conversation_that_is_not_due_or_not_live_is_not_changed() -> None:
    texted = texted_at(IDLE_END - HOUR, LIVE)
    for snapshot in (
        snapshot_of(),
        snapshot_about(ENDED, now=ENDED.due_time),
        snapshot_about(ACTIVE),
        snapshot_about(texted, now=IDLE_END - HOUR),
    ):
        assert ExpireConversation("c", "e").decide(snapshot) == Change()
    assert not ACTIVE.has_expired(ACTIVE.due_time - MOMENT)
    assert ACTIVE.has_expired(ACTIVE.due_time)
    assert not ENDED.has_expired(NOW + 365 * DAY)


def test_there_is_no_warning_without_a_lead_or_before_the_end_of_a_code() -> None:
    waiting = created(snapshot_of(pool=WARNS), MASKED, (ALICE,))
    for conversation in (waiting, created(snapshot_of(), MASKED, (ALICE, BOB))):
        assert conversation.due_time == conversation.next_end_time
    assert joined(snapshot_of(pool=WARNS), waiting, BOB).due_time == IDLE_END - HOUR


def test_both_are_warned_before_the_idle_end() -> None:
    change = expired_at(IDLE_END - HOUR, LIVE)
    assert sent_bodies(change) == warnings_of(Template.IDLE_WARNING, HOUR)
    assert event_details(change)[0] == ("CONVERSATION_EXPIRY_WARNED", "IDLE_EXPIRED")
    assert after(change) == replace(
        LIVE, etag=f"at {IDLE_END - HOUR}", warned_end_time=IDLE_END, due_time=IDLE_END
    )
    late = timedelta(minutes=20)
    change = expired_at(IDLE_END - late, LIVE)
    assert sent_bodies(change) == warnings_of(Template.IDLE_WARNING, late)


def test_an_idle_conversation_ends_with_or_without_an_earlier_warning() -> None:
    for conversation in (after(expired_at(IDLE_END - HOUR, LIVE)), LIVE):
        change = expired_at(IDLE_END, conversation)
        assert event_details(change)[0] == ("CONVERSATION_ENDED", "IDLE_EXPIRED")


def test_a_message_moves_the_idle_end_and_its_warning() -> None:
    texted = texted_at(IDLE_END - MOMENT, after(expired_at(IDLE_END - HOUR, LIVE)))
    assert texted.idle_end_time == IDLE_END - MOMENT + DAY
    assert texted.due_time == IDLE_END - MOMENT + DAY - HOUR
    assert texted.max_end_time == LATEST_END


def test_both_are_warned_of_the_latest_end_which_messages_do_not_move() -> None:
    last = LIVE
    for now in (NOW + DAY - HOUR, NOW + 2 * (DAY - HOUR), LATEST_END - 12 * HOUR):
        last = texted_at(now, last)
    assert (last.next_end_time, last.due_time) == (LATEST_END, LATEST_END - HOUR)
    change = expired_at(LATEST_END - HOUR, last)
    assert sent_bodies(change) == warnings_of(Template.LIFETIME_WARNING, HOUR)
    assert event_details(change)[0] == ("CONVERSATION_EXPIRY_WARNED", "LIFETIME_EXPIRED")
    texted = texted_at(LATEST_END - HOUR / 2, after(change))
    assert (texted.next_end_time, texted.due_time) == (LATEST_END, LATEST_END)
    assert sent_bodies(expired_at(LATEST_END, texted)) == to_both(Template.LIFETIME_EXPIRED)


def test_a_message_just_before_the_expiry_job_does_not_prevent_the_warning() -> None:
    due = replace(LIVE, idle_end_time=LATEST_END + DAY, due_time=LATEST_END - HOUR)
    change = expired_at(LATEST_END - HOUR + 2 * MOMENT, texted_at(LATEST_END - HOUR + MOMENT, due))
    assert event_details(change)[0] == ("CONVERSATION_EXPIRY_WARNED", "LIFETIME_EXPIRED")


def test_a_resumed_conversation_has_a_new_idle_end_and_warning() -> None:
    warned = replace(PAUSED, idle_end_time=IDLE_END, warned_end_time=IDLE_END, due_time=IDLE_END)
    snapshot = snapshot_about(warned, now=IDLE_END - MOMENT, pool=WARNS)
    change = ResumeConversation("r", "c").decide(snapshot)
    assert after(change).due_time == IDLE_END - MOMENT + DAY - HOUR


@example([timedelta(seconds=84602), *[DAY - timedelta(seconds=1)] * 2], HOUR / 2)
@given(
    st.lists(st.timedeltas(timedelta(minutes=1), DAY + HOUR), max_size=12),
    st.timedeltas(timedelta(0), timedelta(minutes=30)),
)
def test_each_end_comes_after_exactly_one_warning_of_it(
    pauses: list[timedelta], delay: timedelta
) -> None:
    """Whenever people text, unless that is so late that the expiry job runs after the end."""
    conversation, now, warnings = LIVE, NOW, Counter[datetime | None]()
    for pause in [*pauses, 9 * DAY]:
        text_time, now = now, now + pause
        while is_due(conversation, now, delay):
            end = conversation.next_end_time
            swept = min(conversation.due_time + delay, now)
            conversation = after(expired_at(swept, conversation))
            warnings[end] += conversation.is_live
            is_too_late = end is not None and text_time + delay >= end
            assert warnings[end] == 1 or (is_too_late and not warnings[end])
        if not conversation.is_live:
            return
        conversation = texted_at(now, conversation)
    pytest.fail("the conversation must have ended")
