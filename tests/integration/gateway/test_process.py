"""`python -m gateway`, from its environment to its end."""

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

from support.carrier_callbacks import receipt, sms
from support.eventually import PATIENCE_SECONDS, eventually
from support.ports import free_port
from support.running_gateway import ScriptedConversations, serving_conversations

EX_CONFIG = 78


@asynccontextmanager
async def process(**settings: object) -> AsyncIterator[Process]:
    """A gateway with these settings and no others, killed if the test leaves it alive."""
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


async def answering(client: httpx.AsyncClient, path: str) -> None:
    async def responses() -> bool:
        try:
            return (await client.get(path)).status_code == 200
        except httpx.ConnectError:
            return False

    await eventually(responses)


@pytest.mark.parametrize("asked_by", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_and_ends_without_complaint_when_asked(asked_by: signal.Signals) -> None:
    port, scripted = free_port(), ScriptedConversations()
    async with (
        serving_conversations(scripted) as server,
        process(
            listen=f"127.0.0.1:{port}", conversation_target=f"127.0.0.1:{server.port}"
        ) as started,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        await answering(client, "/readyz")
        assert (await client.post("/api/message", json=sms())).status_code == 200
        started.send_signal(asked_by)
        status, out, err = await ended(started)
    assert (status, err) == (0, "")
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events] == [
        "serving",
        "callbacks_without_token",
        "stopping",
    ]
    assert {event["service"] for event in events} == {"gateway"}


async def test_a_text_under_way_is_answered_before_the_end() -> None:
    port, scripted = free_port(), ScriptedConversations()
    scripted.gate.clear()
    async with (
        serving_conversations(scripted) as server,
        process(
            listen=f"127.0.0.1:{port}", conversation_target=f"127.0.0.1:{server.port}"
        ) as started,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        await answering(client, "/readyz")
        response = asyncio.create_task(client.post("/api/message", json=sms()))
        await eventually(scripted.is_called(1))
        started.send_signal(signal.SIGTERM)
        scripted.gate.set()
        assert (await response).status_code == 200
        assert (await ended(started))[0] == 0


async def test_its_logs_hold_nothing_of_what_was_posted() -> None:
    port = free_port()
    async with (
        process(
            listen=f"127.0.0.1:{port}", conversation_target=f"127.0.0.1:{free_port()}"
        ) as started,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        await answering(client, "/healthz")
        assert (await client.post("/api/message", json=sms())).status_code == 503
        broken = await client.post("/api/message", content=b'{"from": "+14255550111"')
        assert broken.status_code == 400
        lost = await client.post("/api/receipt/c2VuZC10b2tlbg", json=receipt(body="between us"))
        assert lost.status_code == 503
        started.send_signal(signal.SIGTERM)
        _, out, err = await ended(started)
    for secret in ("55501", "hello", "between us", "c2VuZC10b2tlbg", "/api"):
        assert secret not in out + err
    refused = [json.loads(line) for line in out.splitlines() if "callback_refused" in line]
    assert [(event["status"], event["reason"]) for event in refused] == [
        (503, "not-now"),
        (400, "unreadable"),
        (503, "not-now"),
    ]


async def test_with_a_token_it_takes_what_comes_with_it_and_tells_it_to_nobody(
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
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        await answering(client, "/readyz")
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


async def test_the_document_is_served_where_a_setting_says_so() -> None:
    port = free_port()
    async with (
        process(listen=f"127.0.0.1:{port}", serves_openapi="true"),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        await answering(client, "/openapi.json")


async def test_a_certificate_that_cannot_be_used_ends_it_with_a_reason(tmp_path: Path) -> None:
    files = {"https_certificate_file": tmp_path / "none.pem", "https_key_file": tmp_path / "none"}
    async with process(**files) as started:
        status, out, err = await ended(started)
    assert (status, out) == (EX_CONFIG, "")
    assert "none.pem" in err
    assert "Traceback" not in err


async def test_settings_that_cannot_work_end_it_with_their_names_and_not_their_values() -> None:
    async with process(call_timeout_seconds="soon", listen="nowhere") as started:
        status, out, err = await ended(started)
    assert (status, out) == (EX_CONFIG, "")
    assert "GATEWAY_CALL_TIMEOUT_SECONDS" in err
    assert "GATEWAY_LISTEN" in err
    assert "soon" not in err
    assert "nowhere" not in err
    assert "Traceback" not in err


async def test_a_setting_can_come_from_a_file(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "listen").write_text(f"127.0.0.1:{port}\n")
    async with (
        process(listen_file=tmp_path / "listen", log_level="error") as started,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        await answering(client, "/healthz")
        started.send_signal(signal.SIGTERM)
        status, out, _ = await ended(started)
    assert (status, out) == (0, "")


async def test_a_port_that_is_taken_ends_it_with_a_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with process(listen=f"127.0.0.1:{taken.getsockname()[1]}") as started:
            status, out, err = await ended(started)
    assert status not in (0, None)
    assert "EADDRINUSE" in out
    assert "Traceback" not in err
