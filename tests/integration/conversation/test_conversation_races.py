"""Several replicas on one Redis, as processes, and clients that do the same thing at once."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack
from itertools import combinations, cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.rpc.refusals import DOMAIN
from conversation_service.serve.service import SERVICE_NAMES
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import pool_pb2
from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceStub
from maskline.conversation.v1.pool_pb2_grpc import PoolServiceStub
from support.conversation_calls import ask
from support.conversations import MASKED, OTHER_MASKED
from support.eventually import eventually
from support.grpc_calls import is_serving, reason
from support.ports import free_port

if TYPE_CHECKING:
    from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceAsyncStub

POOLS = Path(__file__).parents[3] / "deploy" / "pools.toml"
REPLICAS = 3
PEOPLE = tuple(f"+1425555011{digit}" for digit in range(5))
# Whoever loses a race ten times in a row is told so, and may come again.
RACED = "TOO_MANY_RACES"

Answer = TypeVar("Answer")


class Replicas:
    """Channels to processes that share one Redis, taken in turn."""

    def __init__(self, channels: Sequence[grpc.aio.Channel]) -> None:
        self.channels = channels
        self._turns = cycle(channels)

    @property
    def next(self) -> "ConversationServiceAsyncStub":
        return ConversationServiceStub(next(self._turns))


async def replica(held: AsyncExitStack, redis_url: str) -> grpc.aio.Channel:
    listen = f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "conversation_service",
        env={
            "PATH": os.environ["PATH"],
            "CONVERSATION_POOLS_FILE": str(POOLS),
            "CONVERSATION_LISTEN": listen,
            "CONVERSATION_REDIS_URL": redis_url,
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    held.push_async_callback(process.wait)
    held.callback(process.kill)
    return await held.enter_async_context(grpc.aio.insecure_channel(listen))


@pytest.fixture
async def replicas(redis: Redis, redis_url: str) -> AsyncIterator[Replicas]:
    async with AsyncExitStack() as held:
        channels = [await replica(held, redis_url) for _ in range(REPLICAS)]

        async def serve() -> bool:
            return all([await is_serving(channel, SERVICE_NAMES[0]) for channel in channels])

        await eventually(serve)
        yield Replicas(channels)


async def at_once(calls: Sequence[Awaitable[Answer]]) -> tuple[list[Answer], Counter[str]]:
    """The answers, and how often each refusal came."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    refusals: Counter[str] = Counter()
    answers: list[Answer] = []
    for one in results:
        if isinstance(one, grpc.aio.AioRpcError):
            refusals[reason(one, DOMAIN)] += 1
        elif isinstance(one, BaseException):
            raise one
        else:
            answers.append(one)
    return answers, refusals


async def live(replicas: Replicas) -> list[pb.Conversation]:
    active = pb.ListConversationsRequest(state=pb.CONVERSATION_STATE_ACTIVE, page_size=500)
    return list((await ask(replicas.next.ListConversations, active)).conversations)


def nobody_is_twice_on_a_number(conversations: Sequence[pb.Conversation]) -> bool:
    lines = Counter(
        (one.masked_number, person.participant_id)
        for one in conversations
        for person in one.participants
    )
    return max(lines.values(), default=0) <= 1


async def test_however_many_open_at_once_nobody_is_twice_on_a_number(replicas: Replicas) -> None:
    pairs = list(combinations(PEOPLE, 2)) * 3
    opened, refusals = await at_once(
        [
            ask(replicas.next.OpenConversation, pb.OpenConversationRequest(phone_numbers=pair))
            for pair in pairs
        ]
    )
    assert set(refusals) <= {"NO_NUMBER_AVAILABLE", RACED}
    there = await live(replicas)
    assert {one.conversation.conversation_id for one in opened} == {
        one.conversation_id for one in there
    }
    assert nobody_is_twice_on_a_number(there)
    # Five people on one number make two pairs, on two numbers four.
    assert 2 <= len(there) <= 4


async def test_of_many_who_want_one_name_one_has_it(replicas: Replicas) -> None:
    pairs = list(combinations(PEOPLE, 2))
    opened, refusals = await at_once(
        [
            ask(
                replicas.next.OpenConversation,
                pb.OpenConversationRequest(phone_numbers=pair, unique_name="ride 1"),
            )
            for pair in pairs
        ]
    )
    assert len(opened) == 1
    assert refusals.total() == len(pairs) - 1
    assert set(refusals) <= {"UNIQUE_NAME_TAKEN", RACED}


async def test_of_many_who_join_with_one_code_one_is_let_in(replicas: Replicas) -> None:
    starter, *others = PEOPLE
    start = pb.StartConversationRequest(phone_number=starter)
    code = (await ask(replicas.next.StartConversation, start)).code
    joined, refusals = await at_once(
        [
            ask(
                replicas.next.JoinConversation,
                pb.JoinConversationRequest(phone_number=number, code=code),
            )
            for number in others
        ]
    )
    assert len(joined) == 1
    assert set(refusals) <= {"CODE_NOT_VALID", RACED}


async def test_one_request_sent_to_all_replicas_at_once_is_carried_out_once(
    replicas: Replicas,
) -> None:
    request = pb.OpenConversationRequest(request_id=str(uuid4()), phone_numbers=PEOPLE[:2])
    stubs = islice(cycle(replicas.channels), REPLICAS * 4)
    opened, refusals = await at_once(
        [ask(ConversationServiceStub(one).OpenConversation, request) for one in stubs]
    )
    assert set(refusals) <= {RACED}
    assert len({one.conversation.conversation_id for one in opened}) == 1
    assert len(await live(replicas)) == 1


async def test_a_number_that_is_removed_while_others_open_holds_no_conversation(
    replicas: Replicas,
) -> None:
    pools = [PoolServiceStub(channel) for channel in replicas.channels]
    number = pool_pb2.RemoveNumberRequest(masked_number=MASKED)
    opening = [
        ask(replicas.next.OpenConversation, pb.OpenConversationRequest(phone_numbers=pair))
        for pair in combinations(PEOPLE, 2)
    ]
    (opened, refusals), (_, kept) = await asyncio.gather(
        at_once(opening), at_once([ask(pool.RemoveNumber, number) for pool in pools])
    )
    assert set(refusals) <= {"NO_NUMBER_AVAILABLE", RACED}
    assert set(kept) <= {"NUMBER_IN_USE", "UNKNOWN_MASKED_NUMBER", RACED}
    listed = await ask(pools[0].ListNumbers, pool_pb2.ListNumbersRequest())
    numbers = {one.phone_number: one.live_conversations for one in listed.numbers}
    there = await live(replicas)
    assert {one.masked_number for one in there} <= set(numbers) <= {MASKED, OTHER_MASKED}
    assert sum(numbers.values()) == len(there) == len(opened)
