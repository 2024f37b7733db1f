"""What a simulator in trouble writes down: what happened, never to whom or in which words."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from integration.simulator.running_simulator import ALICE, KEYS, OURS

from support.eventually import PATIENCE_SECONDS, eventually
from support.ports import free_port

WORDS = "meet me at noon"
TEXTS = f"/simulator/phones/{ALICE}/texts"
TOKEN = "a-token-of-the-gateway-that-is-in-use"
PRIVATE = ("5550111", "5550100", "555-0111", "noon", TOKEN, "Traceback")


@asynccontextmanager
async def complaining_gateway() -> AsyncIterator[str]:
    """Refuses every callback and says it all back."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        body = await reader.readexactly(length)
        writer.write(b"HTTP/1.1 503 %s\r\nConnection: close\r\n\r\n%s" % (OURS.encode(), body))
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def process(port: int, gateway_url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The simulator at its most talkative; killed at the end if it still runs."""
    settings = {
        "SIMULATOR_LISTEN": f"127.0.0.1:{port}",
        "SIMULATOR_GATEWAY_URL": gateway_url,
        "SIMULATOR_CALLBACK_TOKEN": TOKEN,
        "SIMULATOR_RESEND_INTERVAL_SECONDS": "0.01",
        "SIMULATOR_LOG_LEVEL": "debug",
    }
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", env=os.environ | settings, stdout=pipe, stderr=pipe
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.communicate()


async def get_into_trouble(http: httpx.AsyncClient) -> None:
    """All that people and programs do wrong, with a number and words in it."""
    message = {"to": ALICE, "from": OURS, "body": WORDS}
    nobody = {**message, "dlr_callback": f"http://127.0.0.1:1/{ALICE}"}
    await http.post("/v2.2/messages", json=message, auth=KEYS)
    await http.post("/v2.2/messages", json=nobody, auth=KEYS)
    await http.post("/v2.2/messages", json={**message, "from": ALICE}, auth=KEYS)
    await http.post("/v2.2/messages", json=message, auth=(ALICE, WORDS))
    await http.post("/v2.2/messages", content=f'{{"to": "{ALICE}", "{WORDS}', auth=KEYS)
    await http.get(f"/v2.2/messages?start_date={ALICE}", auth=KEYS)
    await http.post(
        "/v2.2/messages", json={**message, "media_urls": [nobody["dlr_callback"]]}, auth=KEYS
    )
    for kind in ("reset", "accept_then_reset"):
        await http.post("/simulator/faults", json={"kind": kind, "match": {"body": WORDS}})
        with pytest.raises(httpx.TransportError):
            await http.post("/v2.2/messages", json=message, auth=KEYS)
    await http.get(f"/{ALICE}")
    await http.delete(TEXTS)
    await http.post(TEXTS, json={"to": ALICE, "body": WORDS})
    await http.post(TEXTS, content=WORDS)


async def test_neither_numbers_nor_words_are_written_whatever_goes_wrong() -> None:
    port = free_port()
    async with (
        complaining_gateway() as gateway_url,
        process(port, gateway_url) as running,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):

        async def healthy() -> bool:
            try:
                return (await http.get("/healthz")).is_success
            except httpx.TransportError:
                return False

        async def given_up() -> bool:
            [sent] = [t for t in (await http.get(TEXTS)).json()["texts"] if t["id"] == typed["id"]]
            return bool(sent["state"] == "not_accepted")

        await eventually(healthy)
        await get_into_trouble(http)
        typed = (await http.post(TEXTS, json={"to": OURS, "body": WORDS})).json()
        await eventually(given_up)
        running.terminate()
        out, err = await asyncio.wait_for(running.communicate(), PATIENCE_SECONDS)
    assert running.returncode == 0
    written = (out + err).decode()
    events = {json.loads(line)["event"] for line in out.decode().splitlines()}
    ours = {"serving", "callback_not_accepted", "callback_unanswered"}
    assert events == {*ours, "library_logged"}
    for private in PRIVATE:
        assert private not in written
