"""Readiness is red while the conversation service refuses the gateway's credentials."""

from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from conversation_service.rpc.core.permissions import PERMISSIONS, ROLES
from conversation_service.rpc.core.status import DOMAIN
from gateway.app import create_app
from gateway.callbacks.endpoints import BodyLimits
from gateway.conversation_client import SERVICE, ConversationClient
from runtime.grpc.client import Credentials, open_channel
from runtime.grpc.security import server_security
from runtime.settings.server import ServerSettings
from support.clock import ManualClock
from support.eventually import eventually
from support.net.grpc_calls import is_serving
from support.services.conversation_service import running


@pytest.mark.parametrize(
    ("token", "status"), [("right", 200), (None, 503), ("wrong", 503), ("clients", 503)]
)
async def test_readiness_needs_the_role_of_the_gateway(
    redis: Redis,
    redis_url: str,
    clock: ManualClock,
    tmp_path: Path,
    token: str | None,
    status: int,
) -> None:
    path = tmp_path / "callers.toml"
    hashes = {name: sha256(name.encode()).hexdigest() for name in ("right", "clients")}
    path.write_text(
        f'[[callers]]\ntoken_sha256 = "{hashes["right"]}"\nrole = "gateway"\n'
        f'[[callers]]\ntoken_sha256 = "{hashes["clients"]}"\nrole = "client"\npools = ["*"]\n'
    )
    settings = ServerSettings(callers_file=path)
    security = server_security(settings, PERMISSIONS, ROLES, domain=DOMAIN)
    credentials = Credentials(token=SecretStr(token) if token else None)
    async with (
        running(redis_url, clock, security=security) as service,
        open_channel(service.target, [SERVICE], credentials) as channel,
    ):

        async def is_healthy() -> bool:
            return await is_serving(service.channel, SERVICE.full_name)

        await eventually(is_healthy)
        app = create_app(ConversationClient(channel, 5.0), BodyLimits(65_536, 5.0))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            response = await client.get("/readyz")
    assert response.status_code == status
    if status != 200:
        assert "refuses the token or certificate of this gateway" in response.json()["detail"]
