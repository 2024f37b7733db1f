"""`python -m gateway` as a process: settings, logs, shutdown."""

import asyncio
import json
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gateway.settings import Settings
from runtime.settings.base import EX_CONFIG, load_settings
from support.eventually import eventually
from support.fakes.carrier_callbacks import sms
from support.net.http_client import http_client
from support.net.ports import free_port
from support.services import service_process
from support.services.running_gateway import ScriptedConversations, serving_conversations
from support.services.service_process import ended


def process(**settings: object) -> AbstractAsyncContextManager[Process]:
    """A gateway with these settings."""
    given = {f"GATEWAY_{name.upper()}": str(value) for name, value in settings.items()}
    return service_process.process("gateway", given)


async def until_served(client: httpx.AsyncClient, path: str) -> None:
    async def is_served() -> bool:
        try:
            return (await client.get(path)).status_code == 200
        except httpx.ConnectError:
            return False

    await eventually(is_served)


@dataclass
class Served:
    """A gateway process, its client and the conversation service behind it."""

    process: Process
    http: httpx.AsyncClient
    scripted: ScriptedConversations


@asynccontextmanager
async def served(ready: str = "/readyz", **settings: object) -> AsyncIterator[Served]:
    """A gateway that is ready."""
    port, scripted = free_port(), ScriptedConversations()
    async with (
        serving_conversations(scripted) as server,
        process(
            listen=f"127.0.0.1:{port}", conversation_target=f"127.0.0.1:{server.port}", **settings
        ) as started,
        http_client(f"http://127.0.0.1:{port}") as client,
    ):
        await until_served(client, ready)
        yield Served(started, client, scripted)


def events_of(out: str) -> list[str]:
    """The events of a log."""
    lines = [json.loads(line) for line in out.splitlines()]
    assert {line["service"] for line in lines} == {"gateway"}
    return [line["event"] for line in lines]


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
async def test_on_a_signal_it_finishes_the_request_in_progress_and_ends_cleanly(
    stop_signal: signal.Signals,
) -> None:
    async with served() as gateway:
        gateway.scripted.gate.clear()
        response = asyncio.create_task(gateway.http.post("/api/message", json=sms()))
        await eventually(gateway.scripted.is_called(1))
        gateway.process.send_signal(stop_signal)
        gateway.scripted.gate.set()
        assert (await response).status_code == 200
        status, out, err = await ended(gateway.process)
    assert (status, err) == (0, "")
    assert events_of(out) == ["serving", "callbacks_without_token", "stopping"]


async def test_a_callback_token_is_required_and_not_logged(tmp_path: Path) -> None:
    token = "t" * 32
    (tmp_path / "tokens").write_text(f"{token}\n")
    async with served(callback_tokens_file=tmp_path / "tokens") as gateway:
        client = gateway.http
        assert (await client.post(f"/api/message/{token}", json=sms())).status_code == 200
        assert (await client.post("/api/message", json=sms())).status_code == 404
        assert (await client.get("/openapi.json")).status_code == 404
        response = await client.get("/healthz")
        gateway.process.send_signal(signal.SIGTERM)
        _, out, err = await ended(gateway.process)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert events_of(out) == ["serving", "caller_refused", "stopping"]
    assert token not in out + err


async def test_the_document_and_its_page_are_served_if_a_setting_says_so() -> None:
    async with served("/openapi.json", serves_openapi="true") as gateway:
        page, document = [await gateway.http.get(path) for path in ("/docs", "/openapi.json")]
    assert page.status_code == 200
    [policy] = page.headers.get_list("content-security-policy")
    assert "script-src 'self'" in policy
    assert len(document.headers.get_list("content-security-policy")) == 1


async def test_a_certificate_that_cannot_be_read_ends_it_with_a_message() -> None:
    async with process(https_certificate_file="/none.pem", https_key_file="/none") as started:
        status, out, err = await ended(started)
    assert (status, out) == (EX_CONFIG, "")
    assert "none.pem" in err
    assert "Traceback" not in err


def test_settings_that_cannot_be_used_are_named_without_their_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATEWAY_CALL_TIMEOUT_SECONDS", "soon")
    monkeypatch.setenv("GATEWAY_LISTEN", "nowhere")
    with pytest.raises(SystemExit):
        load_settings(Settings)
    err = capsys.readouterr().err
    assert "GATEWAY_CALL_TIMEOUT_SECONDS" in err
    assert "GATEWAY_LISTEN" in err
    assert "soon" not in err
    assert "nowhere" not in err


async def test_a_taken_port_ends_it_with_a_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with process(listen=f"127.0.0.1:{taken.getsockname()[1]}") as started:
            status, out, err = await ended(started)
    assert status not in (0, None)
    assert "EADDRINUSE" in out
    assert "Traceback" not in err
