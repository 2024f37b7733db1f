"""Processes that are started, and what they use of the processor."""

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

PATIENCE_SECONDS = 30.0


def start(held: ExitStack, *command: str) -> "subprocess.Popen[bytes]":
    """A process that is ended with what holds it. It finds the modules that this one finds."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    held.callback(_end, process)
    return process


def start_python(held: ExitStack, *module: str) -> "subprocess.Popen[bytes]":
    """`python -m ...`."""
    return start(held, sys.executable, "-m", *module)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(PATIENCE_SECONDS)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, from Linux's /proc; 0 elsewhere."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_cpu_seconds() -> float:
    """User and system time of the processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def processes_below(pid: int) -> dict[str, int]:
    """The children of a process by what they run: the last part of `-m NAME`, or the program."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(entry) == pid:
            command = (entry / "cmdline").read_bytes().decode().split("\0")
            at = command.index("-m") + 1 if "-m" in command else 0
            found[Path(command[at]).name] = int(entry.name)
    return found


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Looks again and again, with a limit."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {PATIENCE_SECONDS} s")
        time.sleep(0.02)


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
