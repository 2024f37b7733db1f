"""A client in another language where callers are told apart and nothing is reflected."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from system.clients import methods
from system.clients.callers import Buf, Caller, Node, Refused
from system.clients.conftest import PACKAGES

from conversation_service.rpc.core.permissions import PERMISSIONS, ROLES
from conversation_service.rpc.core.status import DOMAIN
from runtime.grpc.security import server_security
from runtime.settings.server import ServerSettings
from support.clock import ManualClock
from support.services.conversation_service import running
from support.services.roles import callers_file

TOKEN = {"authorization": "Bearer client"}


@pytest.fixture
async def target(
    redis: Redis, redis_url: str, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[str]:
    """A service that knows one client, for one pool."""
    settings = ServerSettings(callers_file=callers_file(tmp_path, {"client": ["main"]}))
    security = server_security(settings, PERMISSIONS, ROLES, domain=DOMAIN)
    async with running(redis_url, clock, security=security) as service:
        yield service.target


async def check_token(known: Caller, unknown: Caller) -> None:
    listing = {"pool_id": "main"}
    assert len(await known.call(methods.LIST_CONVERSATIONS, listing)) == 1
    with pytest.raises(Refused, match="PERMISSION_DENIED: PERMISSION_DENIED"):
        await known.call(methods.LIST_CONVERSATIONS, {"pool_id": "other"})
    with pytest.raises(Refused, match="UNAUTHENTICATED: UNAUTHENTICATED"):
        await unknown.call(methods.LIST_CONVERSATIONS, listing)


async def test_a_token_in_the_metadata_of_buf_curl_is_accepted(target: str) -> None:
    await check_token(Buf(target, True, TOKEN), Buf(target, True))


async def test_a_token_in_the_metadata_of_node_is_accepted(target: str, node_program: str) -> None:
    known = Node(target, True, node_program, PACKAGES, TOKEN)
    await check_token(known, Node(target, True, node_program, PACKAGES))
