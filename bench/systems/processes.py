"""Starts processes and measures their CPU time."""

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

LIMIT_SECONDS = 120.0

REPOSITORY = Path(__file__).resolve().parents[2]

# Of the benchmark alone: an interpreter finds Maskline's packages in its own environment.
MODULE_PATH = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "tests")))


def start(resources: ExitStack, *command: str, **settings: str) -> "subprocess.Popen[bytes]":
    """Starts a process that ends with `resources`; `settings` are added to its environment."""
    environment = {**os.environ, "PYTHONPATH": MODULE_PATH, **settings}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    resources.callback(_end, process)
    return process


def start_python(
    resources: ExitStack, *module: str, python: str = sys.executable, **settings: str
) -> "subprocess.Popen[bytes]":
    """Starts `python -m ...`."""
    return start(resources, python, "-m", *module, **settings)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(LIMIT_SECONDS)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, from Linux's /proc; 0 on other systems."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def writes(pid: int) -> int:
    """How often a process called write() so far, from Linux's /proc; 0 on other systems."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return int(dict(line.split(": ") for line in lines)["syscw"])


def children_cpu_seconds() -> float:
    """User and system time of the ended children of this process."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def processes_below(pid: int) -> list[tuple[str, int]]:
    """The children of a process: the last argument of `python -m ...`, or the program; and pid."""
    children = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(entry) == pid:
            command = (entry / "cmdline").read_bytes().decode().strip("\0").split("\0")
            name = command[-1] if "-m" in command else Path(command[0]).name
            children.append((name, int(entry.name)))
    return children


def listens(port: int) -> bool:
    """Whether the port accepts connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Polls a condition; raises TimeoutError after the limit."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {LIMIT_SECONDS} s")
        time.sleep(0.02)


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
