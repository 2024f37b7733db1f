"""Whatever bytes come to any method of the conversation service, it answers as documented."""

from collections.abc import AsyncIterator

import pytest
from fuzz.calling import (
    Documented,
    Sent,
    answers_as_documented,
    call_all,
    calls_that_say_nothing,
    listed_reasons,
    refusals_of_broken,
    to_send,
)
from fuzz.seeds import SEEDS
from redis.asyncio import Redis
from structlog.testing import capture_logs

from conversation_service.app.application import SERVICES
from conversation_service.rpc.core.status import CODES, DOMAIN
from maskline.conversation.v1 import pool_pb2
from support import random_requests
from support.clock import ManualClock
from support.conversation_calls import ask
from support.conversation_service import RunningService, running
from support.conversations import ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER, MASKED, OTHER_MASKED

EXAMPLES = 60
METHODS = [method for service in SERVICES for method in service.methods]
DOCUMENTED = Documented(
    DOMAIN, listed_reasons("conversation"), {kind.reason: code for kind, code in CODES.items()}
)
# Ids are not known when requests are drawn. These are as long as they are, and take their place.
CONVERSATION, PARTICIPANT = "c" * 27, "p" * 22
# Requests that a server failed on, by their method.
KEPT = {path.stem: path.read_bytes() for path in sorted((SEEDS / "rpcs").iterdir())}
# A number and a pool that no request is about.
UNTOUCHED, AFTERWARDS = "+12065550177", "afterwards"


@pytest.fixture(scope="module")
def sent() -> Sent:
    fitting = {
        "request_id": [f"request-{number}" for number in range(200)],
        "conversation_id": [CONVERSATION],
        "participant_id": [PARTICIPANT],
        "pool": ["main"],
        "from_number": [ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER],
        "to_number": [MASKED, OTHER_MASKED],
    }
    return to_send(METHODS, {**random_requests.palette(), **fitting}, EXAMPLES)


@pytest.fixture
async def service(
    sent: Sent, redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    async with running(redis_url, clock) as one:
        yield one


async def is_well(service: RunningService) -> None:
    """It says so, and goes on making pools."""
    settings = pool_pb2.PoolSettings(operator="Test exchange")
    request = pool_pb2.CreatePoolRequest(
        name=AFTERWARDS, settings=settings, masked_numbers=[UNTOUCHED]
    )
    await ask(service.pools.CreatePool, request)
    await service.healthy()


async def about_one_that_is(service: RunningService, sent: Sent) -> Sent:
    """The requests with the ids of a conversation that has begun."""
    opened = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=MASKED)
    alice = opened.participants[0]
    ids = ((CONVERSATION, opened.conversation_id), (PARTICIPANT, alice.participant_id))
    for placeholder, known in ids:
        assert len(placeholder) == len(known)
        sent = [
            (method, [one.replace(placeholder.encode(), known.encode()) for one in requests])
            for method, requests in sent
        ]
    return sent


async def test_any_message_is_answered_as_its_method_documents(
    sent: Sent, service: RunningService
) -> None:
    with capture_logs() as lines:
        known = await about_one_that_is(service, sent)
        await answers_as_documented(service.channel, known, DOCUMENTED)
        await is_well(service)
    assert not [line for line in lines if line["event"] in ("rpc_failed", "loop_failed")]


@pytest.mark.parametrize("name", KEPT)
async def test_what_once_failed_is_answered_as_its_method_documents(
    service: RunningService, name: str
) -> None:
    [method] = [one for one in METHODS if name.startswith(f"{one.name}.")]
    [refusal] = await call_all(service.channel, method, [KEPT[name]])
    assert refusal is None or DOCUMENTED.allows(method.name, refusal)


async def test_bytes_that_are_no_message_leave_the_service_well(
    sent: Sent, service: RunningService
) -> None:
    assert all(refusal for _, refusal in await refusals_of_broken(service.channel, sent))
    await is_well(service)


async def test_bytes_that_are_no_message_are_the_mistake_of_who_sends_them(
    sent: Sent, service: RunningService
) -> None:
    for method, refusal in await refusals_of_broken(service.channel, sent):
        assert refusal
        assert DOCUMENTED.allows(method.name, refusal), f"{method.name}: {refusal!r}"


async def test_calls_that_say_nothing_leave_the_service_well(
    sent: Sent, service: RunningService
) -> None:
    async with calls_that_say_nothing(service.channel, sent):
        await is_well(service)
