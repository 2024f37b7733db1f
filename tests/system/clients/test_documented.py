"""The examples of README.md and docs/api.md run as they stand, but for the address."""

import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT, create_subprocess_exec

import pytest
from system.clients.callers import BUF, REPOSITORY
from system.clients.conftest import PACKAGES

from devstack.stack import Stack

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDRESS = "127.0.0.1:8081"


def example(page: str, language: str, containing: str) -> str:
    """The code block of a page that contains these words."""
    blocks = re.findall(
        rf"^```{language}\n(.*?)^```$", (REPOSITORY / page).read_text(), re.M | re.S
    )
    [block] = [block for block in blocks if containing in block]
    assert ADDRESS in block
    return str(block)


async def run(stack: Stack, code: str, *command: str, **environment: str) -> str:
    """What it prints, once it has ended well."""
    moved = code.replace(ADDRESS, stack.urls.conversation_target)
    process = await create_subprocess_exec(
        *command, moved, stdout=PIPE, stderr=STDOUT, cwd=REPOSITORY, env=os.environ | environment
    )
    printed = (await process.communicate())[0].decode()
    assert process.returncode == 0, printed
    return printed


async def test_the_examples_in_python(stack: Stack) -> None:
    started = await run(
        stack, example("README.md", "python", "Stub(channel)"), sys.executable, "-c"
    )
    assert started.startswith("the other person texts JOIN ")
    await run(stack, example("docs/api.md", "python", "insecure_channel"), sys.executable, "-c")


async def test_the_example_in_javascript(stack: Stack, node_program: str) -> None:
    code = example("docs/api.md", "js", "loadSync")
    assert (await run(stack, code, node_program, "-e", NODE_PATH=str(PACKAGES))).strip().isdigit()


async def test_the_example_with_buf_curl(stack: Stack) -> None:
    path = f"{BUF.parent}:{os.environ['PATH']}"
    printed = await run(stack, example("docs/api.md", "", "buf curl"), "sh", "-c", PATH=path)
    assert printed.startswith("{")
