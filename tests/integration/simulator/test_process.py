"""`python -m simulator` as a process of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
import pytest
from integration.simulator.running_simulator import ALICE, KEYS, OURS

from support.eventually import PATIENCE_SECONDS, eventually
from support.ports import free_port

EX_CONFIG = 78
TEXTS = f"/simulator/phones/{ALICE}/texts"


@asynccontextmanager
async def process(**settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The simulator with these settings; killed at the end if it still runs."""
    environment = {f"SIMULATOR_{name.upper()}": value for name, value in settings.items()}
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator",
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.communicate()


async def is_healthy(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/healthz")).is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_when_asked_though_a_page_is_open_and_tells_no_number(
    stop: signal.Signals,
) -> None:
    port = free_port()
    async with (
        process(listen=f"127.0.0.1:{port}", gateway_url="http://127.0.0.1:1") as running,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        await eventually(partial(is_healthy, http))
        async with http.stream("GET", "/simulator/events") as page:
            await anext(page.aiter_bytes())
            typed = {"to": OURS, "body": "secret words"}
            assert (await http.post(TEXTS, json=typed)).status_code == 202
            message = {"to": ALICE, "from": OURS, "body": "secret words"}
            sent = await http.post("/v2.2/messages", json=message, auth=KEYS)
            assert sent.status_code == 202
            running.send_signal(stop)
            async with asyncio.timeout(PATIENCE_SECONDS):
                out, err = await running.communicate()
    assert running.returncode == 0
    written = (out + err).decode()
    assert "serving" in written
    for private in ("5550111", "5550100", "secret words", "Traceback"):
        assert private not in written


async def test_settings_that_cannot_work_end_it_with_a_sentence() -> None:
    async with process(numbers="911") as running:
        async with asyncio.timeout(PATIENCE_SECONDS):
            _, err = await running.communicate()
    assert running.returncode == EX_CONFIG
    assert "SIMULATOR_NUMBERS" in err.decode()
