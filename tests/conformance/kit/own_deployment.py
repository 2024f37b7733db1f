"""A deployment of the suite's own: `python -m devstack` as a child, like `make run`."""

import os
import random
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from conformance.kit.target import Target

LOOPBACK = "127.0.0.1"
# The ports of `make run`; an offset moves all of them.
CONVERSATION_PORT, SIMULATOR_PORT = 8081, 8090
PORTS = (6390, 8080, SIMULATOR_PORT, CONVERSATION_PORT, 8082)
# The moved ports lie outside those that Linux gives to outgoing connections (32768 to 60999).
FIRST_OFFSET, LAST_OFFSET = 11_000, 15_000
SERVICES = ("GATEWAY_", "CONVERSATION_", "MESSAGING_", "SIMULATOR_", "REDIS_")
RUNNING = "Maskline runs."
STOP_SECONDS = 30
# Nothing here is about the carrier's speed.
SENDS_PER_SECOND = "1000"


@contextmanager
def own_deployment(folder: Path) -> Iterator[Target]:
    """Runs until the block ends. Callers are told apart, so that credentials can be tested."""
    tokens = {role: secrets.token_hex(32) for role in ("operator", "gateway", "powerless")}
    offset = _free_offset()
    options = ("--port-offset", str(offset), "--data-folder", str(folder / "data"))
    process = subprocess.Popen(
        (sys.executable, "-m", "devstack", *options),
        env=_environment(folder, tokens),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_until_running(process)
        yield Target(
            address=f"{LOOPBACK}:{CONVERSATION_PORT + offset}",
            simulator_url=f"http://{LOOPBACK}:{SIMULATOR_PORT + offset}",
            token=tokens["operator"],
            powerless_token=tokens["powerless"],
            is_own=True,
        )
    finally:
        process.terminate()
        process.communicate(timeout=STOP_SECONDS)


def _environment(folder: Path, tokens: dict[str, str]) -> dict[str, str]:
    """Settings in somebody's shell do not count."""
    roles = tokens | {"conversation-service": tokens["powerless"]}
    del roles["powerless"]
    callers = folder / "callers.toml"
    callers.write_text("".join(_caller(role, token) for role, token in roles.items()))
    shell = {name: value for name, value in os.environ.items() if not name.startswith(SERVICES)}
    return shell | {
        "CONVERSATION_CALLERS_FILE": str(callers),
        "GATEWAY_CONVERSATION_TOKEN": tokens["gateway"],
        "MESSAGING_SMS_PER_SECOND": SENDS_PER_SECOND,
    }


def _caller(role: str, token: str) -> str:
    digest = sha256(token.encode()).hexdigest()
    return f'[[callers]]\ntoken_sha256 = "{digest}"\nrole = "{role}"\n'


def _wait_until_running(process: subprocess.Popen[str]) -> None:
    """devstack says so, or ends with a reason."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        if RUNNING in line:
            return
        lines.append(line)
    raise RuntimeError(f"Maskline does not start: {''.join(lines)}")


def _free_offset() -> int:
    for offset in random.sample(range(FIRST_OFFSET, LAST_OFFSET), 100):
        if all(_is_free(port + offset) for port in PORTS):
            return offset
    raise OSError("no port offset is free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex((LOOPBACK, port)) != 0
