"""A fault run can be repeated: messages and faults follow from the seed."""

from itertools import islice

from chaos.plan.conversations import FAILURES, LANES, PHONES, meetings
from chaos.plan.fault_plan import (
    CARRIER_FAULTS,
    CLOCK_STEPS,
    CONNECTIONS,
    KILLS,
    CarrierFault,
    Disrupt,
    Disruption,
    Kill,
    StepClock,
    planned_faults,
)

SECONDS = 600.0


def test_the_same_seed_makes_the_same_run_and_another_makes_another() -> None:
    assert planned_faults(1, SECONDS) == planned_faults(1, SECONDS) != planned_faults(2, SECONDS)
    assert list(islice(meetings(1, 0), 40)) == list(islice(meetings(1, 0), 40))
    assert next(meetings(1, 0)) != next(meetings(2, 0))


def test_a_long_run_has_every_kind_of_fault() -> None:
    planned = planned_faults(7, SECONDS)
    done = [fault for _, fault in planned]
    assert {fault.parts for fault in done if isinstance(fault, Kill)} == set(KILLS)
    disrupted = {
        (fault.connection, fault.disruption) for fault in done if isinstance(fault, Disrupt)
    }
    assert disrupted == {
        (connection, disruption) for connection in CONNECTIONS for disruption in Disruption
    }
    stepped = {fault for _, fault in planned if isinstance(fault, StepClock)}
    assert {(step.part, step.offset_seconds) for step in stepped} == set(CLOCK_STEPS)
    carrier_faults = {str(fault.fault["kind"]) for fault in done if isinstance(fault, CarrierFault)}
    assert carrier_faults == {
        *(str(fault["kind"]) for fault in CARRIER_FAULTS),
        "records_unavailable",
    }


def test_a_phone_talks_to_one_other_at_a_time_and_to_several_in_the_end() -> None:
    lanes = [list(islice(meetings(3, lane), 60)) for lane in range(LANES)]
    used = [{phone for one in lane for phone in one.conversations[0].phones} for lane in lanes]
    assert sum(map(len, used)) == len(set.union(*used)) <= len(PHONES)
    pairs = {frozenset(one.conversations[0].phones) for one in lanes[0]}
    assert all(len(pair) == 2 for pair in pairs)
    assert len(pairs) > len(used[0]) / 2


def test_at_most_one_message_of_a_person_fails_in_a_meeting() -> None:
    failing_messages = [
        [
            text
            for conversation in meeting.conversations
            for text in conversation.messages
            if text.may_fail
        ]
        for meeting in islice(meetings(3, 0), 60)
    ]
    failing = [[text.side for text in one] for one in failing_messages]
    assert all(len(sides) == len(set(sides)) for sides in failing)
    texts = [text for one in failing_messages for text in one]
    assert any(text.has_picture for text in texts)
    assert {str(text.faults[-1]) for text in texts if not text.has_picture} == set(
        map(str, FAILURES)
    )


def test_no_body_is_used_in_two_conversations() -> None:
    messages = [
        {text.body for text in conversation.messages}
        for lane in range(LANES)
        for meeting in islice(meetings(3, lane), 20)
        for conversation in meeting.conversations
    ]
    assert sum(map(len, messages)) == len(set.union(*messages))
