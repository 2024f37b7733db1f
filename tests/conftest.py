"""Fixtures of all tests: a real Redis-compatible server per process, emptied for each test."""

import gc
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from devstack.valkey import server_command
from runtime.redis.client import open_redis
from support.clock import ManualClock
from support.net.ports import free_port
from support.services.termination import interrupt_on_sigterm, terminate_with_parent

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

TESTS = Path(__file__).parent
# All tests below these folders are slow. Single slow tests elsewhere have the marker themselves.
SLOW_FOLDERS = (
    "chaos",
    "contract/bench",
    "fuzz",
    "integration/devstack",
    "system/clients",
    "system/compose",
    "system/page",
    "unit/bench",
    "unit/devstack",
)
# Their files take longest. They start first, so that short ones fill the workers at the end.
LONG_FOLDERS = ("model", "system", "conformance", "integration/gateway", "integration/messaging")
# The tests below it share one deployment.
SHARED_FOLDER = "tests/conformance/"
SERVER_START_SECONDS = 10

# No test depends on speed: an example may take as long as a busy machine needs.
settings.register_profile("maskline", deadline=None)
settings.load_profile("maskline")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(
    config: pytest.Config, log: "Producer"
) -> "LoadFileScheduling | None":
    """Gives whole files to a worker, and all of `SHARED_FOLDER`, whose deployment starts once."""
    if config.getoption("dist") != "loadfile":
        return None
    # Workers need no scheduler.
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return SHARED_FOLDER if nodeid.startswith(SHARED_FOLDER) else nodeid.split("::", 1)[0]

    return Scheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """A third of the time tests wait for processes and timeouts."""
    return (os.cpu_count() or 1) * 3 // 2


def pytest_configure() -> None:
    interrupt_on_sigterm()
    terminate_with_parent()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _is_below(item.path, SLOW_FOLDERS):
            item.add_marker("slow")
    items.sort(key=lambda item: not _is_below(item.path, LONG_FOLDERS))


@cache
def _is_below(path: Path, folders: Sequence[str]) -> bool:
    return any(path.is_relative_to(TESTS / folder) for folder in folders)


def pytest_collection_finish() -> None:
    """What was imported stays: collections after each test need not look at it."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests recorded as `summary`, of all workers."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(str(value))


@pytest.fixture(autouse=True)
def _own_garbage() -> Iterator[None]:
    """Collects garbage after each test, so that a resource left open fails the test that did it."""
    yield
    gc.collect()


@pytest.fixture(autouse=True, scope="module")
def _cheap_collections() -> Iterator[None]:
    """What outlives a module is cached or shared: later collections need not look at it."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of this process's tests. It is killed with the process, whatever ends that."""
    port = free_port()
    command = server_command(port, tmp_path_factory.mktemp("valkey"), durable=False)
    tether = (sys.executable, "-m", "devstack.parent_death", str(os.getpid()))
    server = subprocess.Popen([*tether, *command], stdout=subprocess.DEVNULL)
    try:
        _wait_until_ready(port)
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


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + SERVER_START_SECONDS
    with BlockingRedis(port=port) as client:
        while True:
            try:
                client.ping()
                return
            except RedisConnectionError:
                if time.monotonic() > deadline:
                    raise
                # The server of another process does not report when it is ready.
                time.sleep(0.02)
