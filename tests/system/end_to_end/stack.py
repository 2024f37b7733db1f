"""All of Maskline as processes, on free ports, with data of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devstack.ports import Ports
from devstack.stack import Stack
from support.net.ports import free_port

PARTS = ("valkey", "simulator", "messaging_service", "conversation_service", "gateway")
# Enough for every test of a module to have phones of its own.
PHONES = tuple(f"+142555501{number:02}" for number in range(100))
# Interval of repeated callbacks, instead of 30 seconds.
RESEND_SECONDS = "0.2"
# Interval of reconciliation, instead of three minutes.
RECOVERY_SECONDS = "1"


@asynccontextmanager
async def running_stack(folder: Path, **settings: str) -> AsyncIterator[Stack]:
    """With these settings besides. Parts that die stay dead."""
    ports = Ports(**{part: free_port() for part in PARTS})
    environment = {
        "SIMULATOR_RESEND_INTERVAL_SECONDS": RESEND_SECONDS,
        "SIMULATOR_PHONES": ",".join(PHONES),
        "CONVERSATION_RECOVERY_INTERVAL_SECONDS": RECOVERY_SECONDS,
        **settings,
    }
    async with Stack(ports, folder / "data", environment=environment, restart=False) as stack:
        yield stack
