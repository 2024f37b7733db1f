"""Devstack with small stand-ins in the place of the services."""

import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from devstack.ports import Ports, PortsTaken, refuse_taken_ports

from .command import Command, run_devstack
from .stand_in import LISTEN

TESTS = Path(__file__).resolve().parents[2]
RunDevstack = Callable[..., Awaitable[Command]]


@pytest.fixture
def stand_ins(tmp_path: Path) -> dict[str, str]:
    """An environment in which `python -m gateway` and its like start stand-ins."""
    packages = tmp_path / "packages"
    for part in LISTEN:
        (packages / part).mkdir(parents=True)
        (packages / part / "__init__.py").touch()
        program = f'from integration.devstack.stand_in import main\n\nmain("{part}")\n'
        (packages / part / "__main__.py").write_text(program)
    return {
        "PYTHONPATH": f"{packages}:{TESTS}",
        "STAND_IN_JOURNAL": str(tmp_path / "journal"),
    }


@pytest.fixture
def free_offset() -> int:
    """By how much the default ports must move to be free."""
    while True:
        # So far that no part has a port that connections are given (32768 to 60999 on Linux).
        offset = 11_000 + secrets.randbelow(4_000)
        try:
            refuse_taken_ports(Ports.moved_by(offset).by_part())
        except PortsTaken:
            continue
        return offset


@pytest.fixture
async def devstack(
    tmp_path: Path, stand_ins: dict[str, str], free_offset: int
) -> AsyncIterator[RunDevstack]:
    """Runs `python -m devstack`, as often as asked, and ends what a failed test left."""
    if sys.platform != "linux":
        pytest.skip("finds the processes in /proc")
    commands: list[Command] = []

    async def run(*, offset: int = free_offset, **environment: str) -> Command:
        command = await run_devstack(tmp_path, offset, {**stand_ins, **environment})
        commands.append(command)
        return command

    yield run
    for command in commands:
        await command.clean_up()
