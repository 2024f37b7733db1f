"""One stack for all clients. Each test has phones of its own."""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from system.clients.callers import Buf, Caller, Node
from system.end_to_end.stack import PHONES, running_stack

from devstack.stack import Stack
from support.fakes.phones import CALL_SECONDS, Phone

# `make node` installs them.
PACKAGES = Path(sys.prefix) / "node" / "node_modules"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """With the settings of `make run`, and so with reflection."""
    async with running_stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="module")
def numbers() -> Iterator[str]:
    """Phone numbers that no test of the module has had."""
    return iter(PHONES)


@pytest_asyncio.fixture(loop_scope="module")
async def phones(stack: Stack, numbers: Iterator[str]) -> AsyncIterator[tuple[Phone, Phone]]:
    url = stack.urls.simulator_url
    async with httpx.AsyncClient(base_url=url, timeout=CALL_SECONDS) as carrier:
        yield Phone(carrier, next(numbers)), Phone(carrier, next(numbers))


@pytest.fixture(scope="session")
def node_program() -> str:
    """Skips the tests without Node and the packages, or fails if they must be there."""
    program = shutil.which("node")
    if program is not None and PACKAGES.is_dir():
        return program
    missing = "there is no node on the PATH, or `make node` has not installed its packages"
    if os.environ.get("MASKLINE_REQUIRE_NODE") == "1":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(
    params=["buf by reflection", "buf with protos", "node by reflection", "node with protos"]
)
def caller(request: pytest.FixtureRequest, stack: Stack) -> Caller:
    target, has_protos = stack.urls.conversation_target, request.param.endswith("protos")
    if request.param.startswith("buf"):
        return Buf(target, has_protos)
    return Node(target, has_protos, request.getfixturevalue("node_program"), PACKAGES)
