"""All of Maskline as processes, on free ports, with data of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from devstack.ports import Ports
from devstack.stack import Stack
from support.conversations import ALICE_NUMBER, BOB_NUMBER
from support.phones import Phone
from support.ports import free_port

PARTS = ("valkey", "simulator", "messaging_service", "conversation_service", "gateway")
# What the carrier was told with anything but 200 comes again this soon, not after 30 seconds.
RESEND_SECONDS = "0.2"
# Lost callbacks are looked for this often, not every three minutes.
RECOVERY_SECONDS = "1"


@asynccontextmanager
async def running_stack(folder: Path, **settings: str) -> AsyncIterator[Stack]:
    """Everything runs; nothing that dies is started again by itself."""
    ports = Ports(**{part: free_port() for part in PARTS})
    environment = {
        "SIMULATOR_RESEND_INTERVAL_SECONDS": RESEND_SECONDS,
        "SIMULATOR_PHONES": f"{ALICE_NUMBER},{BOB_NUMBER}",
        "CONVERSATION_RECOVERY_INTERVAL_SECONDS": RECOVERY_SECONDS,
        **settings,
    }
    async with Stack(ports, folder / "data", environment=environment, restart=False) as one:
        yield one


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """With the settings of `make run`."""
    async with running_stack(tmp_path) as one:
        yield one


@pytest.fixture
async def carrier(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """The simulator's control side."""
    async with httpx.AsyncClient(base_url=stack.urls.simulator_url, timeout=10.0) as client:
        yield client


@pytest.fixture
def alice(carrier: httpx.AsyncClient) -> Phone:
    return Phone(carrier, ALICE_NUMBER)


@pytest.fixture
def bob(carrier: httpx.AsyncClient) -> Phone:
    return Phone(carrier, BOB_NUMBER)
