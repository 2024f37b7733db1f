"""The permissions of each role, tested over gRPC for every method."""

from pathlib import Path
from typing import TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from redis.asyncio import Redis

from conversation_service.rpc.core.permissions import (
    MAY_SEE_NUMBERS,
    PERMISSIONS,
    POOL_SCOPED,
    ROLES,
)
from conversation_service.rpc.core.status import DOMAIN
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2
from runtime.grpc.security import server_security
from runtime.settings.server import ServerSettings
from support.builders.conversation_calls import filled, participants
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER
from support.clock import ManualClock
from support.services.conversation_service import running
from support.services.roles import (
    GuardedServer,
    callers_file,
    guarded,
    methods_of,
    path_of,
    services_of,
    token_metadata,
)

SERVICES = [
    *services_of("maskline.conversation.v1"),
    *services_of("maskline.admin.v1"),
    *services_of("maskline.ingest.v1"),
]
METHODS = methods_of(SERVICES)
# Repeats the table, by role, so that a mistake in it is found.
MAY = {
    "gateway": "IngestMessages IngestDeliveryReceipts CheckAccess GetMedia",
    "client": "CreateConversation JoinConversation UpdateConversation EndConversation SendMessage "
    "PauseConversation ResumeConversation ReopenConversation GetConversation ListConversations "
    "GetMessage ListMessages ListEvents WatchEvents",
    "support": "GetConversation ListConversations GetMessage ListMessages ListEvents WatchEvents "
    "GetPool GetMaskedNumber ListMaskedNumbers GetPoolCapacity ListDeadLetters LookupParticipant "
    "ListBlocks",
    "operator": " ".join(method.name for method in METHODS),
    "conversation-service": "",
}
# Methods that concern no single pool require the right to all pools.
FOR_ALL_POOLS = {"support": "ListPools GetOptOut GetErasure ListStateKeys"}
Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")
POOLS = {role: ["main"] for role in MAY}


def test_the_table_has_exactly_the_methods_of_the_contract() -> None:
    assert set(PERMISSIONS.roles_of) == {path_of(method) for method in METHODS}
    assert set(MAY) == ROLES
    assert {"client", "support"} == POOL_SCOPED


@pytest.mark.parametrize("role", sorted(MAY))
async def test_a_role_may_call_its_own_methods_and_no_other_in_its_own_pools(
    role: str, tmp_path: Path
) -> None:
    async with guarded(tmp_path, SERVICES, PERMISSIONS, POOLS) as server:
        assert await _allowed(server, role) == set(MAY[role].split())
        for pool in ("other", "") if role in POOL_SCOPED else ():
            assert await _allowed(server, role, pool) == set()


@pytest.mark.parametrize("role", sorted(POOL_SCOPED))
async def test_a_pool_scoped_role_with_all_pools_may_read_what_spans_pools(
    role: str, tmp_path: Path
) -> None:
    async with guarded(tmp_path, SERVICES, PERMISSIONS, {role: ["*"]}) as server:
        expected = f"{MAY[role]} {FOR_ALL_POOLS.get(role, '')}"
        assert await _allowed(server, role, pool="any") == set(expected.split())


@pytest.mark.parametrize("role", ["operator", "client"])
async def test_only_operators_see_phone_numbers(
    redis: Redis, redis_url: str, clock: ManualClock, tmp_path: Path, role: str
) -> None:
    settings = ServerSettings(callers_file=callers_file(tmp_path, POOLS))
    security = server_security(settings, PERMISSIONS, ROLES, domain=DOMAIN)
    async with running(redis_url, clock, security=security) as service:
        stub = service.stub
        start = pb.CreateConversationRequest(participants=participants(ALICE_NUMBER))
        started = await call_as(role, stub.CreateConversation, start)
        join = pb.JoinConversationRequest(phone_number=BOB_NUMBER, join_code=started.join_code)
        joined = await call_as(role, stub.JoinConversation, join)
        conversation_id = joined.conversation.conversation_id
        get = pb.GetConversationRequest(conversation_id=conversation_id)
        by_support = await call_as("support", stub.GetConversation, get)
        seen = await call_as(role, stub.GetConversation, get)
        listed = await call_as(role, stub.ListConversations, pb.ListConversationsRequest())
        timeline = event_pb2.ListEventsRequest(conversation_id=conversation_id)
        events = await call_as(role, service.events.ListEvents, timeline)
        end = pb.EndConversationRequest(conversation_id=conversation_id)
        ended = await call_as(role, stub.EndConversation, end)
    numbers = [ALICE_NUMBER, BOB_NUMBER] if role == "operator" else ["", ""]
    single = [started.conversation, joined.conversation, seen.conversation, ended.conversation]
    for conversation in (*listed.conversations, *single):
        visible = [participant.phone_number for participant in conversation.participants]
        assert visible == numbers[: len(visible)]
    assert all(not participant.phone_number for participant in by_support.conversation.participants)
    assert ALICE_NUMBER not in str(events)
    assert {"operator"} == MAY_SEE_NUMBERS


async def call_as(
    role: str, method: "grpc.aio.UnaryUnaryMultiCallable[Request, Response]", request: Request
) -> Response:
    return await method(filled(request), metadata=token_metadata(role))


async def _allowed(server: GuardedServer, role: str, pool: str = "main") -> set[str]:
    return {method.name for method in METHODS if await server.may(role, method, pool)}
