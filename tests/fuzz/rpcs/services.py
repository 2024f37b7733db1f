"""The services whose RPCs are fuzzed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import grpc
from fuzz.rpcs.calling import Documented, Sent, listed_reasons
from google.protobuf.descriptor import MethodDescriptor

from conversation_service.rpc.core import status as conversation_status
from conversation_service.rpc.core.permissions import SERVICES
from maskline.admin.v1 import pool_pb2
from maskline.messaging.v1 import carrier_pb2, messaging_pb2
from messaging_service.rpc import status as messaging_status
from support.builders import random_requests
from support.builders.conversation_calls import ask
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
)
from support.clock import ManualClock
from support.fakes.scripted_carrier import scripted_carrier
from support.services.conversation_service import RunningService, running
from support.services.messaging_service import serving, settings_for, text

# Placeholders as long as the ids of a conversation, which is started after requests are drawn.
CONVERSATION, PARTICIPANT = "c" * 18, "p" * 16
# A number and a pool that no drawn request is about.
UNUSED_NUMBER, UNUSED_POOL = "+12065550177", "afterwards"


@dataclass(frozen=True)
class Running:
    """A running service. `check` makes a call that must succeed."""

    channel: grpc.aio.Channel
    check: Callable[[], Awaitable[None]]
    # Puts ids of what exists into drawn requests.
    with_real_ids: Callable[[Sent], Awaitable[Sent]]


@dataclass(frozen=True)
class Fuzzed:
    """A service, its contract, and values that fit fields of these names."""

    methods: Sequence[MethodDescriptor]
    documented: Documented
    palette: Mapping[str, Sequence[object]]
    examples: int
    start: Callable[[str, ManualClock], AbstractAsyncContextManager[Running]]


@asynccontextmanager
async def _conversation(redis_url: str, clock: ManualClock) -> AsyncIterator[Running]:
    async with running(redis_url, clock) as service:

        async def check() -> None:
            settings = pool_pb2.PoolSettings(
                operator_name="Test exchange", contact="help@example.org"
            )
            request = pool_pb2.CreatePoolRequest(
                pool_id=UNUSED_POOL, settings=settings, masked_numbers=[UNUSED_NUMBER]
            )
            await ask(service.pools.CreatePool, request)
            await service.healthy()

        async def with_real_ids(sent: Sent) -> Sent:
            return await _with_ids_of_a_conversation(service, sent)

        yield Running(service.channel, check, with_real_ids)


async def _with_ids_of_a_conversation(service: RunningService, sent: Sent) -> Sent:
    opened = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=MASKED)
    participant_id = opened.participants[0].participant_id
    for placeholder, real in (
        (CONVERSATION, opened.conversation_id),
        (PARTICIPANT, participant_id),
    ):
        assert len(placeholder) == len(real)
        sent = [
            (method, [data.replace(placeholder.encode(), real.encode()) for data in requests])
            for method, requests in sent
        ]
    return sent


@asynccontextmanager
async def _messaging(redis_url: str, clock: ManualClock) -> AsyncIterator[Running]:
    async with (
        scripted_carrier() as carrier,
        serving(settings_for(redis_url, carrier.url), clock) as service,
    ):

        async def check() -> None:
            await service.health("SERVING")
            result = await service.send_one(text("afterwards", to="+13605550177"))
            assert result.outcome == messaging_pb2.SEND_OUTCOME_SENT

        async def with_real_ids(sent: Sent) -> Sent:
            return sent

        yield Running(service.channel, check, with_real_ids)


FUZZED = {
    "conversation": Fuzzed(
        methods=[method for service in SERVICES for method in service.methods],
        documented=Documented(
            conversation_status.DOMAIN,
            listed_reasons("conversation", "admin", "ingest"),
            {kind.reason: code for kind, code in conversation_status.CODES.items()},
        ),
        palette={
            **random_requests.palette(),
            "request_id": [f"request-{number}" for number in range(200)],
            "conversation_id": [CONVERSATION],
            "participant_id": [PARTICIPANT],
            "pool_id": ["main"],
            "from_number": [ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER],
            "to_number": [MASKED, OTHER_MASKED],
        },
        examples=60,
        start=_conversation,
    ),
    "messaging": Fuzzed(
        methods=[
            *messaging_pb2.DESCRIPTOR.services_by_name["MessagingService"].methods,
            *carrier_pb2.DESCRIPTOR.services_by_name["CarrierService"].methods,
        ],
        documented=Documented(
            messaging_status.DOMAIN,
            listed_reasons("messaging"),
            {kind.reason: code for kind, code in messaging_status.CODES.items()},
        ),
        palette={
            "message_id": [f"m{number}" for number in range(40)],
            "pool_id": ["main"],
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
        },
        examples=120,
        start=_messaging,
    ),
}
