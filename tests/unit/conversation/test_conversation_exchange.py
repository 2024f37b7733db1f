"""Two machines that answer each other are stopped, two people never."""

from collections import deque
from dataclasses import replace
from datetime import timedelta
from itertools import cycle, islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.loop_detection import LOOP_LENGTH, LOOP_WINDOW, LoopDetector
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.rate_limits import REPLIES_LIMIT, SenderLimits
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, says
from support.decisions import ACTIVE, MOMENT, NOW, after, facts, happened, text, told

AWAY = ((ALICE, "I am away."), (BOB, "Thanks for your text!"))
# The first two texts are new, and one that repeats is the last of the loop.
PASSED_ON = 2 + LOOP_LENGTH - 1
PEOPLE = st.sampled_from([ALICE, BOB])
PAUSES = st.timedeltas(timedelta(0), LOOP_WINDOW)
# Empty texts are not passed on at all.
WORDS = st.text(min_size=1).filter(str.strip)

Turn = tuple[Person, str]


def talk(turns: list[Turn], pauses: list[timedelta]) -> tuple[Conversation, list[Change]]:
    """One text after the other, each after its pause; what each did, and where that leads."""
    conversation, now, changes = ACTIVE, NOW, []
    for (person, body), pause in zip(turns, pauses, strict=True):
        now += pause
        changes.append(text(body, person).decide(facts(conversation, now=now)))
        conversation = changes[-1].after or conversation
    return conversation, changes


def passed_on(turns: list[Turn], pauses: list[timedelta]) -> list[bool]:
    """Which of the texts were."""
    _, changes = talk(turns, pauses)
    pairs = zip(turns, changes, strict=True)
    return [body in [said for _, said in told(change)] for (_, body), change in pairs]


def steadily(turns: list[Turn], pause: timedelta = MOMENT) -> list[bool]:
    return passed_on(turns, [pause] * len(turns))


def test_two_machines_that_answer_each_other_are_stopped_after_some_turns() -> None:
    turns = list(islice(cycle(AWAY), PASSED_ON + 1))
    assert steadily(turns) == [True] * PASSED_ON + [False]


def test_two_machines_that_answer_whatever_they_get_come_to_rest() -> None:
    """They also answer what Maskline itself tells them."""
    answers, conversation, relayed = dict(AWAY), ACTIVE, 0
    sender_limits: dict[Person, SenderLimits] = {}
    speaking = deque([ALICE])
    for turn in range(10 * (PASSED_ON + REPLIES_LIMIT)):
        if not speaking:
            break
        person = speaking.popleft()
        known = facts(conversation, now=NOW + turn * MOMENT, sender_limits=dict(sender_limits))
        change = text(answers[person], person).decide(known)
        conversation = change.after or conversation
        sender_limits |= {change.conduct.person: change.conduct.after} if change.conduct else {}
        relayed += change.after is not None
        speaking.extend(receiver for receiver, _ in told(change))
    assert not speaking
    assert relayed == PASSED_ON


def test_the_sender_of_a_stopped_text_is_told_why_and_nothing_is_changed() -> None:
    turns = list(islice(cycle(AWAY), PASSED_ON + 1))
    _, changes = talk(turns, [MOMENT] * len(turns))
    assert changes[-1].after is None
    assert told(changes[-1]) == [(turns[-1][0], says(Template.LOOP_STOPPED))]
    assert happened(changes[-1])[0] == ("MESSAGE_NOT_RELAYED", "LOOP")


def test_a_loop_is_stopped_even_if_each_answer_takes_as_long_as_a_machine_may() -> None:
    turns = list(islice(cycle(AWAY), PASSED_ON + 1))
    assert steadily(turns, LOOP_WINDOW)[-1] is False


def test_people_who_pause_longer_may_say_the_same_for_ever() -> None:
    turns = list(islice(cycle(AWAY), 5 * PASSED_ON))
    assert all(steadily(turns, LOOP_WINDOW + MOMENT))


def test_one_person_may_say_the_same_again_and_again() -> None:
    assert all(steadily([(ALICE, "Are you there?")] * 5 * PASSED_ON))


def test_what_is_new_from_either_breaks_the_loop() -> None:
    for new in ((ALICE, "Is this a machine?"), (BOB, "Is this a machine?")):
        turns = list(islice(cycle(AWAY), PASSED_ON - 2))
        turns += [new] if new[0] != turns[-1][0] else [new, new]
        assert all(steadily(turns + turns))


def test_after_a_stop_people_who_say_something_else_are_heard_at_once() -> None:
    turns = [*islice(cycle(AWAY), PASSED_ON + 1), (ALICE, "Hello?"), (BOB, "Hello!")]
    assert steadily(turns)[-2:] == [True, True]


def test_an_exchange_holds_no_words() -> None:
    conversation, _ = talk(list(AWAY), [MOMENT, MOMENT])
    assert not any("away" in part or "Thanks" in part for part in conversation.exchange.last)
    assert len(set(conversation.exchange.last)) == 2


def test_a_pause_of_the_conversation_does_not_count_as_a_loop() -> None:
    looping = replace(ACTIVE, exchange=LoopDetector(("x", "y"), 0, LOOP_LENGTH - 1))
    held = text("hello").decide(facts(replace(looping, pause_time=NOW)))
    assert after(held).exchange == looping.exchange


@given(WORDS, WORDS, st.lists(PAUSES, min_size=20, max_size=20))
def test_whatever_two_machines_say_they_are_stopped(
    one: str, other: str, pauses: list[timedelta]
) -> None:
    exchange, before, now = LoopDetector(), NOW, NOW
    for at, pause in enumerate(pauses[: PASSED_ON + 1]):
        assert not exchange.is_loop
        before, now = now, now + pause
        exchange = exchange.record(at % 2, (one, other)[at % 2], now, before)
    assert exchange.is_loop


@given(st.lists(st.tuples(PEOPLE, st.integers(1, 3), PAUSES), max_size=60))
def test_people_are_stopped_only_by_repeating_themselves_in_turns(
    turns: list[tuple[Person, int, timedelta]],
) -> None:
    said = [(person, f"text {number}") for person, number, _ in turns]
    heard = passed_on(said, [pause for *_, pause in turns])
    if not all(heard):
        stopped = said[: heard.index(False) + 1]
        last = stopped[-LOOP_LENGTH - 2 :]
        assert last[2:] == last[:-2]
        assert all(one[0] != next_one[0] for one, next_one in pairwise(last))


@pytest.mark.parametrize("number", [3, 40])
def test_people_who_never_say_the_same_twice_in_a_row_are_never_stopped(number: int) -> None:
    turns = [((ALICE, BOB)[at % 2], f"text {at // 2 % number}") for at in range(200)]
    assert all(steadily(turns))
