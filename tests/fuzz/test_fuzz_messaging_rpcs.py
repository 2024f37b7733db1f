"""Whatever bytes come to any method of the messaging service, it answers as documented."""

from collections.abc import AsyncIterator

import pytest
from fuzz.calling import (
    Documented,
    Sent,
    answers_as_documented,
    calls_that_say_nothing,
    listed_reasons,
    refusals_of_broken,
    to_send,
)
from redis.asyncio import Redis
from structlog.testing import capture_logs

from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.rpc.status import CODES, DOMAIN
from support.clock import ManualClock
from support.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED, OTHER_MASKED
from support.messaging_service import Messaging, serving, settings_for, text
from support.scripted_carrier import scripted_carrier

EXAMPLES = 120
METHODS = pb.DESCRIPTOR.services_by_name["MessagingService"].methods
DOCUMENTED = Documented(
    DOMAIN, listed_reasons("messaging"), {kind.reason: code for kind, code in CODES.items()}
)
FITTING: dict[str, list[object]] = {
    "message_id": [f"m{number}" for number in range(40)],
    "pool": ["main"],
    "from_number": [MASKED, OTHER_MASKED],
    "to_number": [ALICE_NUMBER, BOB_NUMBER],
    "body": ["hello", "", "\0"],
    "url": ["https://media.example.com/1", "http://127.0.0.1:1/1", "file:///etc/passwd"],
    "content_type": ["image/png", "text/vcard", ""],
    "carrier_message_id": ["mdr2-1", "mdr2-2"],
    "send_token": ["", "token"],
    "page_size": [0, 1, 200],
    "page_token": ["", "1"],
    "media_token": ["none"],
}


@pytest.fixture(scope="module")
def sent() -> Sent:
    return to_send(METHODS, FITTING, EXAMPLES)


@pytest.fixture
async def messaging(
    sent: Sent, redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[Messaging]:
    async with (
        scripted_carrier() as carrier,
        serving(settings_for(redis_url, carrier.url), clock) as running,
    ):
        yield running


async def is_well(messaging: Messaging) -> None:
    """It says so, and sends a text."""
    await messaging.health("SERVING")
    result = await messaging.send_one(text("afterwards", to="+13605550177"))
    assert result.outcome == pb.SEND_OUTCOME_ACCEPTED


async def test_any_message_is_answered_as_its_method_documents(
    sent: Sent, messaging: Messaging
) -> None:
    with capture_logs() as lines:
        await answers_as_documented(messaging.channel, sent, DOCUMENTED)
        await is_well(messaging)
    assert not [line for line in lines if line["event"] in ("rpc_failed", "loop_failed")]


async def test_bytes_that_are_no_message_leave_the_service_well(
    sent: Sent, messaging: Messaging
) -> None:
    assert all(refusal for _, refusal in await refusals_of_broken(messaging.channel, sent))
    await is_well(messaging)


async def test_bytes_that_are_no_message_are_the_mistake_of_who_sends_them(
    sent: Sent, messaging: Messaging
) -> None:
    for method, refusal in await refusals_of_broken(messaging.channel, sent):
        assert refusal
        assert DOCUMENTED.allows(method.name, refusal), f"{method.name}: {refusal!r}"


async def test_calls_that_say_nothing_leave_the_service_well(
    sent: Sent, messaging: Messaging
) -> None:
    async with calls_that_say_nothing(messaging.channel, sent):
        await is_well(messaging)
