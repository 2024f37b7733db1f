"""`python -m devstack`: starts and stops all processes, and leaves none behind."""

import os
import signal
import socket
from pathlib import Path

import pytest

from devstack.ports import Ports
from devstack.supervisor import RESTART_LIMIT

from .command import ended
from .conftest import RunDevstack

SERVICES = ["simulator", "messaging_service", "conversation_service", "gateway"]
UP = "Stop     Ctrl-C"
ALL_PROCESSES = {"valkey", *SERVICES}


@pytest.mark.parametrize(
    "signum",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
async def test_one_signal_stops_all_processes_in_reverse_order(
    devstack: RunDevstack, free_offset: int, tmp_path: Path, signum: signal.Signals
) -> None:
    command = await devstack()
    await command.prints(UP)
    assert set(command.processes()) == ALL_PROCESSES
    assert f"http://127.0.0.1:{Ports.moved_by(free_offset).simulator}\n" in command.output
    assert "data/logs" in command.output
    logs = tmp_path / "data" / "logs"
    assert {log.stem for log in logs.iterdir()} == ALL_PROCESSES
    command.send(signum)
    assert await command.exit_status() == 0
    assert command.processes() == {}
    started = [f"{service} +" for service in SERVICES]
    assert command.journal() == [*started, *(f"{service} -" for service in reversed(SERVICES))]


@pytest.mark.slow
async def test_no_process_outlives_a_killed_devstack(devstack: RunDevstack) -> None:
    command = await devstack()
    await command.prints(UP)
    command.send(signal.SIGKILL)
    await command.all_processes_ended()


@pytest.mark.slow
async def test_a_signal_during_the_start_stops_what_had_started(devstack: RunDevstack) -> None:
    command = await devstack()
    await command.prints("Maskline starts")
    command.send(signal.SIGINT)
    assert await command.exit_status() == 0
    assert command.processes() == {}


@pytest.mark.slow
async def test_a_killed_process_is_restarted_until_the_limit(devstack: RunDevstack) -> None:
    command = await devstack()
    await command.prints(UP)
    for service in ("valkey", *["gateway"] * (RESTART_LIMIT - 1)):
        os.kill(command.processes()[service], signal.SIGKILL)
        await command.prints(f"{service} ended (SIGKILL); restarting it.")
        await command.prints(f"{service} is running again.")
        assert set(command.processes()) == ALL_PROCESSES
        command.output = ""
    os.kill(command.processes()["gateway"], signal.SIGKILL)
    assert await command.exit_status() == 1
    assert "gateway ended (SIGKILL) too often" in command.output
    assert command.processes() == {}


@pytest.mark.slow
async def test_a_second_ctrl_c_kills_a_service_that_does_not_end(devstack: RunDevstack) -> None:
    command = await devstack(STAND_IN_DEAF="gateway")
    await command.prints(UP)
    gateway = command.processes()["gateway"]
    command.send(signal.SIGINT)
    await command.prints("Stopping")
    command.send(signal.SIGINT)
    await ended(gateway)
    assert await command.exit_status() == 0
    assert command.processes() == {}
    stopped_others = {f"{service} -" for service in SERVICES if service != "gateway"}
    assert not stopped_others & set(command.journal())


@pytest.mark.slow
async def test_a_service_that_cannot_start_ends_all_with_its_log(devstack: RunDevstack) -> None:
    command = await devstack(STAND_IN_BROKEN="conversation_service")
    assert await command.exit_status() == 1
    assert "conversation_service ended (exit status 1)" in command.output
    assert "conversation_service has no settings" in command.output
    assert UP not in command.output
    assert command.processes() == {}
    assert "gateway +" not in command.journal()


async def test_a_taken_port_is_reported_before_anything_starts(
    devstack: RunDevstack, free_offset: int, tmp_path: Path
) -> None:
    ports = Ports.moved_by(free_offset)
    with socket.create_server(("127.0.0.1", ports.gateway)):
        command = await devstack()
        assert await command.exit_status() == 1
    assert f"gateway cannot listen on port {ports.gateway}" in command.output
    assert "make run PORT_OFFSET=1000" in command.output
    assert command.journal() == []
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
async def test_two_devstacks_cannot_share_their_data(
    devstack: RunDevstack, free_offset: int
) -> None:
    first = await devstack()
    await first.prints(UP)
    second = await devstack(offset=free_offset + 3)
    assert await second.exit_status() == 1
    assert "Maskline runs already with the data in" in second.output
    assert set(first.processes()) == ALL_PROCESSES
