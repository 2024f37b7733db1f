import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from integration.simulator.running_simulator import ALICE, KEYS, OURS

from simulator.http.tls import client_context
from support.eventually import PATIENCE_SECONDS, eventually
from support.net.ports import free_port

EX_CONFIG = 78
BODY = "meet me at noon"
TEXTS = f"/simulator/phones/{ALICE}/texts"
TOKEN = "a-token-of-the-gateway-that-is-in-use"
PRIVATE = ("5550111", "5550100", "555-0111", "noon", TOKEN, "Traceback")


@asynccontextmanager
async def process(**settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The simulator with these settings; killed at the end if it still runs."""
    environment = {f"SIMULATOR_{name.upper()}": value for name, value in settings.items()}
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", env=os.environ | environment, stdout=pipe, stderr=pipe
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.communicate()


@asynccontextmanager
async def running(
    **settings: str,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    address = f"127.0.0.1:{free_port()}"
    async with (
        process(listen=address, **settings) as started,
        httpx.AsyncClient(base_url=f"http://{address}", verify=client_context()) as http,
    ):

        async def is_healthy() -> bool:
            try:
                return (await http.get("/healthz")).is_success
            except httpx.TransportError:
                return False

        await eventually(is_healthy)
        yield started, http


async def output_of(process: asyncio.subprocess.Process) -> tuple[str, str]:
    """Standard output and error of a process that ends, without private data in either."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, err = (output.decode() for output in await process.communicate())
    assert [private for private in PRIVATE if private in out + err] == []
    return out, err


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_on_a_signal_while_a_page_is_open(stop: signal.Signals) -> None:
    async with (
        running(gateway_url="http://127.0.0.1:1") as (started, http),
        http.stream("GET", "/simulator/events") as page,
    ):
        await anext(page.aiter_bytes())
        started.send_signal(stop)
        out, _ = await output_of(started)
    assert started.returncode == 0
    assert "serving" in out


async def test_invalid_settings_end_it_with_a_message() -> None:
    async with process(numbers="911") as started, asyncio.timeout(PATIENCE_SECONDS):
        _, err = await started.communicate()
    assert started.returncode == EX_CONFIG
    assert b"SIMULATOR_NUMBERS" in err
    assert b"Traceback" not in err


async def test_a_data_file_that_is_none_ends_it_with_a_message(tmp_path: Path) -> None:
    data_file = tmp_path / "phones.sqlite3"
    data_file.write_bytes(b"meet me at noon" * 1_000)
    async with process(data_file=str(data_file)) as started:
        _, err = await output_of(started)
    assert started.returncode == EX_CONFIG
    assert "SIMULATOR_DATA_FILE" in err


@asynccontextmanager
async def refusing_gateway() -> AsyncIterator[str]:
    """Refuses every callback and repeats its content in the response."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        body = await reader.readexactly(length)
        writer.write(b"HTTP/1.1 503 %s\r\nConnection: close\r\n\r\n%s" % (OURS.encode(), body))
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"


async def provoke_errors(http: httpx.AsyncClient) -> None:
    """Wrong requests of people and programs, each with a number and a body in it."""
    message = {"to": ALICE, "from": OURS, "body": BODY}
    unreachable = f"http://127.0.0.1:1/{ALICE}"
    for changes in ({}, {"dlr_callback": unreachable}, {"from": ALICE}):
        await http.post("/v2.2/messages", json={**message, **changes}, auth=KEYS)
    await http.post("/v2.2/messages", json=message, auth=(ALICE, BODY))
    await http.post("/v2.2/messages", content=f'{{"to": "{ALICE}", "{BODY}', auth=KEYS)
    await http.get(f"/v2.2/messages?start_date={ALICE}", auth=KEYS)
    await http.post("/v2.2/messages", json={**message, "media_urls": [unreachable]}, auth=KEYS)
    for kind in ("reset", "accept_then_reset"):
        await http.post("/simulator/faults", json={"kind": kind, "match": {"body": BODY}})
        with pytest.raises(httpx.TransportError):
            await http.post("/v2.2/messages", json=message, auth=KEYS)
    await http.get(f"/{ALICE}")
    await http.delete(TEXTS)
    await http.post(TEXTS, json={"to": ALICE, "body": BODY})
    await http.post(TEXTS, content=BODY)


async def test_neither_numbers_nor_bodies_are_logged_whatever_goes_wrong() -> None:
    trouble = {"resend_interval_seconds": "0.01", "log_level": "debug", "callback_token": TOKEN}
    async with (
        refusing_gateway() as gateway_url,
        running(gateway_url=gateway_url, **trouble) as (started, http),
    ):

        async def is_given_up() -> bool:
            texts = (await http.get(TEXTS)).json()["texts"]
            [state] = [text["state"] for text in texts if text["id"] == typed["id"]]
            return bool(state == "not_accepted")

        await provoke_errors(http)
        typed = (await http.post(TEXTS, json={"to": OURS, "body": BODY})).json()
        await eventually(is_given_up)
        started.terminate()
        out, _ = await output_of(started)
    assert started.returncode == 0
    events = {json.loads(line)["event"] for line in out.splitlines()}
    own_events = {"serving", "callback_not_accepted", "callback_unanswered"}
    assert events == {*own_events, "library_logged"}
