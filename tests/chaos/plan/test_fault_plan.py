"""A fault run can be had again: what is said and what is broken follows from the seed."""

from itertools import islice

from chaos.plan.fault_plan import KILLS, SPOILS, WIRES, Harm, Hurt, Kill, Spoil, blows
from chaos.plan.conversations import FAILURES, LANES, PHONES, meetings

SECONDS = 600.0


def test_the_same_seed_makes_the_same_run_and_another_makes_another() -> None:
    assert blows(1, SECONDS) == blows(1, SECONDS) != blows(2, SECONDS)
    assert list(islice(meetings(1, 0), 40)) == list(islice(meetings(1, 0), 40))
    assert next(meetings(1, 0)) != next(meetings(2, 0))


def test_a_long_run_breaks_everything_there_is_to_break() -> None:
    done = [blow for _, blow in blows(7, SECONDS)]
    assert {blow.parts for blow in done if isinstance(blow, Kill)} == set(KILLS)
    hurt = {(blow.wire, blow.harm) for blow in done if isinstance(blow, Hurt)}
    assert hurt == {(wire, harm) for wire in WIRES for harm in Harm}
    spoiled = {str(blow.fault["kind"]) for blow in done if isinstance(blow, Spoil)}
    assert spoiled == {*(str(fault["kind"]) for fault in SPOILS), "records_unavailable"}


def test_a_phone_talks_to_one_other_at_a_time_and_to_several_in_the_end() -> None:
    lanes = [list(islice(meetings(3, lane), 60)) for lane in range(LANES)]
    used = [{phone for one in lane for phone in one.sessions[0].phones} for lane in lanes]
    assert sum(map(len, used)) == len(set.union(*used)) <= len(PHONES)
    pairs = {frozenset(one.sessions[0].phones) for one in lanes[0]}
    assert all(len(pair) == 2 for pair in pairs)
    assert len(pairs) > len(used[0]) / 2


def test_one_text_of_a_person_fails_in_a_meeting_at_most() -> None:
    texts = [
        [text for session in meeting.sessions for text in session.said if text.may_fail]
        for meeting in islice(meetings(3, 0), 60)
    ]
    failing = [[text.side for text in one] for one in texts]
    assert all(len(sides) == len(set(sides)) for sides in failing)
    assert {str(text.faults[-1]) for one in texts for text in one} == set(map(str, FAILURES))


def test_no_words_are_used_in_two_conversations() -> None:
    said = [
        {text.body for text in session.said}
        for lane in range(LANES)
        for meeting in islice(meetings(3, lane), 20)
        for session in meeting.sessions
    ]
    assert sum(map(len, said)) == len(set.union(*said))
