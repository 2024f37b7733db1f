"""A Redis-compatible server with the users of deploy/redis.acl."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as NotListening

from devstack.valkey import server_command
from support.net.ports import free_port

USERS = Path(__file__).parents[3] / "deploy" / "redis.acl"
# For the tests, which empty the server and read its log of denied commands.
TESTER = "user tester on nopass ~* &* +@all\n"
START_SECONDS = 10


class RestrictedRedis:
    """A running server with a URL for each user."""

    def __init__(self, port: int) -> None:
        self._port = port

    def _tester(self) -> Redis:
        return Redis(port=self._port, username="tester", password="any")

    def url(self, user: str, database: int = 0) -> str:
        """The URL of a user; no password is needed."""
        return f"redis://{user}@127.0.0.1:{self._port}/{database}"

    def refusals(self, user: str) -> list[str]:
        """The commands denied to a user since the last call; empties the server."""
        with self._tester() as tester:
            entries = tester.acl_log()
            tester.acl_log_reset()
            tester.flushall()
        return [str(entry["object"]) for entry in entries if entry["username"] == user]

    def commands(self) -> set[str]:
        """Every command of the server, without subcommands."""
        with self._tester() as tester:
            # redis-py would parse the reply as that of COMMAND.
            tester.response_callbacks.pop("COMMAND", None)
            names = tester.execute_command("COMMAND", "LIST")
        return {name.decode() for name in names}

    def wait_until_ready(self) -> None:
        """Pings, the only command of the default user."""
        with Redis(port=self._port) as client:
            for _ in range(START_SECONDS * 50):
                try:
                    client.ping()
                    return
                except NotListening:
                    # Another process gives no signal when it is ready.
                    time.sleep(0.02)
        raise TimeoutError


@contextmanager
def restricted_redis(folder: Path) -> Iterator[RestrictedRedis]:
    """A server for one test or module."""
    port, users = free_port(), folder / "users.acl"
    users.write_text(USERS.read_text() + TESTER)
    command = [*server_command(port, folder, durable=False), "--aclfile", str(users)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        running = RestrictedRedis(port)
        running.wait_until_ready()
        yield running
    finally:
        server.kill()
        server.wait()
