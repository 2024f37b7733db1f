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
    """An environment in which `python -m gateway` etc. start stand-ins."""
    packages = tmp_path / "packages"
    for service in LISTEN:
        (packages / service).mkdir(parents=True)
        (packages / service / "__init__.py").touch()
        program = f'from integration.devstack.stand_in import main\n\nmain("{service}")\n'
        (packages / service / "__main__.py").write_text(program)
    return {"PYTHONPATH": f"{packages}:{TESTS}", "STAND_IN_JOURNAL": str(tmp_path / "journal")}


@pytest.fixture
def free_offset() -> int:
    while True:
        # So far that no service has a port that connections are given (32768 to 60999 on Linux).
        offset = 11_000 + secrets.randbelow(4_000)
        try:
            refuse_taken_ports(Ports.moved_by(offset).by_service())
        except PortsTaken:
            continue
        return offset


@pytest.fixture
async def devstack(
    tmp_path: Path, stand_ins: dict[str, str], free_offset: int
) -> AsyncIterator[RunDevstack]:
    """Runs `python -m devstack`, and kills the processes that a failed test left."""
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
