"""Which entry is sent next: order in a queue, turns between queues, entries kept in memory."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from conversation_service.dispatch.recipient_queues import (
    QUEUE_LIMIT,
    SYSTEM_IN_A_ROW,
    RecipientQueue,
    RecipientQueues,
)
from conversation_service.domain.model.messages import OutboundMessage
from conversation_service.store.outbox.entry import OutboxEntry
from support.builders.conversations import MASKED
from support.builders.dispatch_harness import person

ACCEPTED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NOW = timedelta(hours=1)


def entry(
    number: int,
    to: int,
    *,
    is_relayed: bool = True,
    uses_reserve: bool = False,
    body: str = "hello",
) -> OutboxEntry:
    message = OutboundMessage(
        f"m{number}",
        "",
        MASKED,
        person(to),
        body,
        is_relayed=is_relayed,
        uses_reserve=uses_reserve,
    )
    return OutboxEntry(f"{number}-0", ACCEPTED, message)


def relayed(*recipients: int) -> list[OutboxEntry]:
    return [entry(number, to) for number, to in enumerate(recipients)]


# Twelve system messages, and two relayed messages behind them.
MIXED = [
    *(entry(number, 10 + number, is_relayed=False) for number in range(12)),
    entry(90, 1),
    entry(91, 2),
]


def queues_of(entries: Sequence[OutboxEntry]) -> RecipientQueues:
    queues = RecipientQueues()
    queues.add(entries)
    return queues


def heads(batch: Sequence[RecipientQueue]) -> list[str]:
    return [queue.head.entry_id for queue in batch]


def served(queues: RecipientQueues, turns: int, batch: int = 1) -> list[str]:
    """The entries that are sent if of each batch only the first is not throttled."""
    order = []
    for _ in range(turns):
        first, *others = queues.next_batch(batch, NOW)
        order.append(first.head.entry_id)
        queues.advance(first)
        for queue in others:
            queues.requeue(queue)
    return order


def test_a_queue_that_was_served_goes_to_the_end() -> None:
    queues = queues_of(relayed(1, 1, 1, 2, 2, 3))
    assert served(queues, 6) == ["0-0", "3-0", "5-0", "1-0", "4-0", "2-0"]
    assert len(queues) == 0


def test_a_busy_queue_sends_nothing_else() -> None:
    queues = queues_of(relayed(1, 1, 2))
    queues.add(relayed(1, 1))
    assert len(queues) == 3, "an entry that is read twice is queued once"
    first, second = queues.next_batch(10, NOW)
    assert heads([first, second]) == ["0-0", "2-0"]
    assert queues.next_batch(10, NOW) == []
    queues.advance(first)
    assert heads(queues.next_batch(10, NOW)) == ["1-0"]


def test_system_messages_go_before_relayed_messages_to_others_only() -> None:
    system = [entry(9, 3, is_relayed=False)]
    assert served(queues_of([*relayed(1, 2), *system]), 3) == ["9-0", "0-0", "1-0"]
    mixed = [entry(0, 1), entry(1, 1, is_relayed=False), entry(2, 2)]
    assert served(queues_of(mixed), 3) == ["0-0", "1-0", "2-0"]


def test_relayed_messages_get_their_share_however_many_system_messages_there_are() -> None:
    for batch in (1, 5):
        order = served(queues_of(MIXED), 10, batch)
        assert [order[SYSTEM_IN_A_ROW], order[2 * SYSTEM_IN_A_ROW + 1]] == ["90-0", "91-0"]


def test_a_throttled_queue_keeps_its_turn() -> None:
    queues = queues_of(relayed(1, 2, 3))
    for queue in reversed(queues.next_batch(2, NOW)):
        queues.requeue(queue)
    assert heads(queues.next_batch(3, NOW)) == ["0-0", "1-0", "2-0"]


def test_a_queue_that_backs_off_comes_back_at_the_end() -> None:
    queues = queues_of(relayed(1, 2))
    [first] = queues.next_batch(1, NOW)
    until = NOW + timedelta(seconds=5)
    queues.back_off(first, until)
    assert queues.next_due() == until
    assert heads(queues.next_batch(2, NOW)) == ["1-0"]
    assert heads(queues.next_batch(2, until)) == ["0-0"]
    assert queues.next_due() is None


def test_a_long_queue_keeps_few_of_its_messages_in_memory() -> None:
    queues = queues_of(relayed(*[1] * 500, 2))
    long, short = queues.next_batch(2, NOW)
    assert len(long.entries) == 500
    assert sum(queued.entry is not None for queued in long.entries) == QUEUE_LIMIT
    assert short.head.entry is not None
    for _ in range(QUEUE_LIMIT):
        queues.advance(long)
        [long] = queues.next_batch(1, NOW)
    assert long.head.entry is None, "it has to be read again"


def test_a_long_message_costs_as_many_turns_as_it_has_segments() -> None:
    long = [entry(number, 1, body="x" * 420) for number in range(3)]
    short = [entry(10 + number, 2) for number in range(9)]
    for batch in (1, 4):
        order = served(queues_of([*long, *short]), 12, batch)
        assert [at for at, entry_id in enumerate(order) if entry_id in ("0-0", "1-0", "2-0")] == [
            *(0, 4, 8)
        ]


def test_a_person_who_begins_to_text_waits_for_no_turns_of_those_who_text_much() -> None:
    queues = queues_of([entry(number, 1, body="x" * 1400) for number in range(30)])
    served(queues, 5)
    queues.add([entry(90, 2)])
    assert served(queues, 2) == ["90-0", "5-0"]


def test_messages_that_may_use_the_reserve_go_first_and_can_be_asked_for_alone() -> None:
    queues = queues_of(
        [
            *(entry(number, 10 + number, is_relayed=False) for number in range(20)),
            entry(50, 1),
            entry(60, 2, is_relayed=False, uses_reserve=True),
        ]
    )
    [only] = queues.next_batch(16, NOW, reserve_only=True)
    assert only.head.entry_id == "60-0"
    assert queues.next_batch(16, NOW, reserve_only=True) == []
    queues.requeue(only)
    assert heads(queues.next_batch(2, NOW)) == ["60-0", "0-0"]
