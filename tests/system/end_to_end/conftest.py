"""One stack per module. Each test has phones of its own, and finds every part running."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import httpx
import pytest
import pytest_asyncio
from system.end_to_end.stack import PARTS, PHONES, running_stack

from devstack.stack import Stack
from support.fakes.phones import CALL_SECONDS, Phone


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """With the settings of `make run`. A module may replace it."""
    async with running_stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="module")
def numbers() -> Iterator[str]:
    """Phone numbers that no test of the module has had."""
    return iter(PHONES)


@pytest_asyncio.fixture(loop_scope="module")
async def stack(module_stack: Stack) -> AsyncIterator[Stack]:
    yield module_stack
    for part in PARTS:
        with suppress(ValueError):
            await module_stack.start(part)


@pytest_asyncio.fixture(loop_scope="module")
async def carrier(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """The simulator's control side. The test may change its settings and add faults."""
    async with httpx.AsyncClient(base_url=stack.urls.simulator_url, timeout=CALL_SECONDS) as client:
        settings = (await client.get("/simulator/settings")).json()
        yield client
        (await client.put("/simulator/settings", json=settings)).raise_for_status()
        (await client.delete("/simulator/faults")).raise_for_status()


@pytest.fixture
def alice(carrier: httpx.AsyncClient, numbers: Iterator[str]) -> Phone:
    return Phone(carrier, next(numbers))


@pytest.fixture
def bob(carrier: httpx.AsyncClient, numbers: Iterator[str]) -> Phone:
    return Phone(carrier, next(numbers))


@pytest.fixture
def carol(carrier: httpx.AsyncClient, numbers: Iterator[str]) -> Phone:
    return Phone(carrier, next(numbers))
