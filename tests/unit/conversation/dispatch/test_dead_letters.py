"""A message that cannot be processed becomes a dead letter and delays no other message."""

from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY

from conversation_service.dispatch.settle import DEAD_LETTERED
from conversation_service.domain.model.events import DeadLetterReason
from conversation_service.domain.model.messages import MessageState
from conversation_service.messaging.client import RequestFailed, RequestInvalid
from conversation_service.messaging.send import Rejected
from conversation_service.store.outbox.entry import CorruptEntry
from support.builders.conversations import ALICE, BOB, CAROL
from support.builders.dispatch_harness import KEYS, Harness

UNREADABLE, INVALID = DeadLetterReason.UNREADABLE, DeadLetterReason.INVALID


async def dead_letters(harness: Harness) -> list[tuple[str, DeadLetterReason]]:
    page = await harness.dead_letters.page(100, "")
    return [(letter.message_id, letter.reason) for letter in page]


def counted() -> float:
    labels = {"pool": "main", "state": DEAD_LETTERED}
    return REGISTRY.get_sample_value("maskline_texts_settled_total", labels) or 0.0


async def test_an_entry_that_cannot_be_decoded_becomes_a_dead_letter(harness: Harness) -> None:
    await harness.add_relayed((ALICE, "a1"))
    await harness.add_corrupt("nobody's")
    await harness.redis.xadd(KEYS.outbox, {"what": "is this?"})
    await harness.add_relayed((ALICE, "a2"))
    await harness.run_until(harness.dispatcher())
    assert harness.messaging.bodies(ALICE) == ["a1", "a2"]
    assert await dead_letters(harness) == [("nobody's", UNREADABLE), ("", UNREADABLE)]


async def test_a_dead_letter_is_an_event_of_its_conversation(harness: Harness) -> None:
    await harness.add_relayed((ALICE, "a1"))
    [entry_id] = await harness.entry_ids()
    await harness.redis.delete(KEYS.outbox)
    await harness.redis.xadd(KEYS.outbox, {"message": "m0", "at": "1", "text": "sealed"}, entry_id)
    await harness.run_until(harness.dispatcher())
    assert await harness.events() == [("MESSAGE_DEAD_LETTERED", "UNREADABLE")]
    assert harness.failures.notified == []


async def test_a_corrupt_entry_does_not_stop_a_takeover(harness: Harness) -> None:
    await harness.add_corrupt("m9")
    await harness.add_relayed((ALICE, "a1"))
    await harness.run_until(harness.dispatcher())
    assert harness.messaging.bodies(ALICE) == ["a1"]
    assert await dead_letters(harness) == [("m9", UNREADABLE)]


async def test_an_entry_that_is_corrupt_when_it_is_read_again_becomes_a_dead_letter(
    harness: Harness,
) -> None:
    async def corrupt(entry_ids: Sequence[str]) -> dict[str, CorruptEntry]:
        return {entry_id: CorruptEntry(entry_id, "") for entry_id in entry_ids}

    await harness.add_relayed(*((ALICE, str(number)) for number in range(6)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness.outbox, "read_by_id", corrupt)
        await harness.run_until(harness.dispatcher())
    assert harness.messaging.bodies(ALICE) == ["0", "1", "2", "3"], "these were in memory"
    assert await dead_letters(harness) == [("m4", UNREADABLE), ("m5", UNREADABLE)]


@pytest.mark.parametrize("notice_errors", [[], [ValueError("a fault")]])
async def test_a_message_that_the_messaging_service_rejects_becomes_a_dead_letter(
    harness: Harness, notice_errors: list[Exception]
) -> None:
    harness.failures.errors = notice_errors
    harness.messaging.results["a1"] = [Rejected()]
    await harness.add_relayed((ALICE, "a1"), (ALICE, "a2"), (BOB, "b1"))
    before = counted()
    await harness.run_until(harness.dispatcher())
    assert await dead_letters(harness) == [("m0", INVALID)]
    assert harness.messaging.bodies(ALICE) == ["a2"]
    assert await harness.outbox.state("m0") is MessageState.ACCEPTED
    assert counted() == before + 1


async def test_the_messages_of_a_rejected_batch_are_sent_one_by_one(harness: Harness) -> None:
    harness.messaging.errors["bad"] = RequestInvalid()
    await harness.add_relayed((ALICE, "a1"), (BOB, "bad"), (CAROL, "c1"))
    await harness.run_until(harness.dispatcher())
    assert harness.messaging.batches == [["a1", "bad", "c1"], ["a1"], ["bad"], ["c1"]]
    assert await dead_letters(harness) == [("m1", INVALID)]


async def test_a_message_that_makes_the_messaging_service_fail_waits_alone(
    harness: Harness,
) -> None:
    harness.messaging.errors["bad"] = RequestFailed()
    await harness.add_relayed((ALICE, "a1"), (BOB, "bad"), (CAROL, "c1"))
    dispatcher = harness.dispatcher()
    await harness.run_until(dispatcher, waiting=1)
    await harness.run(dispatcher)
    assert len(harness.messaging.sent) == 2
    harness.messaging.errors.clear()
    harness.clock.move(seconds=1)
    await harness.run_until(dispatcher)
    assert harness.messaging.bodies(BOB) == ["bad"]


async def test_a_replica_that_lost_its_lease_writes_no_dead_letter(harness: Harness) -> None:
    await harness.add_corrupt("m9")
    read = harness.outbox.read

    async def lose_the_lease(*arguments: object) -> object:
        await harness.redis.set(KEYS.lease, "another replica's")
        return await read(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness.outbox, "read", lose_the_lease)
        await harness.run(harness.dispatcher())
    assert await dead_letters(harness) == []
    assert await harness.waiting() == 1


async def test_a_replayed_message_goes_behind_all_others(harness: Harness) -> None:
    harness.messaging.results["a1"] = [Rejected()]
    await harness.add_relayed((ALICE, "a1"), (ALICE, "a2"))
    dispatcher = harness.dispatcher()
    await harness.run_until(dispatcher)
    [letter] = await harness.dead_letters.page(1, "")
    harness.clock.move(days=2)
    await harness.add_relayed((ALICE, "a3"))
    request = ("r1", letter.dead_letter_id, "m0", harness.clock.now(), harness.settings)
    assert await harness.dead_letters.replay(*request) == "m0"
    await harness.run_until(dispatcher)
    assert harness.messaging.bodies(ALICE) == ["a2", "a3", "a1"], "its validity began anew"
    assert await harness.outbox.state("m0") is MessageState.SENT
    assert await harness.dead_letters.count() == 0
