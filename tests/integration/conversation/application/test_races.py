"""Several replicas as processes on one Redis, asked by many clients at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from itertools import combinations, cycle, islice
from uuid import uuid4

import grpc
import pytest
from redis import Redis as BlockingRedis

from conversation_service.app.application import SERVICE_NAMES
from maskline.admin.v1 import pool_pb2
from maskline.admin.v1.pool_pb2_grpc import PoolServiceStub
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2
from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceStub
from maskline.conversation.v1.event_pb2_grpc import EventServiceStub
from maskline.ingest.v1.ingest_pb2_grpc import IngestServiceStub
from support.builders.conversation_calls import participants
from support.eventually import eventually
from support.net.grpc_calls import is_serving
from support.net.ports import free_port

from .replicas import CALL_SECONDS, Replicas, answer_of, start_replica

REPLICAS = 3
# What happens at the same moment only now and then is tried more often.
ROUNDS = 40
PEOPLE = tuple(f"+142555501{last}" for last in range(40, 70))
NUMBERS = tuple(f"+120655501{last}" for last in range(70, 99))


@pytest.fixture(scope="module")
def targets(redis_url: str) -> Iterator[list[str]]:
    """The addresses of the replicas; every test has a pool of its own in them."""
    with BlockingRedis.from_url(redis_url) as redis:
        redis.flushall()
    listen = [f"127.0.0.1:{free_port()}" for _ in range(REPLICAS)]
    started = [start_replica(redis_url, address) for address in listen]
    try:
        yield listen
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


@pytest.fixture
async def replicas(targets: list[str]) -> AsyncIterator[Replicas]:
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(grpc.aio.insecure_channel(target)) for target in targets
        ]
        for channel in opened:
            await _healthy(channel)
        yield Replicas(
            [ConversationServiceStub(channel) for channel in opened],
            [IngestServiceStub(channel) for channel in opened],
            [PoolServiceStub(channel) for channel in opened],
            [EventServiceStub(channel) for channel in opened],
            f"races-{uuid4().hex[:8]}",
        )


def sorted_out(
    answers: Sequence[pb.CreateConversationResponse | pb.JoinConversationResponse | str],
) -> tuple[list[pb.Conversation], set[str]]:
    """The conversations, and the reasons of the refusals."""
    conversations = [answer.conversation for answer in answers if not isinstance(answer, str)]
    return conversations, {answer for answer in answers if isinstance(answer, str)}


async def _healthy(channel: grpc.aio.Channel) -> None:
    async def serves() -> bool:
        return await is_serving(channel, SERVICE_NAMES[0])

    await eventually(serves)


async def test_nobody_is_in_two_conversations_on_a_number_however_many_are_opened_at_once(
    replicas: Replicas,
) -> None:
    await replicas.create_pool(NUMBERS[:3])
    pairs = islice(cycle(combinations(PEOPLE[:4], 2)), 60)
    answers = await replicas.open_all([replicas.opening(pair) for pair in pairs])
    opened, refusals = sorted_out(answers)
    live = await replicas.live()
    routes = Counter(
        (conversation.masked_number, participant.participant_id)
        for conversation in live
        for participant in conversation.participants
    )
    assert max(routes.values()) == 1
    ids = {conversation.conversation_id for conversation in opened}
    assert {conversation.conversation_id for conversation in live} == ids
    assert refusals <= {"NO_NUMBER_AVAILABLE", "CONCURRENT_CHANGE"}


async def test_a_person_who_starts_through_all_replicas_at_once_waits_in_one_conversation(
    replicas: Replicas,
) -> None:
    await replicas.create_pool(NUMBERS[3:4])
    await asyncio.gather(
        *(replicas.text(PEOPLE[0], NUMBERS[3], "start", at % REPLICAS) for at in range(9))
    )
    assert len(await replicas.live()) == 1


async def test_a_unique_name_goes_to_one_of_those_who_want_it_at_once(replicas: Replicas) -> None:
    await replicas.create_pool(NUMBERS[4:7])
    pairs = zip(PEOPLE[::2], PEOPLE[1::2], strict=True)
    wanted = [replicas.opening(pair, unique_name="order 7") for pair in pairs]
    answers = await replicas.open_all(wanted)
    [live] = await replicas.live()
    assert sorted_out(answers) == ([live], {"UNIQUE_NAME_ALREADY_EXISTS"})


async def test_a_code_lets_one_of_those_in_who_use_it_at_once(replicas: Replicas) -> None:
    await replicas.create_pool(NUMBERS[7:8])
    start = pb.CreateConversationRequest(
        request_id=str(uuid4()), pool_id=replicas.pool, participants=participants(PEOPLE[0])
    )
    started = await replicas.conversations[0].CreateConversation(start, timeout=CALL_SECONDS)
    joins = [
        pb.JoinConversationRequest(
            request_id=str(uuid4()),
            pool_id=replicas.pool,
            join_code=started.join_code,
            phone_number=person,
        )
        for person in PEOPLE[1:13]
    ]
    calls = zip(replicas.in_turn, joins, strict=False)
    answers = await asyncio.gather(
        *(answer_of(stub.JoinConversation(join, timeout=CALL_SECONDS)) for stub, join in calls)
    )
    [live] = await replicas.live()
    assert sorted_out(answers) == ([live], {"JOIN_CODE_INVALID"})
    assert len(live.participants) == 2


async def test_a_number_that_is_removed_while_clients_open_has_no_live_conversation(
    replicas: Replicas,
) -> None:
    number = NUMBERS[8]
    await replicas.create_pool([])
    removed: pool_pb2.RemoveMaskedNumberResponse | str | None = None
    for at in range(ROUNDS):
        if not isinstance(removed, str):
            await replicas.add_number(number)
        pairs = zip(PEOPLE[:6:2], PEOPLE[1:6:2], strict=True)
        removed, _ = await asyncio.gather(
            replicas.remove_number(number, through=at % REPLICAS),
            replicas.open_all([replicas.opening(pair) for pair in pairs]),
        )
        live = await replicas.live()
        assert bool(live) == isinstance(removed, str), f"{len(live)} live, removal {removed!r}"
        await replicas.end(live)


async def test_a_request_that_is_sent_to_all_replicas_at_once_opens_one_conversation(
    replicas: Replicas,
) -> None:
    await replicas.create_pool(NUMBERS[16:19])
    wanted = [replicas.opening(pair) for pair in combinations(PEOPLE[:4], 2)]
    for request in wanted:
        answers = await replicas.open_all([request] * 2 * REPLICAS)
        opened, refusals = sorted_out(answers)
        etags = {conversation.etag for conversation in opened}
        assert (len(etags), refusals) == (1, set())
    assert len(await replicas.live()) == len(wanted)


async def test_two_who_must_not_meet_any_more_are_not_brought_together_at_the_same_moment(
    replicas: Replicas,
) -> None:
    here, there = NUMBERS[19:21]
    await replicas.create_pool([here, there])
    for at, pair in enumerate(zip(PEOPLE[::2], PEOPLE[1::2], strict=True)):
        [first] = await replicas.open_all([replicas.opening(pair, masked_number=here)])
        assert not isinstance(first, str)
        _, again = await asyncio.gather(
            replicas.text(pair[0], here, "block", through=at % REPLICAS),
            replicas.open_all([replicas.opening(pair, masked_number=there) for _ in range(3)]),
        )
        kind = event_pb2.EVENT_TYPE_PARTICIPANT_BLOCKED
        blocked = await _place(replicas, first.conversation, kind)
        kind = event_pb2.EVENT_TYPE_CONVERSATION_CREATED
        for conversation in sorted_out(again)[0]:
            assert await _place(replicas, conversation, kind) < blocked


async def _place(
    replicas: Replicas, talk: pb.Conversation, kind: event_pb2.EventType.ValueType
) -> tuple[int, ...]:
    """Where an event lies among all of the pool's."""
    request = event_pb2.ListEventsRequest(
        pool_id=replicas.pool, conversation_id=talk.conversation_id
    )
    timeline = await replicas.events[0].ListEvents(request, timeout=CALL_SECONDS)
    [event] = [event for event in timeline.events if event.type == kind]
    return tuple(map(int, event.event_id.split("-")))
