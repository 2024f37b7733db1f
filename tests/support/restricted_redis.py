"""A Redis-compatible server whose users have only what deploy/redis.acl gives them."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as NotYetThere

from devstack.valkey import server_command
from support.ports import free_port

USERS = Path(__file__).parents[2] / "deploy" / "redis.acl"
# The tests' own: they empty the server and read its log of refusals.
TESTER = "user tester on nopass ~* &* +@all\n"
START_SECONDS = 10


class RestrictedRedis:
    """One running server, with an address for each user."""

    def __init__(self, port: int) -> None:
        self._port = port

    def _tester(self) -> Redis:
        return Redis(port=self._port, username="tester", password="any")

    def url(self, user: str, database: int = 0) -> str:
        """Where a user gets in, who needs no password here."""
        return f"redis://{user}@127.0.0.1:{self._port}/{database}"

    def refusals(self, user: str) -> list[str]:
        """What a user was refused since the last time this was asked; empties the server."""
        with self._tester() as tester:
            listed = tester.acl_log()
            tester.acl_log_reset()
            tester.flushall()
        return [str(one["object"]) for one in listed if one["username"] == user]

    def commands(self) -> set[str]:
        """Every command of the server, without subcommands."""
        with self._tester() as tester:
            # redis-py takes the answer for that of COMMAND and stumbles.
            tester.response_callbacks.pop("COMMAND", None)
            listed = tester.execute_command("COMMAND", "LIST")
        return {one.decode() for one in listed}

    def wait_until_it_answers(self) -> None:
        """Its default user may ask for nothing else."""
        with Redis(port=self._port) as client:
            for _ in range(START_SECONDS * 50):
                try:
                    client.ping()
                    return
                except NotYetThere:
                    # A server of another process says nothing when it is up: it has to be asked.
                    time.sleep(0.02)
        raise TimeoutError


@contextmanager
def restricted_redis(folder: Path) -> Iterator[RestrictedRedis]:
    """A server of a test's own."""
    port, users = free_port(), folder / "users.acl"
    users.write_text(USERS.read_text() + TESTER)
    command = [*server_command(port, folder, durable=False), "--aclfile", str(users)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        running = RestrictedRedis(port)
        running.wait_until_it_answers()
        yield running
    finally:
        server.kill()
        server.wait()
