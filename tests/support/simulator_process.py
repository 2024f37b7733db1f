"""The simulator as the process that `make run` starts."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from support.eventually import eventually
from support.messaging_service import PATIENCE_SECONDS
from support.ports import free_port

KEYS = ("simulator", "simulator")


@asynccontextmanager
async def simulator(gateway_url: str, **more: str) -> AsyncIterator[str]:
    """The simulator as a process on a free port, once it answers; `more` are settings."""
    listen = f"127.0.0.1:{free_port()}"
    settings = {"SIMULATOR_LISTEN": listen, "SIMULATOR_GATEWAY_URL": gateway_url, **more}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "simulator"),
        env={"PATH": os.environ["PATH"], **settings},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await eventually(lambda: _answers(process, f"http://{listen}"))
        yield f"http://{listen}"
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE_SECONDS)


async def _answers(process: asyncio.subprocess.Process, url: str) -> bool:
    assert process.returncode is None, "the simulator ended"
    try:
        async with httpx.AsyncClient(base_url=url, auth=KEYS) as http:
            return (await http.get("/v2/numbers")).is_success
    except httpx.TransportError:
        return False
