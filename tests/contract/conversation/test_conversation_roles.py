"""Role by role and method by method: what each may call, asked over the wire."""

from pathlib import Path

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.rpc.core.permissions import (
    CONFINED,
    RIGHTS,
    ROLES,
    SEES_NUMBERS,
    CallersByRole,
)
from conversation_service.rpc.core.status import DOMAIN
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.error_reason_pb2 import ErrorReason
from runtime.grpc.authorization import PERMISSION_DENIED, UNAUTHENTICATED
from runtime.grpc.security import server_security
from runtime.settings.server import ServerSettings
from support.clock import ManualClock
from support.conversation_calls import filled
from support.conversation_service import running
from support.conversations import ALICE_NUMBER
from support.grpc_calls import reason
from support.roles import (
    Guarded,
    callers_file,
    code_of,
    guarded,
    methods_of,
    path_of,
    request_about,
    services_of,
    shown_by,
)

SERVICES = services_of("maskline.conversation.v1")
METHODS = methods_of(SERVICES)
# Written out once more, by role: a slip in the table is not believed.
MAY = {
    "gateway": "ReceiveMessages ReceiveDeliveryReceipts GetMedia",
    "client": "StartConversation OpenConversation JoinConversation EndConversation SendMessage "
    "PauseConversation ResumeConversation ReopenConversation GetConversation ListConversations "
    "ListMessages GetTimeline WatchEvents",
    "support": "GetConversation ListConversations ListMessages GetTimeline WatchEvents GetPool "
    "ListNumbers GetPoolAdvice ListDeadLetters",
    "operator": " ".join(method.name for method in METHODS),
    "conversation-service": "",
}
# With the right to every pool support may read what is about no single one.
OF_ALL_POOLS = {"support": "ListPools GetOptOut GetErasure"}
POOLS = {role: ["main"] for role in MAY}


def test_every_method_has_a_row_and_every_row_a_method() -> None:
    assert set(RIGHTS.roles_of) == {path_of(method) for method in METHODS}
    assert set(MAY) == ROLES
    assert {"client", "support"} == CONFINED


@pytest.mark.parametrize("role", sorted(MAY))
async def test_a_role_may_call_its_own_methods_and_no_other(role: str, tmp_path: Path) -> None:
    async with guarded(tmp_path, SERVICES, RIGHTS, POOLS) as door:
        assert await _allowed(door, role) == set(MAY[role].split())


@pytest.mark.parametrize("role", sorted(CONFINED))
async def test_a_confined_role_may_call_nothing_about_the_pools_of_others(
    role: str, tmp_path: Path
) -> None:
    async with guarded(tmp_path, SERVICES, RIGHTS, POOLS) as door:
        assert await _allowed(door, role, pool="other") == set()
        assert await _allowed(door, role, pool="") == set()


@pytest.mark.parametrize("role", sorted(CONFINED))
async def test_a_confined_role_with_all_pools_may_read_what_spans_them(
    role: str, tmp_path: Path
) -> None:
    async with guarded(tmp_path, SERVICES, RIGHTS, {role: ["*"]}) as door:
        expected = f"{MAY[role]} {OF_ALL_POOLS.get(role, '')}"
        assert await _allowed(door, role, pool="any") == set(expected.split())


async def test_a_caller_without_a_role_may_call_nothing(tmp_path: Path) -> None:
    async with guarded(tmp_path, SERVICES, RIGHTS, POOLS) as door, door.as_("nobody") as channel:
        for method in METHODS:
            code = await code_of(channel, method, request_about(method, "main"))
            assert code is grpc.StatusCode.UNAUTHENTICATED, method.name


@pytest.mark.parametrize("role", ["operator", "client", "support"])
async def test_an_operator_sees_numbers_and_nobody_else(
    redis: Redis, redis_url: str, clock: ManualClock, tmp_path: Path, role: str
) -> None:
    settings = ServerSettings(callers_file=callers_file(tmp_path, POOLS))
    door = server_security(settings, RIGHTS, ROLES, domain=DOMAIN)
    async with running(redis_url, clock, callers=CallersByRole(), door=door) as service:
        start = filled(pb.StartConversationRequest(phone_number=ALICE_NUMBER))
        started = await service.stub.StartConversation(start, metadata=shown_by("client"))
        conversation_id = started.conversation.conversation_id
        get = filled(pb.GetConversationRequest(conversation_id=conversation_id))
        seen = await service.stub.GetConversation(get, metadata=shown_by(role))
    [participant] = seen.conversation.participants
    assert participant.phone_number == (ALICE_NUMBER if role in SEES_NUMBERS else "")
    assert {"operator"} == SEES_NUMBERS


async def test_the_guards_refusals_are_published_ones_with_their_codes(
    redis: Redis, redis_url: str, clock: ManualClock, tmp_path: Path
) -> None:
    settings = ServerSettings(callers_file=callers_file(tmp_path, POOLS))
    door = server_security(settings, RIGHTS, ROLES, domain=DOMAIN)
    async with running(redis_url, clock, callers=CallersByRole(), door=door) as service:
        for token, expected in (("nobody", UNAUTHENTICATED), ("gateway", PERMISSION_DENIED)):
            watch = service.stub.WatchEvents(
                pb.WatchEventsRequest(pool="main"), metadata=shown_by(token)
            )
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await watch.read()
            assert refusal.value.code() is expected.code
            assert reason(refusal.value, DOMAIN) == expected.reason
            assert f"ERROR_REASON_{expected.reason}" in ErrorReason.DESCRIPTOR.values_by_name


async def _allowed(door: Guarded, role: str, pool: str = "main") -> set[str]:
    return {method.name for method in METHODS if await door.may(role, method, pool)}
