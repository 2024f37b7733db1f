"""Messages that are decided on this replica's own last state: one round trip, and never wrong."""

from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.application.executor import Executed
from conversation_service.domain.commands.client.create import CreateConversation
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.errors import ConversationError
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.participants import Person
from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.people import MARK_LIFE
from conversation_service.store.short_lived import LIFE_SECONDS
from conversation_service.store.storage import Storage
from support.builders.conversations import ALICE, BOB, BOB_NUMBER, CIPHER, POOL, SETTINGS
from support.clock import ManualClock

from .batch_harness import text
from .executor_replica import Replica

OUTBOX = Keys("main").outbox


@pytest.fixture
async def replica(redis: Redis, clock: ManualClock) -> Replica:
    """After a first message of each of two people, which was loaded."""
    replica = Replica(redis, clock)
    await replica.change_pool(POOL)
    await replica.executor.reload()
    await redis.sadd(DeploymentKeys().pools, "main")
    await replica.executor.run(CreateConversation("r1", (ALICE, BOB)))
    for person in (ALICE, BOB):
        await relayed(replica, person)
    return replica


async def relayed(replica: Replica, person: Person = BOB) -> ReceiveMessage:
    message = text("hello", person)
    await replica.executor.run(message)
    return message


async def reads(replica: Replica) -> int:
    stats = await replica.redis.info("stats")
    return int(stats["total_reads_processed"])


async def round_trips(replica: Replica, *people: Person) -> int:
    """Those of one batch of messages."""
    before = await reads(replica)
    await replica.executor.run_all([text("hello", person) for person in people])
    return await reads(replica) - before - 1


async def waiting(replica: Replica) -> int:
    return int(await replica.redis.xlen(OUTBOX))


async def test_a_message_takes_one_round_trip_whoever_of_the_two_wrote_last(
    replica: Replica,
) -> None:
    assert await round_trips(replica, BOB) == 1
    assert await round_trips(replica, ALICE) == 1
    assert await round_trips(replica, BOB, ALICE, BOB) == 1


async def test_what_another_replica_changed_is_loaded(replica: Replica, clock: ManualClock) -> None:
    another = Replica(replica.redis, clock)
    await another.executor.reload()
    await relayed(another)
    before = await waiting(replica)
    # The commit that lost, the load and the commit.
    assert await round_trips(replica, BOB) == 3
    assert await waiting(replica) == before + 1
    assert await round_trips(replica, BOB) == 1


async def test_a_state_is_recalled_for_a_limited_time(replica: Replica, clock: ManualClock) -> None:
    clock.move(seconds=LIFE_SECONDS)
    assert await round_trips(replica, BOB) == 2


async def test_a_message_that_comes_again_is_relayed_once_and_recorded(replica: Replica) -> None:
    message = await relayed(replica)
    before = await waiting(replica)
    [result] = await replica.executor.run_all([message])
    assert isinstance(result, Executed)
    assert result.is_duplicate
    assert await waiting(replica) == before
    [counter] = [key async for key in replica.redis.scan_iter("*:duplicates:*")]
    assert counter


async def test_a_new_pool_is_loaded(replica: Replica) -> None:
    await replica.change_pool(
        replace(POOL, settings=replace(SETTINGS, operator_name="B"), version="w")
    )
    await relayed(replica)
    assert replica.executor.pool.settings.operator_name == "B"


async def test_an_opt_out_counts_although_a_crash_left_the_conversation_live(
    replica: Replica,
) -> None:
    opt_out = OptOut(replica.clock.now(), OptOutSource.CLIENT)
    await replica.suppression.add(BOB.person_id, opt_out)
    before = await waiting(replica)
    await replica.executor.run(text("hello", BOB))
    [ended] = await replica.store.history(BOB)
    assert ended.end_reason is EndReason.OPTED_OUT
    # Alice is told of the end; Bob's words are not relayed.
    assert await waiting(replica) == before + 1


async def test_a_sender_whose_number_became_a_masked_number_is_refused(replica: Replica) -> None:
    storage = Storage(replica.redis, CIPHER)
    assert await PoolIndex(storage).claim_numbers("another", [BOB_NUMBER]) is None
    [result] = await replica.executor.run_all([text("hello", BOB)])
    assert isinstance(result, ConversationError)


async def test_the_sign_of_a_change_outlasts_every_state_that_does_not_know_of_it(
    replica: Replica,
) -> None:
    opt_out = OptOut(replica.clock.now(), OptOutSource.CLIENT)
    await replica.suppression.add(BOB.person_id, opt_out)
    left = await replica.redis.pttl(Keys("main").person_changed(BOB.person_id))
    assert timedelta(seconds=LIFE_SECONDS) * 2 < timedelta(milliseconds=left) <= MARK_LIFE


async def test_after_a_message_that_waits_the_others_of_its_conversation_wait_too(
    replica: Replica,
) -> None:
    results = await replica.executor.run_all([text("help", BOB), text("hello", ALICE)])
    assert all(isinstance(result, Executed) for result in results)
    entries = [
        entry.message.to
        for entry in await replica.context.outbox.read("0", 100, None)
        if hasattr(entry, "message")
    ]
    # The reply to Bob's keyword, then Alice's message to him.
    assert entries[-2:] == [BOB, BOB]
