"""Look-ups by number: whose right they are, how many are allowed, and what they leave behind."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from prometheus_client import REGISTRY
from redis.asyncio import Redis
from structlog.testing import capture_logs

from conversation_service.application.number_lookups import LOOKUPS_PER_MINUTE
from conversation_service.rpc.core.permissions import PERMISSIONS, ROLES
from conversation_service.rpc.core.status import DOMAIN
from maskline.admin.v1 import person_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from runtime.grpc.security import server_security
from runtime.settings.server import ServerSettings
from support.builders import documented_errors
from support.builders.conversation_calls import filled, participants, refused
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER
from support.clock import ManualClock
from support.net.grpc_calls import detail
from support.services.conversation_service import RunningService, running
from support.services.roles import token_metadata

LIMIT = "NUMBER_LOOKUP_LIMIT_REACHED"
CALLERS = {
    "plain": 'role = "client", pools = ["main"]',
    "granted": 'role = "client", pools = ["main"], can_look_up_numbers = true, name = "dispatch"',
    "its-other-token": 'role = "client", pools = ["*"], can_look_up_numbers = true, '
    'name = "dispatch"',
    "support": 'role = "support", pools = ["*"]',
    "operator": 'role = "operator"',
}
LOOKUP = person_pb2.LookupParticipantRequest(phone_number=ALICE_NUMBER)
Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[RunningService]:
    """A service that knows these callers, each by its name as token."""
    path = tmp_path / "callers.toml"
    path.write_text(
        "callers = [\n"
        + "".join(
            f'{{token_sha256 = "{sha256(token.encode()).hexdigest()}", {rest}}},\n'
            for token, rest in CALLERS.items()
        )
        + "]\n"
    )
    security = server_security(ServerSettings(callers_file=path), PERMISSIONS, ROLES, domain=DOMAIN)
    async with running(redis_url, clock, security=security) as replica:
        yield replica


async def ask_as(
    token: str, method: "grpc.aio.UnaryUnaryMultiCallable[Request, Response]", request: Request
) -> Response:
    return await method(filled(request), metadata=token_metadata(token))


async def look_up(service: RunningService, token: str, times: int = 1) -> None:
    for _ in range(times):
        await ask_as(token, service.people.LookupParticipant, LOOKUP)


async def test_a_person_is_found_by_whoever_has_the_right(service: RunningService) -> None:
    start = pb.CreateConversationRequest(participants=participants(ALICE_NUMBER))
    started = (await ask_as("plain", service.stub.CreateConversation, start)).conversation
    for token in ("granted", "support", "operator"):
        found = await ask_as(token, service.people.LookupParticipant, LOOKUP)
        assert found.participant_id == started.participants[0].participant_id
        assert list(found.conversation_ids) == [started.conversation_id]
    other = person_pb2.LookupParticipantRequest(phone_number=BOB_NUMBER)
    unknown = await ask_as("support", service.people.LookupParticipant, other)
    assert unknown.participant_id not in ("", found.participant_id)
    assert not unknown.conversation_ids
    with refused("PERMISSION_DENIED"):
        await look_up(service, "plain")
    elsewhere = person_pb2.LookupParticipantRequest(pool_id="other", phone_number=ALICE_NUMBER)
    with refused("PERMISSION_DENIED"):
        await ask_as("granted", service.people.LookupParticipant, elsewhere)


async def test_lookups_are_limited_per_caller_and_minute_but_not_for_who_sees_all_numbers(
    service: RunningService,
) -> None:
    await look_up(service, "granted", LOOKUPS_PER_MINUTE - 1)
    await look_up(service, "its-other-token")
    for token in ("granted", "its-other-token"):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await look_up(service, token)
        assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        info = detail(refusal.value, error_details_pb2.ErrorInfo())
        assert (info.reason, dict(info.metadata)) == (LIMIT, {"limit": str(LOOKUPS_PER_MINUTE)})
        wait = detail(refusal.value, error_details_pb2.RetryInfo()).retry_delay.ToTimedelta()
        assert 0 < wait.total_seconds() <= 60
    await look_up(service, "operator", LOOKUPS_PER_MINUTE + 1)
    await look_up(service, "support")
    # The window ends by itself.
    [key] = [key async for key in service.redis.scan_iter("*number-lookups:dispatch")]
    assert 0 < await service.redis.pttl(key) <= 60_000
    await service.redis.delete(key)
    await look_up(service, "granted")


async def test_an_opt_out_is_a_lookup_too(service: RunningService) -> None:
    request = person_pb2.GetOptOutRequest(phone_number=ALICE_NUMBER)
    await look_up(service, "support", LOOKUPS_PER_MINUTE)
    with refused(LIMIT):
        await ask_as("support", service.people.GetOptOut, request)


async def test_refusals_that_disclose_a_known_number_are_limited(service: RunningService) -> None:
    opt_out = person_pb2.OptOutPersonRequest(phone_number=ALICE_NUMBER)
    await ask_as("operator", service.people.OptOutPerson, opt_out)
    probe = pb.CreateConversationRequest(participants=participants(ALICE_NUMBER))
    for _ in range(LOOKUPS_PER_MINUTE):
        with refused("PARTICIPANT_OPTED_OUT"):
            await ask_as("plain", service.stub.CreateConversation, probe)
    pair = pb.CreateConversationRequest(participants=participants(ALICE_NUMBER, BOB_NUMBER))
    join = pb.JoinConversationRequest(phone_number=BOB_NUMBER, join_code="ABC234")
    innocent = pb.CreateConversationRequest(participants=participants(BOB_NUMBER))
    for request in (probe, innocent, pair):
        with refused(LIMIT):
            await ask_as("plain", service.stub.CreateConversation, request)
    with refused(LIMIT):
        await ask_as("plain", service.stub.JoinConversation, join)
    await ask_as("granted", service.stub.CreateConversation, innocent)
    assert len(documented_errors.LOOKUPS) == 4


async def test_a_lookup_is_logged_and_counted_without_the_number(service: RunningService) -> None:
    def count() -> float:
        labels = {"outcome": "ANSWERED"}
        return REGISTRY.get_sample_value("maskline_number_lookups_total", labels) or 0.0

    before = count()
    with capture_logs() as logs:
        await look_up(service, "granted")
    assert count() == before + 1
    [line] = [entry for entry in logs if entry["event"] == "number_looked_up"]
    assert (line["caller"], line["pool"]) == ("dispatch", "main")
    assert ALICE_NUMBER[2:] not in str(logs)
    keys = [key async for key in service.redis.scan_iter("*number-lookups*")]
    assert ALICE_NUMBER[2:] not in str(keys)
