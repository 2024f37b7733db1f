"""What time does: it warns once before an end, and ends what is overdue."""

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
from support.conversations import ALICE, BOB, MASKED, POOL, line, says
from support.decisions import (
    ACTIVE,
    ENDED,
    MOMENT,
    NOW,
    PAUSED,
    WAITING,
    about,
    after,
    facts,
    happened,
    pool_with,
    text,
    told,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WARNS = pool_with(warning_lead=HOUR, idle_lifetime=DAY, lifetime=3 * DAY)
LIVE = replace(opened(facts(pool=WARNS), MASKED, (ALICE, BOB)), conversation_id="c")
IDLE_END, LATEST_END = NOW + DAY, NOW + 3 * DAY


def at(conversation: Conversation | None, now: datetime) -> Change:
    """What time does then."""
    known = facts(pool=WARNS, conversation=conversation, now=now)
    return ExpireConversation("c", "e").decide(replace(known, change_id=f"at {now}"))


def talks(conversation: Conversation, now: datetime) -> Conversation:
    """Somebody texts then."""
    return after(text(f"It is {now}.").decide(facts(conversation, pool=WARNS, now=now)))


def what_time_does(conversation: Conversation, sweep: timedelta) -> list[tuple[datetime, str]]:
    """Until its end, with a sweeper that comes by that long after something became due."""
    done: list[tuple[datetime, str]] = []
    while conversation.is_live and len(done) < 10:
        now = conversation.due_time + sweep
        change = at(conversation, now)
        conversation = after(change)
        done.append((now, "/".join(happened(change)[0])))
    return done


def is_due(conversation: Conversation, now: datetime, sweep: timedelta) -> bool:
    """Whether the sweeper has come by; a text, too, finds nothing that has expired."""
    is_swept = conversation.due_time + sweep <= now
    return conversation.is_live and (is_swept or conversation.has_expired(now))


@pytest.mark.parametrize(
    ("conversation", "end", "reason", "words"),
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
def test_time_ends_what_is_overdue_and_tells_who_is_in_it(
    conversation: Conversation, end: datetime, reason: EndReason, words: Template
) -> None:
    assert conversation.due_time == conversation.next_end_time == end
    assert ExpireConversation("c", "e").decide(about(conversation, now=end - MOMENT)) == Change()
    change = ExpireConversation("c", "e").decide(about(conversation, now=end))
    assert (after(change).state, after(change).end_reason) == (State.ENDED, reason)
    assert (after(change).end_time, after(change).next_end_time) == (end, None)
    assert after(change).due_time == end + POOL.settings.kept_after_end
    assert told(change) == [(person, says(words)) for person in conversation.participants]
    assert happened(change)[0] == ("CONVERSATION_ENDED", reason.value)


@pytest.mark.parametrize("known", [facts(), about(ENDED, now=ENDED.due_time), about(ACTIVE)])
def test_time_leaves_alone_what_is_gone_or_over_or_not_due(known: Snapshot) -> None:
    assert ExpireConversation("c", "e").decide(known) == Change()


def test_what_has_moved_on_since_it_was_seen_to_be_due_is_left_alone() -> None:
    assert at(talks(LIVE, IDLE_END - HOUR), IDLE_END - HOUR) == Change()


def test_a_conversation_has_expired_at_its_next_end_and_not_before() -> None:
    assert not ACTIVE.has_expired(ACTIVE.due_time - MOMENT)
    assert ACTIVE.has_expired(ACTIVE.due_time)
    assert not ENDED.has_expired(NOW + 365 * DAY)


def test_nobody_is_warned_in_a_pool_that_does_not_want_it() -> None:
    silent = opened(facts(), MASKED, (ALICE, BOB))
    assert silent.due_time == silent.next_end_time


def test_nobody_is_warned_of_a_codes_end() -> None:
    waiting = started(facts(pool=WARNS), line(ALICE))
    assert waiting.due_time == waiting.next_end_time
    assert joined(facts(pool=WARNS), waiting, BOB).due_time == IDLE_END - HOUR


def test_both_are_warned_before_an_idle_end() -> None:
    change = at(LIVE, IDLE_END - HOUR)
    assert told(change) == [(one, says(Template.IDLE_WARNING, span=HOUR)) for one in (ALICE, BOB)]
    assert happened(change)[0] == ("EXPIRY_WARNED", "IDLE_EXPIRED")
    assert after(change) == replace(
        LIVE, etag=f"at {IDLE_END - HOUR}", warned_end_time=IDLE_END, due_time=IDLE_END
    )


def test_a_warning_that_comes_late_tells_what_is_left() -> None:
    change = at(LIVE, IDLE_END - timedelta(minutes=20))
    left = timedelta(minutes=20)
    assert told(change)[0] == (ALICE, says(Template.IDLE_WARNING, span=left))


def test_who_does_not_text_is_warned_once_and_then_it_ends() -> None:
    assert what_time_does(LIVE, sweep=timedelta(0)) == [
        (IDLE_END - HOUR, "EXPIRY_WARNED/IDLE_EXPIRED"),
        (IDLE_END, "CONVERSATION_ENDED/IDLE_EXPIRED"),
    ]


def test_an_end_that_is_seen_too_late_for_a_warning_comes_without_one() -> None:
    assert happened(at(LIVE, IDLE_END))[0] == ("CONVERSATION_ENDED", "IDLE_EXPIRED")


def test_a_text_moves_the_idle_end_and_its_warning() -> None:
    warned = after(at(LIVE, IDLE_END - HOUR))
    spoken = talks(warned, IDLE_END - MOMENT)
    assert spoken.idle_end_time == IDLE_END - MOMENT + DAY
    assert spoken.due_time == IDLE_END - MOMENT + DAY - HOUR
    assert spoken.latest_end_time == LATEST_END


def test_both_are_warned_of_the_latest_end_too_and_talk_does_not_move_it() -> None:
    conversation = LIVE
    for day in (1, 2):
        conversation = talks(conversation, NOW + day * (DAY - HOUR))
    last = talks(conversation, LATEST_END - 12 * HOUR)
    assert (last.next_end_time, last.due_time) == (LATEST_END, LATEST_END - HOUR)
    change = at(last, LATEST_END - HOUR)
    assert told(change) == [
        (one, says(Template.LIFETIME_WARNING, span=HOUR)) for one in (ALICE, BOB)
    ]
    assert happened(change)[0] == ("EXPIRY_WARNED", "LIFETIME_EXPIRED")
    spoken = talks(after(change), LATEST_END - HOUR / 2)
    assert (spoken.next_end_time, spoken.due_time) == (LATEST_END, LATEST_END)
    assert told(at(spoken, LATEST_END))[0] == (ALICE, says(Template.LIFETIME_EXPIRED))


def test_a_text_just_before_the_sweeper_does_not_swallow_the_warning_of_the_latest_end() -> None:
    due = replace(LIVE, idle_end_time=LATEST_END + DAY, due_time=LATEST_END - HOUR)
    spoken = talks(due, LATEST_END - HOUR + MOMENT)
    change = at(spoken, LATEST_END - HOUR + 2 * MOMENT)
    assert happened(change)[0] == ("EXPIRY_WARNED", "LIFETIME_EXPIRED")


def test_a_resumed_conversation_idles_from_then_on_and_warns_again() -> None:
    warned = replace(PAUSED, idle_end_time=IDLE_END, warned_end_time=IDLE_END, due_time=IDLE_END)
    change = ResumeConversation("r", "c").decide(
        replace(about(warned, now=IDLE_END - MOMENT), pool=WARNS)
    )
    assert after(change).due_time == IDLE_END - MOMENT + DAY - HOUR


@given(
    st.lists(st.timedeltas(timedelta(minutes=1), DAY + HOUR), max_size=12),
    st.timedeltas(timedelta(0), timedelta(minutes=30)),
)
def test_each_end_comes_after_exactly_one_warning_of_it(
    pauses: list[timedelta], sweep: timedelta
) -> None:
    """Whenever people text; the sweeper comes by a while after something has become due."""
    conversation, now, warnings = LIVE, NOW, Counter[datetime | None]()
    for pause in [*pauses, 9 * DAY]:
        now += pause
        while is_due(conversation, now, sweep):
            end = conversation.next_end_time
            conversation = after(at(conversation, min(conversation.due_time + sweep, now)))
            warnings[end] += conversation.is_live
            assert warnings[end] == 1
        if not conversation.is_live:
            return
        conversation = talks(conversation, now)
    pytest.fail("it must have ended")
