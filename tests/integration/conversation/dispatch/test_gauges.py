"""`python -m conversation_service` serves its metrics where its settings say."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from support.eventually import eventually
from support.net.ports import free_port

POOLS = Path(__file__).parents[4] / "deploy" / "pools.toml"
LINES = (
    'maskline_oldest_waiting_text_seconds{pool="main"} 0.0',
    'maskline_waiting_texts{pool="main"} 0.0',
    'maskline_dead_letters{pool="main"} 0.0',
)


@pytest.fixture
def address(redis: Redis, redis_url: str) -> Iterator[str]:
    """Where a process serves its metrics."""
    listen = f"127.0.0.1:{free_port()}"
    environment = {
        "PATH": os.environ["PATH"],
        "CONVERSATION_POOLS_FILE": str(POOLS),
        "CONVERSATION_REDIS_URL": redis_url,
        "CONVERSATION_LISTEN": f"127.0.0.1:{free_port()}",
        "CONVERSATION_METRICS_LISTEN": listen,
    }
    command = [sys.executable, "-m", "conversation_service"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    yield listen
    process.terminate()
    process.wait()


async def test_the_gauges_of_each_pool_are_served(address: str) -> None:
    async def are_served() -> bool:
        try:
            async with httpx.AsyncClient() as client:
                text = (await client.get(f"http://{address}/metrics")).text
        except httpx.TransportError:
            return False
        return all(line in text for line in LINES)

    await eventually(are_served)
