"""`python -m gateway` as a process: settings, logs, shutdown."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from support.carrier_callbacks import sms
from support.eventually import PATIENCE_SECONDS, eventually
from support.http_client import http_client
from support.ports import free_port
from support.running_gateway import ScriptedConversations, serving_conversations

EX_CONFIG = 78


@asynccontextmanager
async def process(**settings: object) -> AsyncIterator[Process]:
    """A gateway with only these settings; killed if it is still alive at the end."""
    inherited = {name: value for name, value in os.environ.items() if "GATEWAY_" not in name}
    given = {f"GATEWAY_{name.upper()}": str(value) for name, value in settings.items()}
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", env={**inherited, **given}, stdout=PIPE, stderr=PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def ended(started: Process) -> tuple[int | None, str, str]:
    """Exit status, standard output and standard error."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, err = await started.communicate()
    return started.returncode, out.decode(), err.decode()


async def until_served(client: httpx.AsyncClient, path: str) -> None:
    async def is_served() -> bool:
        try:
            return (await client.get(path)).status_code == 200
        except httpx.ConnectError:
            return False

    await eventually(is_served)


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_and_ends_cleanly_on_a_signal(stop_signal: signal.Signals) -> None:
    port, scripted = free_port(), ScriptedConversations()
    async with (
        serving_conversations(scripted) as server,
        process(
            listen=f"127.0.0.1:{port}", conversation_target=f"127.0.0.1:{server.port}"
        ) as started,
        http_client(f"http://127.0.0.1:{port}") as client,
    ):
        await until_served(client, "/readyz")
        assert (await client.post("/api/message", json=sms())).status_code == 200
        started.send_signal(stop_signal)
        status, out, err = await ended(started)
    assert (status, err) == (0, "")
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events] == [
        "serving",
        "callbacks_without_token",
        "stopping",
    ]
    assert {event["service"] for event in events} == {"gateway"}


async def test_a_request_in_progress_is_finished_before_the_end() -> None:
    port, scripted = free_port(), ScriptedConversations()
    scripted.gate.clear()
    async with (
        serving_conversations(scripted) as server,
        process(
            listen=f"127.0.0.1:{port}", conversation_target=f"127.0.0.1:{server.port}"
        ) as started,
        http_client(f"http://127.0.0.1:{port}") as client,
    ):
        await until_served(client, "/readyz")
        response = asyncio.create_task(client.post("/api/message", json=sms()))
        await eventually(scripted.is_called(1))
        started.send_signal(signal.SIGTERM)
        scripted.gate.set()
        assert (await response).status_code == 200
        assert (await ended(started))[0] == 0


async def test_a_callback_token_is_required_and_not_logged(
    tmp_path: Path,
) -> None:
    port, scripted, token = free_port(), ScriptedConversations(), "t" * 32
    (tmp_path / "tokens").write_text(f"{token}\n")
    async with (
        serving_conversations(scripted) as server,
        process(
            listen=f"127.0.0.1:{port}",
            conversation_target=f"127.0.0.1:{server.port}",
            callback_tokens_file=tmp_path / "tokens",
        ) as started,
        http_client(f"http://127.0.0.1:{port}") as client,
    ):
        await until_served(client, "/readyz")
        assert (await client.post(f"/api/message/{token}", json=sms())).status_code == 200
        assert (await client.post("/api/message", json=sms())).status_code == 404
        assert (await client.get("/openapi.json")).status_code == 404
        response = await client.get("/healthz")
        started.send_signal(signal.SIGTERM)
        _, out, err = await ended(started)
    assert response.headers["x-content-type-options"] == "nosniff"
    events = [json.loads(line)["event"] for line in out.splitlines()]
    assert events == ["serving", "caller_refused", "stopping"]
    assert token not in out + err


async def test_the_document_and_its_page_are_served_if_a_setting_says_so() -> None:
    port = free_port()
    async with (
        process(listen=f"127.0.0.1:{port}", serves_openapi="true"),
        http_client(f"http://127.0.0.1:{port}") as client,
    ):
        await until_served(client, "/openapi.json")
        page = await client.get("/docs")
        assert page.status_code == 200
        [policy] = page.headers.get_list("content-security-policy")
        assert "script-src 'self'" in policy
        document = await client.get("/openapi.json")
        assert len(document.headers.get_list("content-security-policy")) == 1


async def test_a_certificate_that_cannot_be_used_ends_it_with_a_message(tmp_path: Path) -> None:
    files = {"https_certificate_file": tmp_path / "none.pem", "https_key_file": tmp_path / "none"}
    async with process(**files) as started:
        status, out, err = await ended(started)
    assert (status, out) == (EX_CONFIG, "")
    assert "none.pem" in err
    assert "Traceback" not in err


async def test_settings_that_are_not_valid_end_it_with_their_names_only() -> None:
    async with process(call_timeout_seconds="soon", listen="nowhere") as started:
        status, out, err = await ended(started)
    assert (status, out) == (EX_CONFIG, "")
    assert "GATEWAY_CALL_TIMEOUT_SECONDS" in err
    assert "GATEWAY_LISTEN" in err
    assert "soon" not in err
    assert "nowhere" not in err
    assert "Traceback" not in err


async def test_a_taken_port_ends_it_with_a_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with process(listen=f"127.0.0.1:{taken.getsockname()[1]}") as started:
            status, out, err = await ended(started)
    assert status not in (0, None)
    assert "EADDRINUSE" in out
    assert "Traceback" not in err
