"""Fixtures for all groups: a real Redis-compatible server, shared, emptied for each test."""

import subprocess
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NotYetThere

from devstack.valkey import server_command
from runtime.redis.client import open_redis
from support.clock import ManualClock
from support.ports import free_port

SERVER_START_SECONDS = 10

# No test depends on speed: an example may take as long as a busy machine needs.
settings.register_profile("maskline", deadline=None)
settings.load_profile("maskline")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of these tests' own."""
    port = free_port()
    command = server_command(port, tmp_path_factory.mktemp("valkey"), durable=False)
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_until_it_answers(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """An empty database."""
    client = open_redis(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def clock() -> ManualClock:
    """Time that only the test moves."""
    return ManualClock()


def _wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + SERVER_START_SECONDS
    with BlockingRedis(port=port) as client:
        while True:
            try:
                client.ping()
                return
            except NotYetThere:
                if time.monotonic() > deadline:
                    raise
                # A server of another process says nothing when it is up: it has to be asked.
                time.sleep(0.02)
