"""One text that cannot be processed fails neither its neighbours nor those behind it."""

from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from conversation_service.dispatch.settle import DEAD_LETTERED
from conversation_service.domain.model.messages import MessageState
from conversation_service.messaging.client import RequestFailed, RequestInvalid
from conversation_service.messaging.send import Rejected
from conversation_service.store.outbox.dead_letters import DeadLetterReason
from support.clock import ManualClock
from support.conversations import ALICE, BOB, CAROL
from support.dispatch_desk import KEYS, Desk


@pytest.fixture
async def desk(redis: Redis, clock: ManualClock) -> AsyncIterator[Desk]:
    async with Desk(redis, clock) as one:
        yield one


async def deaths(desk: Desk) -> list[tuple[str, DeadLetterReason]]:
    return [(one.message_id, one.death) for one in await desk.dead.page(100, "")]


def buried() -> float:
    labels = {"pool": "main", "state": DEAD_LETTERED}
    return REGISTRY.get_sample_value("maskline_texts_settled_total", labels) or 0.0


async def test_an_entry_that_cannot_be_read_leaves_for_the_dead_letters(desk: Desk) -> None:
    await desk.talk((ALICE, "a1"))
    await desk.damage("nobody's")
    await desk.redis.xadd(KEYS.outbox, {"what": "is this?"})
    await desk.talk((ALICE, "a2"))
    await desk.run_until(desk.replica())
    assert desk.carrier.bodies(ALICE) == ["a1", "a2"]
    assert await deaths(desk) == [
        ("nobody's", DeadLetterReason.UNREADABLE),
        ("", DeadLetterReason.UNREADABLE),
    ]


async def test_a_text_sealed_with_another_key_is_told_of_in_its_conversation(desk: Desk) -> None:
    await desk.talk((ALICE, "a1"))
    [entry_id] = await desk.entry_ids()
    await desk.redis.delete(KEYS.outbox)
    await desk.redis.xadd(KEYS.outbox, {"message": "m0", "at": "1", "text": "sealed"}, entry_id)
    await desk.run_until(desk.replica())
    assert await desk.told() == [("MESSAGE_DEAD_LETTERED", "UNREADABLE")]
    assert desk.failures.told == []


async def test_what_was_damaged_before_a_takeover_does_not_stop_it(desk: Desk) -> None:
    await desk.outbox.prepare()
    await desk.damage("m9")
    await desk.talk((ALICE, "a1"))
    assert len(await desk.outbox.read_new(10, None)) == 2
    await desk.run_until(desk.replica())
    assert desk.carrier.bodies(ALICE) == ["a1"]
    assert await deaths(desk) == [("m9", DeadLetterReason.UNREADABLE)]


async def test_a_text_that_the_messaging_service_does_not_take_is_a_dead_letter(
    desk: Desk,
) -> None:
    desk.carrier.answers["a1"] = [Rejected()]
    await desk.talk((ALICE, "a1"), (ALICE, "a2"), (BOB, "b1"))
    before = buried()
    await desk.run_until(desk.replica())
    assert await deaths(desk) == [("m0", DeadLetterReason.INVALID)]
    assert desk.carrier.bodies(ALICE) == ["a2"]
    assert await desk.outbox.state("m0") is MessageState.ACCEPTED
    assert buried() == before + 1


async def test_texts_of_a_batch_that_is_refused_are_tried_one_by_one(desk: Desk) -> None:
    desk.carrier.poison["bad"] = RequestInvalid()
    await desk.talk((ALICE, "a1"), (BOB, "bad"), (CAROL, "c1"))
    await desk.run_until(desk.replica())
    assert desk.carrier.batches == [["a1", "bad", "c1"], ["a1"], ["bad"], ["c1"]]
    assert await deaths(desk) == [("m1", DeadLetterReason.INVALID)]


async def test_a_text_that_the_messaging_service_fails_at_waits_alone(desk: Desk) -> None:
    desk.carrier.poison["bad"] = RequestFailed()
    await desk.talk((ALICE, "a1"), (BOB, "bad"), (CAROL, "c1"))
    dispatcher = desk.replica()
    await desk.run_until(dispatcher, owed=1)
    await desk.turns(dispatcher)
    assert len(desk.carrier.received) == 2
    desk.carrier.poison.clear()
    desk.clock.move(seconds=1)
    await desk.run_until(dispatcher)
    assert desk.carrier.bodies(BOB) == ["bad"]


async def test_a_text_that_cannot_even_be_told_of_is_buried_all_the_same(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [Rejected()]
    desk.failures.errors = [ValueError("a fault")]
    await desk.talk((ALICE, "a1"))
    await desk.run_until(desk.replica())
    assert await deaths(desk) == [("m0", DeadLetterReason.INVALID)]


async def test_a_replica_that_lost_its_lease_buries_nothing(desk: Desk) -> None:
    await desk.outbox.prepare()
    await desk.damage("m9")
    late = desk.replica()
    read_unsettled = desk.outbox.read_unsettled

    async def lose_the_lease(*asked: object) -> object:
        await desk.redis.set(KEYS.lease, "another replica's")
        return await read_unsettled(*asked)  # type: ignore[arg-type]

    await desk.outbox.read_new(10, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.outbox, "read_unsettled", lose_the_lease)
        await desk.turns(late)
    assert await deaths(desk) == []
    assert await desk.owed() == 1


async def test_a_text_that_was_replayed_goes_behind_all_others(desk: Desk) -> None:
    desk.carrier.answers["a1"] = [Rejected()]
    await desk.talk((ALICE, "a1"), (ALICE, "a2"))
    dispatcher = desk.replica()
    await desk.run_until(dispatcher)
    [letter] = await desk.dead.page(1, "")
    desk.clock.move(days=2)
    await desk.talk((ALICE, "a3"))
    now = desk.clock.now()
    assert await desk.dead.replay("r1", letter.dead_letter_id, "m0", now, desk.settings) == "m0"
    await desk.run_until(dispatcher)
    assert desk.carrier.bodies(ALICE) == ["a2", "a3", "a1"], "its validity began anew"
    assert await desk.outbox.state("m0") is MessageState.SENT
    assert await desk.dead.count() == 0


async def test_no_conversation_with_very_many_texts_keeps_others_from_being_read(
    desk: Desk,
) -> None:
    await desk.talk(*((ALICE, str(at)) for at in range(1200)))
    await desk.talk((BOB, "b1"))
    dispatcher = desk.replica()
    desk.carrier.gate.clear()
    for _ in range(8):
        await dispatcher.run_once()
    desk.carrier.gate.set()
    await desk.turns(dispatcher, 40)
    assert desk.carrier.bodies(BOB) == ["b1"]
    assert len(desk.carrier.bodies(ALICE)) < 100


async def test_what_is_read_again_when_it_is_due_is_sent_in_order(desk: Desk) -> None:
    await desk.talk(*((ALICE, str(at)) for at in range(40)))
    dispatcher = desk.replica()
    await desk.run_until(dispatcher)
    assert desk.carrier.bodies(ALICE) == [str(at) for at in range(40)]


async def test_an_entry_that_somebody_removed_holds_up_nothing(desk: Desk) -> None:
    await desk.talk(*((ALICE, str(at)) for at in range(8)))
    dispatcher = desk.replica()
    desk.carrier.gate.clear()
    await desk.turns(dispatcher, 3)
    await desk.redis.xdel(KEYS.outbox, (await desk.entry_ids())[6])
    desk.carrier.gate.set()
    await desk.turns(dispatcher, 60)
    assert desk.carrier.bodies(ALICE) == [str(at) for at in range(8) if at != 6]
    assert await desk.owed() == 0
    assert await desk.dead.count() == 0
