"""The dispatcher: order, takeovers, erasures, opt-outs and messages that expire."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import pytest

from conversation_service.dispatch.dispatcher import STANDBY_SECONDS
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.messages import MessageState, OutboundMessage
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.messaging.client import MessagingUnavailable
from conversation_service.messaging.send import Retry, SendResult
from conversation_service.store.erasure.person_data import PersonDataEraser
from support.builders.conversations import ALICE, BOB, CAROL, pool_storage
from support.builders.decisions import PICTURE
from support.builders.dispatch_harness import CONVERSATION, KEYS, Harness

Fields = dict[str | bytes, str | bytes]


async def never(*_: object) -> None:
    """The replica was killed here."""
    await asyncio.get_running_loop().create_future()


async def test_a_message_that_was_not_sent_delays_its_own_recipient_only(harness: Harness) -> None:
    harness.messaging.results["a1"] = [Retry(timedelta(seconds=30))]
    await harness.add_system((ALICE, "a1"), (ALICE, "a2"), (BOB, "b1"), (BOB, "b2"))
    dispatcher = harness.dispatcher()
    await harness.run(dispatcher, 20)
    assert harness.messaging.bodies(ALICE) == []
    assert harness.messaging.bodies(BOB) == ["b1", "b2"]
    harness.clock.move(seconds=30)
    await harness.run_until(dispatcher)
    assert harness.messaging.bodies(ALICE) == ["a1", "a2"]


async def test_texts_do_not_wait_for_files_of_the_same_batch(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_is_ready, send = asyncio.Event(), harness.messaging.send

    async def prepare_and_send(
        messages: Sequence[OutboundMessage], pool: str, settings: PoolSettings
    ) -> list[SendResult]:
        if any(message.attachments for message in messages):
            await file_is_ready.wait()
        return await send(messages, pool, settings)

    monkeypatch.setattr(harness.messaging, "send", prepare_and_send)
    await harness.add(ALICE, "look", is_relayed=True, attachments=(PICTURE,))
    await harness.add_system((ALICE, "later"), (BOB, "b1"), (BOB, "b2"))
    dispatcher = harness.dispatcher()
    await harness.run_until(dispatcher, waiting=2)
    assert harness.messaging.bodies(BOB) == ["b1", "b2"]
    assert harness.messaging.bodies(ALICE) == []
    file_is_ready.set()
    await harness.run_until(dispatcher)
    assert harness.messaging.bodies(ALICE) == ["look", "later"]


@pytest.mark.parametrize("error", [MessagingUnavailable(), ValueError("a fault")])
async def test_an_error_delays_messages_and_loses_none(harness: Harness, error: Exception) -> None:
    harness.messaging.results["a1"] = [error, error]
    await harness.add_system((ALICE, "a1"), (BOB, "b1"))
    dispatcher = harness.dispatcher()
    for seconds in (0, 1, 2):
        harness.clock.move(seconds=seconds)
        await harness.run(dispatcher)
    assert await harness.waiting() == 0
    assert harness.messaging.bodies(ALICE) == ["a1"]
    assert "b1" in harness.messaging.bodies(BOB)


async def test_only_the_lease_holder_sends_and_hands_over_when_it_closes(harness: Harness) -> None:
    first, second = harness.dispatcher(), harness.dispatcher()
    await first.run_once()
    await harness.add_system((ALICE, "a1"))
    assert await second.run_once() == STANDBY_SECONDS
    assert harness.messaging.batches == []
    await harness.run_until(first)
    assert harness.messaging.bodies(ALICE) == ["a1"]
    await first.close()
    await harness.add_system((CAROL, "c1"))
    await harness.run_until(second)
    assert harness.messaging.bodies(CAROL) == ["c1"]


async def test_a_takeover_begins_with_what_was_read_and_not_settled(
    monkeypatch: pytest.MonkeyPatch, harness: Harness
) -> None:
    """Killed between send and settle: sent again under the same id, which is sent once."""
    monkeypatch.setattr("conversation_service.dispatch.dispatcher.GRACE_SECONDS", 0)
    await harness.add_system((ALICE, "a1"), (ALICE, "a2"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness.outbox, "settle", never)
        await harness.run(harness.dispatcher())
    assert harness.messaging.bodies(ALICE) == ["a1"]
    await harness.redis.delete(KEYS.lease)
    await harness.run_until(harness.dispatcher())
    assert harness.messaging.bodies(ALICE) == ["a1", "a1", "a2"]


async def test_a_replica_that_lost_its_lease_settles_nothing_and_stands_by(
    harness: Harness,
) -> None:
    await harness.add_system((ALICE, "a1"))
    late = harness.dispatcher()
    harness.messaging.gate.clear()
    waiting = asyncio.create_task(harness.run_until(late))
    await harness.messaging.was_called.wait()
    await harness.redis.set(KEYS.lease, "another replica's")
    harness.messaging.gate.set()
    while await late.run_once() != STANDBY_SECONDS:
        pass
    waiting.cancel()
    assert await harness.waiting() == 1
    assert await harness.outbox.state("m0") is MessageState.ACCEPTED


async def test_more_messages_than_the_window_holds_are_all_sent(harness: Harness) -> None:
    await harness.add_system(*((BOB if at % 2 else ALICE, str(at)) for at in range(60)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conversation_service.dispatch.dispatcher.WINDOW", 4)
        await harness.run_until(harness.dispatcher())
    assert harness.messaging.bodies(ALICE) == [str(at) for at in range(0, 60, 2)]
    assert harness.messaging.bodies(BOB) == [str(at) for at in range(1, 60, 2)]


async def test_entries_in_a_lost_reply_are_read_again(harness: Harness) -> None:
    dispatcher = harness.dispatcher()
    await dispatcher.run_once()
    await harness.add_system((ALICE, "a1"), (ALICE, "a2"))
    read = harness.outbox.read

    async def lose_the_reply(after: str, limit: int, block_ms: int | None) -> list[object]:
        await read(after, limit, block_ms)
        raise ConnectionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness.outbox, "read", lose_the_reply)
        with pytest.raises(ConnectionError):
            await harness.run_until(dispatcher)
    await harness.run_until(dispatcher)
    assert harness.messaging.bodies(ALICE) == ["a1", "a2"]


async def test_one_long_queue_does_not_keep_others_from_being_read(harness: Harness) -> None:
    await harness.add_relayed(*((ALICE, str(number)) for number in range(1200)))
    await harness.add_relayed((BOB, "b1"))
    dispatcher = harness.dispatcher()
    harness.messaging.gate.clear()
    await harness.run(dispatcher, 8)
    harness.messaging.gate.set()
    await harness.run(dispatcher, 40)
    assert harness.messaging.bodies(BOB) == ["b1"]
    assert len(harness.messaging.bodies(ALICE)) < 100


# Of 8 messages to one person the first is at the messaging service. The second is in memory; the
# sixth is read again when it is due.
@pytest.mark.parametrize("index", [1, 6])
async def test_an_entry_that_was_removed_is_skipped(harness: Harness, index: int) -> None:
    await harness.add_relayed(*((ALICE, str(number)) for number in range(8)))
    dispatcher = harness.dispatcher()
    harness.messaging.gate.clear()
    await harness.run(dispatcher, 3)
    await harness.redis.xdel(KEYS.outbox, (await harness.entry_ids())[index])
    harness.messaging.gate.set()
    await harness.run(dispatcher, 60)
    assert harness.messaging.bodies(ALICE) == [str(at) for at in range(8) if at != index]
    assert await harness.waiting() == 0
    assert await harness.dead_letters.count() == 0


async def test_a_message_whose_author_was_erased_after_it_was_read_is_not_sent(
    harness: Harness,
) -> None:
    await harness.add_relayed((ALICE, "a1"), (ALICE, "from Bob"))
    await harness.add_system((ALICE, "a3"))
    harness.messaging.gate.clear()
    running = asyncio.create_task(harness.run_until(harness.dispatcher()))
    await harness.messaging.was_called.wait()
    eraser = PersonDataEraser(pool_storage(harness.redis))
    assert await eraser.texts(BOB, {CONVERSATION}, only_theirs=False) == 2
    harness.messaging.gate.set()
    await running
    assert harness.messaging.bodies(ALICE) == ["a1", "a3"]


async def test_a_takeover_skips_entries_that_were_removed(harness: Harness) -> None:
    await harness.add_system((ALICE, "a1"), (ALICE, "a2"), (ALICE, "a3"))
    first, second, _ = await harness.entry_ids()
    await harness.redis.xdel(KEYS.outbox, first, second)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conversation_service.dispatch.dispatcher.PAGE", 1)
        await harness.run_until(harness.dispatcher())
    assert harness.messaging.bodies(ALICE) == ["a3"]
    assert await harness.dead_letters.count() == 0


async def test_only_the_confirmation_is_sent_to_a_person_who_opted_out(harness: Harness) -> None:
    await harness.opt_outs.opt_out(ALICE.person_id, OptOutSource.TEXT, "mdr2-1")
    await harness.add_system((ALICE, "the confirmation"), may_reach_opted_out=True)
    await harness.add_system((ALICE, "too late"), (BOB, "b1"))
    await harness.run_until(harness.dispatcher())
    assert harness.messaging.bodies(ALICE) == ["the confirmation"]
    assert harness.messaging.bodies(BOB) == ["b1"]
    assert await harness.outbox.state("m1") is MessageState.FAILED
    assert harness.opt_outs.ended == [ALICE.person_id], "it was started after the opt-out"


@pytest.mark.parametrize("hours", [-2, 2])
async def test_a_step_of_the_clock_does_not_keep_the_lease_from_being_renewed(
    harness: Harness, hours: float
) -> None:
    dispatcher = harness.dispatcher()
    await dispatcher.run_once()
    await harness.redis.pexpire(KEYS.lease, timedelta(seconds=1))
    harness.clock.step(hours=hours)
    harness.clock.move(seconds=1)
    await dispatcher.run_once()
    assert await harness.redis.pttl(KEYS.lease) > 2_000


async def test_a_step_back_does_not_prolong_a_delay(harness: Harness) -> None:
    harness.messaging.results["a1"] = [Retry(timedelta(seconds=30))]
    harness.messaging.results["b1"] = [Retry(timedelta(seconds=30), is_throttled=True)]
    await harness.add_system((ALICE, "a1"), (ALICE, "a2"), (BOB, "b1"))
    dispatcher = harness.dispatcher()
    await harness.run(dispatcher)
    harness.clock.step(hours=-2)
    harness.clock.move(seconds=30)
    await harness.run_until(dispatcher)
    assert harness.messaging.bodies(ALICE) == ["a1", "a2"]


async def test_a_replica_whose_clock_is_wrong_gives_up_its_lease_until_it_is_right(
    harness: Harness,
) -> None:
    dispatcher = harness.dispatcher()
    await harness.run(dispatcher)
    harness.clock.synchronized = False
    await harness.add_system((ALICE, "a1"))
    assert await dispatcher.run_once() == STANDBY_SECONDS
    assert not await harness.redis.exists(KEYS.lease)
    await harness.run(dispatcher)
    assert harness.messaging.batches == []
    harness.clock.synchronized = True
    await harness.run_until(dispatcher)
    assert harness.messaging.bodies(ALICE) == ["a1"]


async def test_entries_behind_those_that_were_read_are_found(harness: Harness) -> None:
    """After a failover to an older copy on a node whose clock is behind."""
    await harness.add_system((ALICE, "a1"))
    stored = cast("list[tuple[bytes, Fields]]", await harness.redis.xrange(KEYS.outbox))
    [(entry_id, fields)] = stored
    older = f"{int(entry_id.decode().partition('-')[0]) - 1000}-0"
    dispatcher = harness.dispatcher()
    await harness.run_until(dispatcher)
    await harness.redis.delete(KEYS.outbox)
    await harness.redis.xadd(KEYS.outbox, fields, older)  # type: ignore[arg-type]
    await harness.run_until(dispatcher)
    assert harness.messaging.bodies(ALICE) == ["a1", "a1"]
