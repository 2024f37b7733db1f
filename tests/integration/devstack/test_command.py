"""`python -m devstack`: one command up, one Ctrl-C down, nothing left behind."""

import os
import signal
import socket
from pathlib import Path

import pytest

from devstack.ports import Ports
from devstack.supervisor import RESTART_LIMIT

from .conftest import RunDevstack
from .processes import ended

SERVICES = ["simulator", "messaging_service", "conversation_service", "gateway"]
UP = "Stop     Ctrl-C"
ALL_PARTS = {"valkey", *SERVICES}


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_one_signal_stops_all_parts_in_reverse_order(
    devstack: RunDevstack, signum: signal.Signals
) -> None:
    command = await devstack()
    await command.said(UP)
    assert set(command.parts()) == ALL_PARTS
    command.send(signum)
    assert await command.exit_status() == 0
    assert command.parts() == {}
    started = [f"{part} +" for part in SERVICES]
    assert command.journal() == [*started, *(f"{part} -" for part in reversed(SERVICES))]


async def test_it_says_where_the_page_is_and_where_the_logs_are(
    devstack: RunDevstack, free_offset: int, tmp_path: Path
) -> None:
    command = await devstack()
    await command.said(UP)
    assert f"http://127.0.0.1:{Ports.moved_by(free_offset).simulator}\n" in command.output
    assert "data/logs" in command.output
    logs = tmp_path / "data" / "logs"
    assert {log.stem for log in logs.iterdir()} == ALL_PARTS


async def test_no_part_outlives_a_killed_devstack(devstack: RunDevstack) -> None:
    command = await devstack()
    await command.said(UP)
    assert set(command.parts()) == ALL_PARTS
    command.send(signal.SIGKILL)
    await command.nothing_is_left()


async def test_a_signal_during_the_start_stops_what_had_started(devstack: RunDevstack) -> None:
    command = await devstack()
    await command.said("Maskline starts")
    command.send(signal.SIGINT)
    assert await command.exit_status() == 0
    assert command.parts() == {}


@pytest.mark.parametrize("part", ["conversation_service", "valkey"])
async def test_a_killed_part_is_started_again_and_nothing_is_left_at_the_end(
    devstack: RunDevstack, part: str
) -> None:
    command = await devstack()
    await command.said(UP)
    os.kill(command.parts()[part], signal.SIGKILL)
    await command.said(f"{part} ended (SIGKILL); it is started again.")
    await command.said(f"{part} is back.")
    assert set(command.parts()) == ALL_PARTS
    command.send(signal.SIGINT)
    assert await command.exit_status() == 0
    assert command.parts() == {}


async def test_a_part_that_dies_too_often_ends_everything(devstack: RunDevstack) -> None:
    command = await devstack()
    await command.said(UP)
    for _ in range(RESTART_LIMIT):
        os.kill(command.parts()["gateway"], signal.SIGKILL)
        await command.said("gateway is back.")
        command.output = ""
    os.kill(command.parts()["gateway"], signal.SIGKILL)
    assert await command.exit_status() == 1
    assert "gateway ended (SIGKILL), once too often" in command.output
    assert command.parts() == {}


async def test_a_second_ctrl_c_does_not_wait_for_a_part_that_does_not_end(
    devstack: RunDevstack,
) -> None:
    command = await devstack(STAND_IN_DEAF="gateway")
    await command.said(UP)
    gateway = command.parts()["gateway"]
    command.send(signal.SIGINT)
    await command.said("Stopping")
    command.send(signal.SIGINT)
    await ended(gateway)
    assert await command.exit_status() == 0
    assert command.parts() == {}
    others_asked_to_end = {f"{part} -" for part in SERVICES if part != "gateway"}
    assert not others_asked_to_end & set(command.journal())


async def test_a_part_that_cannot_start_shows_its_reason_and_ends_everything(
    devstack: RunDevstack,
) -> None:
    command = await devstack(STAND_IN_BROKEN="conversation_service")
    assert await command.exit_status() == 1
    assert "conversation_service ended (exit status 1)" in command.output
    assert "conversation_service has no settings" in command.output
    assert UP not in command.output
    assert command.parts() == {}
    assert "gateway +" not in command.journal()


async def test_a_taken_port_is_refused_before_anything_starts(
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


async def test_two_devstacks_never_share_a_data_folder(
    devstack: RunDevstack, free_offset: int
) -> None:
    first = await devstack()
    await first.said(UP)
    second = await devstack(offset=free_offset + 3)
    assert await second.exit_status() == 1
    assert "Maskline runs already with the data in" in second.output
    assert set(first.parts()) == ALL_PARTS


async def test_a_port_offset_without_ports_is_refused(devstack: RunDevstack) -> None:
    command = await devstack(offset=60_000)
    assert await command.exit_status() == 1
    assert "must lie between 0 and" in command.output
