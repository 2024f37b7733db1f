"""All services as processes with TLS: they reach each other, and unknown callers do not."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import grpc
import httpx
import pytest
from redis.asyncio import Redis

from conversation_service.app.settings import Settings as ConversationSettings
from gateway.settings import Settings as GatewaySettings
from runtime.grpc.client import Credentials, open_channel
from runtime.healthcheck import grpc_is_serving
from runtime.settings.base import EX_CONFIG, ServiceSettings, load_settings
from runtime.tls import TlsFiles
from support.eventually import eventually
from support.fakes.carrier_callbacks import sms
from support.fakes.scripted_carrier import scripted_carrier
from support.net.certificates import Authority
from support.net.ports import free_port
from support.services.service_process import ended, process

CALLERS = """
callers = [
    {certificate = "gateway", role = "gateway"},
    {certificate = "conversation-service", role = "conversation-service"},
]
"""
TIMEOUT_SECONDS = 10.0
SEND = "/maskline.messaging.v1.MessagingService/SendMessages"
LIST = "/maskline.conversation.v1.ConversationService/ListConversations"


@dataclass(frozen=True)
class Encrypted:
    """Addresses and certificates of the services."""

    gateway_url: str
    conversation: str
    messaging: str
    files: dict[str, TlsFiles]


def link(prefix: str, files: TlsFiles, callers: Path | None = None) -> dict[str, str]:
    """The TLS settings of a service."""
    names = {
        "TLS_CERTIFICATE_FILE": files.certificate,
        "TLS_KEY_FILE": files.key,
        "TLS_CA_FILE": files.authority,
        "CALLERS_FILE": callers,
    }
    return {f"{prefix}_{name}": str(path) for name, path in names.items() if path}


@asynccontextmanager
async def encrypted(folder: Path, redis_url: str, carrier_url: str) -> AsyncIterator[Encrypted]:
    """All three services, once they are ready."""
    authority, callers = Authority(), folder / "callers.toml"
    callers.write_text(CALLERS)
    names = ("gateway", "conversation-service", "messaging-service")
    files = {name: authority.files(folder / name, name) for name in names}
    http, conversation, messaging = (f"127.0.0.1:{free_port()}" for _ in range(3))
    settings = {
        "messaging_service": {
            "MESSAGING_LISTEN": messaging,
            "MESSAGING_REDIS_URL": redis_url,
            "MESSAGING_FLOWROUTE_URL": carrier_url,
            **link("MESSAGING", files["messaging-service"], callers),
        },
        "conversation_service": {
            "CONVERSATION_LISTEN": conversation,
            "CONVERSATION_REDIS_URL": redis_url,
            "CONVERSATION_MESSAGING_TARGET": messaging,
            "CONVERSATION_POOLS_FILE": "deploy/pools.toml",
            **link("CONVERSATION", files["conversation-service"], callers),
        },
        "gateway": {
            "GATEWAY_LISTEN": http,
            "GATEWAY_CONVERSATION_TARGET": conversation,
            **link("GATEWAY", files["gateway"]),
        },
    }
    running = Encrypted(f"http://{http}", conversation, messaging, files)
    async with AsyncExitStack() as stack:
        for package, environment in settings.items():
            await stack.enter_async_context(process(package, environment))
        await eventually(partial(_is_ready, running))
        yield running


async def _is_ready(running: Encrypted) -> bool:
    own = running.files["messaging-service"]
    if not await grpc_is_serving(running.messaging, own):
        return False
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
        try:
            return (await client.get(f"{running.gateway_url}/readyz")).is_success
        except httpx.TransportError:
            return False


async def test_a_message_passes_all_services_and_unknown_callers_are_refused(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    async with (
        scripted_carrier() as carrier,
        encrypted(tmp_path, redis_url, carrier.url) as running,
        httpx.AsyncClient(base_url=running.gateway_url, timeout=TIMEOUT_SECONDS) as phone,
    ):
        message = sms(timestamp=datetime.now(UTC).isoformat())
        assert (await phone.post("/api/message", json=message)).status_code == 200

        async def is_sent() -> bool:
            return bool(carrier.requests)

        await eventually(is_sent)
        assert not await grpc_is_serving(running.conversation)
        # The messaging service's own certificate is not listed.
        code = await _code_of(running.messaging, running.files["messaging-service"], SEND)
        assert code is grpc.StatusCode.UNAUTHENTICATED
        # The method is for operators.
        code = await _code_of(running.conversation, running.files["gateway"], LIST)
        assert code is grpc.StatusCode.PERMISSION_DENIED


async def _code_of(target: str, files: TlsFiles, method: str) -> grpc.StatusCode:
    """The status of a call with this certificate."""
    async with open_channel(target, [], Credentials(files)) as channel:
        call = channel.unary_unary(method, bytes, bytes)(b"", timeout=TIMEOUT_SECONDS)
        return await call.code()


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        (ConversationSettings, "CONVERSATION_LISTEN", "0.0.0.0:0"),
        (GatewaySettings, "GATEWAY_CONVERSATION_TARGET", "x:8081"),
    ],
)
def test_settings_with_a_plain_link_are_refused(
    settings: type[ServiceSettings],
    name: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        load_settings(settings)
    assert f"{name} would be plain" in capsys.readouterr().err


async def test_a_service_without_the_file_of_its_callers_does_not_start() -> None:
    environment = {
        "MESSAGING_LISTEN": f"127.0.0.1:{free_port()}",
        "MESSAGING_CALLERS_FILE": "nowhere",
    }
    async with process("messaging_service", environment) as started:
        status, _, err = await ended(started)
    assert status == EX_CONFIG
    assert "nowhere cannot be read" in err
    assert "Traceback" not in err
