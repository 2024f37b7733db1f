"""Which text goes next: order in a lane, turns between lanes, and how much is held in memory."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from conversation_service.dispatch.recipient_queues import (
    QUEUE_LIMIT,
    SYSTEM_IN_A_ROW,
    RecipientQueue,
    RecipientQueues,
)
from conversation_service.store.outbox.entry import OutboxEntry
from conversation_service.store.records.payloads import Envelope
from support.conversations import MASKED
from support.dispatch_desk import person

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def text(number: int, to: int, *, is_relayed: bool = True) -> OutboxEntry:
    envelope = Envelope(MASKED, person(to).phone_number, "hello", is_relayed=is_relayed)
    return OutboxEntry(f"{number}-0", f"m{number}", NOW, envelope, person(to).person_id)


def talk(*recipients: int) -> list[OutboxEntry]:
    return [text(number, to) for number, to in enumerate(recipients)]


def lanes_of(texts: Sequence[OutboxEntry]) -> RecipientQueues:
    lanes = RecipientQueues()
    lanes.add(texts)
    return lanes


def entries(taken: Sequence[RecipientQueue]) -> list[str]:
    return [lane.head.entry_id for lane in taken]


def served(lanes: RecipientQueues, turns: int) -> list[str]:
    """The texts that go when one goes at a time and each is sent at once."""
    order = []
    for _ in range(turns):
        [lane] = lanes.take(1, NOW)
        order.append(lane.head.entry_id)
        lanes.done(lane)
    return order


def test_a_lane_that_was_served_goes_to_the_end() -> None:
    lanes = lanes_of(talk(1, 1, 1, 2, 2, 3))
    assert served(lanes, 6) == ["0-0", "3-0", "5-0", "1-0", "4-0", "2-0"]
    assert len(lanes) == 0


def test_a_lane_whose_text_is_under_way_waits_for_it() -> None:
    lanes = lanes_of(talk(1, 1, 2))
    first, second = lanes.take(10, NOW)
    assert entries([first, second]) == ["0-0", "2-0"]
    assert lanes.take(10, NOW) == []
    lanes.done(first)
    assert entries(lanes.take(10, NOW)) == ["1-0"]


def test_what_maskline_writes_goes_before_talk_of_others() -> None:
    system = [text(9, 3, is_relayed=False)]
    assert served(lanes_of([*talk(1, 2), *system]), 3) == ["9-0", "0-0", "1-0"]


def test_what_maskline_writes_never_overtakes_talk_to_the_same_person() -> None:
    mixed = [text(0, 1), text(1, 1, is_relayed=False), text(2, 2)]
    assert served(lanes_of(mixed), 3) == ["0-0", "1-0", "2-0"]


def test_talk_gets_through_however_much_maskline_writes() -> None:
    system = [text(number, 10 + number, is_relayed=False) for number in range(12)]
    order = served(lanes_of([*system, text(90, 1), text(91, 2)]), 14)
    assert order[SYSTEM_IN_A_ROW] == "90-0"
    assert order[2 * SYSTEM_IN_A_ROW + 1] == "91-0"


def test_talk_gets_its_share_also_where_only_the_first_of_each_batch_finds_room() -> None:
    system = [text(number, 10 + number, is_relayed=False) for number in range(12)]
    lanes = lanes_of([*system, text(90, 1), text(91, 2)])
    order = []
    for _ in range(10):
        first, *others = lanes.take(5, NOW)
        order.append(first.head.entry_id)
        lanes.done(first)
        for lane in others:
            lanes.release(lane)
    assert [order[SYSTEM_IN_A_ROW], order[2 * SYSTEM_IN_A_ROW + 1]] == ["90-0", "91-0"]


def test_a_lane_for_which_there_was_no_room_keeps_its_turn() -> None:
    lanes = lanes_of(talk(1, 2, 3))
    for lane in reversed(lanes.take(2, NOW)):
        lanes.release(lane)
    assert entries(lanes.take(3, NOW)) == ["0-0", "1-0", "2-0"]


def test_a_paused_lane_comes_back_at_the_end_when_its_pause_is_over() -> None:
    lanes = lanes_of(talk(1, 2))
    [first] = lanes.take(1, NOW)
    until = NOW + timedelta(seconds=5)
    lanes.pause(first, until)
    assert lanes.next_try() == until
    assert entries(lanes.take(2, NOW)) == ["1-0"]
    assert entries(lanes.take(2, until)) == ["0-0"]
    assert lanes.next_try() is None


def test_a_text_that_is_read_twice_has_one_place() -> None:
    lanes = lanes_of(talk(1, 1))
    lanes.add(talk(1, 1))
    assert len(lanes) == 2


def test_a_lane_with_very_many_texts_holds_few_of_them_in_memory() -> None:
    lanes = lanes_of(talk(*[1] * 500, 2))
    many, one = lanes.take(2, NOW)
    assert len(many.places) == 500
    assert sum(place.text is not None for place in many.places) == QUEUE_LIMIT
    assert one.head.text is not None
    for _ in range(QUEUE_LIMIT):
        lanes.done(many)
        [many] = lanes.take(1, NOW)
    assert many.head.text is None, "it has to be read again"
