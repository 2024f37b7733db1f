"""A loop of two auto-responders is stopped, two people are not."""

from collections import deque
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from itertools import cycle, islice, pairwise

from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.lifecycle import ended
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.loop_detection import (
    DIGEST_LENGTH,
    LOOP_LENGTH,
    LOOP_WINDOW,
    LoopDetector,
)
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.rate_limits import REPLIES_LIMIT, SenderLimits
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB
from support.builders.decisions import (
    ACTIVE,
    MOMENT,
    NOW,
    after,
    event_details,
    incoming,
    sent_bodies,
    snapshot_of,
    system,
)

AWAY = ((ALICE, "I am away."), (BOB, "Thanks for your text!"))
# The first two messages are new, and the last repeat of the loop is not relayed.
RELAYED = 2 + LOOP_LENGTH - 1
PEOPLE = st.sampled_from([ALICE, BOB])
PAUSES = st.timedeltas(timedelta(0), LOOP_WINDOW)
# Empty messages are not relayed at all.
BODIES = st.text(min_size=1).filter(str.strip)

Turn = tuple[Person, str]


def exchange_messages(
    turns: list[Turn], pauses: list[timedelta]
) -> tuple[Conversation, list[Change]]:
    """One message after the other, each after its pause: the last state and all changes."""
    conversation, now, changes = ACTIVE, NOW, []
    for (person, body), pause in zip(turns, pauses, strict=True):
        now += pause
        changes.append(incoming(body, person).decide(snapshot_of(conversation, now=now)))
        conversation = changes[-1].after or conversation
    return conversation, changes


def relayed(turns: list[Turn], pauses: list[timedelta]) -> list[bool]:
    """Whether each of the messages was relayed."""
    _, changes = exchange_messages(turns, pauses)
    pairs = zip(turns, changes, strict=True)
    return [body in [sent for _, sent in sent_bodies(change)] for (_, body), change in pairs]


def relayed_steadily(turns: list[Turn], pause: timedelta = MOMENT) -> list[bool]:
    return relayed(turns, [pause] * len(turns))


def test_two_auto_responders_are_stopped_until_somebody_writes_something_else() -> None:
    turns = list(islice(cycle(AWAY), RELAYED + 1))
    assert relayed_steadily(turns) == [True] * RELAYED + [False]
    _, changes = exchange_messages(turns, [MOMENT] * len(turns))
    assert changes[-1].after is None
    assert sent_bodies(changes[-1]) == [system(turns[-1][0], Template.LOOP_STOPPED)]
    assert event_details(changes[-1])[0] == ("MESSAGE_NOT_RELAYED", "LOOP")
    others = [(ALICE, "Hello?"), (BOB, "Hello!")]
    assert relayed_steadily(turns + others)[-2:] == [True, True]


def test_auto_responders_that_also_answer_system_messages_are_stopped() -> None:
    answers, conversation, count = dict(AWAY), ACTIVE, 0
    sender_limits: dict[Person, SenderLimits] = {}
    speaking = deque([ALICE])
    for turn in range(10 * (RELAYED + REPLIES_LIMIT)):
        if not speaking:
            break
        person = speaking.popleft()
        known = snapshot_of(
            conversation, now=NOW + turn * MOMENT, sender_limits=dict(sender_limits)
        )
        change = incoming(answers[person], person).decide(known)
        conversation = change.after or conversation
        sender_limits |= (
            {change.sender_limits.person: change.sender_limits.after}
            if change.sender_limits
            else {}
        )
        count += change.after is not None
        speaking.extend(recipient for recipient, _ in sent_bodies(change))
    assert not speaking
    assert count == RELAYED


def test_a_loop_is_stopped_if_each_answer_comes_within_the_window() -> None:
    assert relayed_steadily(list(islice(cycle(AWAY), RELAYED + 1)), LOOP_WINDOW)[-1] is False
    assert all(relayed_steadily(list(islice(cycle(AWAY), 5 * RELAYED)), LOOP_WINDOW + MOMENT))


def test_one_person_may_repeat_a_message() -> None:
    assert all(relayed_steadily([(ALICE, "Are you there?")] * 5 * RELAYED))


def test_a_new_message_of_either_breaks_the_loop() -> None:
    for new in ((ALICE, "Is this a machine?"), (BOB, "Is this a machine?")):
        turns = list(islice(cycle(AWAY), RELAYED - 2))
        turns += [new] if new[0] != turns[-1][0] else [new, new]
        assert all(relayed_steadily(turns + turns))


def test_a_loop_detector_holds_digests_only_and_none_that_anybody_can_try_words_on() -> None:
    conversation, _ = exchange_messages(list(AWAY), [MOMENT, MOMENT])
    plain = [sha256(body.encode()).hexdigest()[:DIGEST_LENGTH] for _, body in AWAY]
    assert set(conversation.loop_detector.last).isdisjoint(plain)
    over = ended(snapshot_of(), conversation, EndReason.PARTICIPANT_ENDED)
    assert over.loop_detector == LoopDetector()
    unkeyed = LoopDetector().record(0, "hello", b"", NOW, NOW)
    assert unkeyed.last == ("", "")
    assert not any("away" in part or "Thanks" in part for part in conversation.loop_detector.last)
    assert len(set(conversation.loop_detector.last)) == 2


def test_held_messages_do_not_count_as_a_loop() -> None:
    looping = replace(ACTIVE, loop_detector=LoopDetector(("x", "y"), 0, LOOP_LENGTH - 1))
    held = incoming("hello").decide(
        snapshot_of(replace(looping, state=State.PAUSED, pause_time=NOW))
    )
    assert after(held).loop_detector == looping.loop_detector


@given(BODIES, BODIES, st.lists(PAUSES, min_size=20, max_size=20))
def test_any_two_messages_in_turns_are_stopped(
    first: str, second: str, pauses: list[timedelta]
) -> None:
    loop_detector, before, now, key = LoopDetector(), NOW, NOW, b"a data key"
    for turn, pause in enumerate(pauses[: RELAYED + 1]):
        assert not loop_detector.is_loop
        before, now = now, now + pause
        body = (first, second)[turn % 2]
        loop_detector = loop_detector.record(turn % 2, body, key, now, before)
    assert loop_detector.is_loop


@given(st.lists(st.tuples(PEOPLE, st.integers(1, 3), PAUSES), max_size=60))
def test_only_repeats_in_turns_are_stopped(turns: list[tuple[Person, int, timedelta]]) -> None:
    messages = [(person, f"text {number}") for person, number, _ in turns]
    results = relayed(messages, [pause for *_, pause in turns])
    if not all(results):
        stopped = messages[: results.index(False) + 1]
        last = stopped[-LOOP_LENGTH - 2 :]
        assert last[2:] == last[:-2]
        assert all(first[0] != second[0] for first, second in pairwise(last))
