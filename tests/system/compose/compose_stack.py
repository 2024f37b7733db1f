"""The docker-compose stack with its own project name and ports."""

import json
import os
import secrets
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from support.net.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[3]
COMPOSE = (sys.executable, "deploy/compose.py")
# Fixed, so that the next run removes what a killed one left.
PROJECT = "maskline-test"
# Four images built from nothing.
UP_LIMIT_SECONDS = 900
LIMIT_SECONDS = 120


class ComposeStack:
    """Started and ended by the commands of `make up` and `make down`."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._gateway_port, self._simulator_port = free_port(), free_port()
        self.simulator_url = f"http://127.0.0.1:{self._simulator_port}"
        self.published = {
            "gateway": ("127.0.0.1", str(self._gateway_port)),
            "simulator": ("127.0.0.1", str(self._simulator_port)),
        }
        self._environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": PROJECT,
            "GATEWAY_PORT": str(self._gateway_port),
            "SIMULATOR_PORT": str(self._simulator_port),
            "CONVERSATION_STATE_KEY": secrets.token_urlsafe(32),
            "MESSAGING_LEDGER_KEY": secrets.token_urlsafe(32),
            **_redis_users(Path(self._folder.name)),
            **dict.fromkeys(
                ("GATEWAY_CALLBACK_TOKENS", "SIMULATOR_CALLBACK_TOKEN"), secrets.token_urlsafe(32)
            ),
            # A callback that meets a restart comes again soon.
            "SIMULATOR_RESEND_INTERVAL_SECONDS": "1",
        }

    def up(self) -> str:
        return self._run(*COMPOSE, "up", limit=UP_LIMIT_SECONDS)

    def down(self) -> None:
        self._run(*COMPOSE, "down", "--volumes", "--remove-orphans")

    def close(self) -> None:
        """Removes containers, volumes and files."""
        self.down()
        self._folder.cleanup()

    def restart(self, service: str) -> None:
        self._run("docker", "restart", self.container(service))

    def kill(self, service: str) -> None:
        """SIGKILL, then a new start of the same container."""
        self._run("docker", "kill", self.container(service))
        self._run("docker", "start", self.container(service))

    def services(self) -> set[str]:
        label = '{{.Label "com.docker.compose.service"}}'
        return set(self._containers("--format", label))

    def container(self, service: str) -> str:
        filtered = self._containers("-q", "--filter", f"label=com.docker.compose.service={service}")
        [container] = filtered
        return container

    def inspect(self, service: str, what: str) -> object:
        """One part of what Docker says about a service's container."""
        template = f"{{{{json {what}}}}}"
        told = self._run("docker", "inspect", "--format", template, self.container(service))
        answer: object = json.loads(told)
        return answer

    def networks(self, service: str) -> set[str]:
        """The networks a service is on, by their names in the compose file."""
        found = self.inspect(service, ".NetworkSettings.Networks")
        assert isinstance(found, dict)
        return {name.removeprefix(f"{PROJECT}_") for name in found}

    def user(self, service: str) -> str:
        """The user id that the service's own process runs as."""
        told = self._run("docker", "exec", self.container(service), "cat", "/proc/1/status")
        [line] = [line for line in told.splitlines() if line.startswith("Uid:")]
        return line.split()[1]

    def _containers(self, *options: str) -> list[str]:
        mine = ("--filter", f"label=com.docker.compose.project={PROJECT}")
        return self._run("docker", "ps", "--all", *mine, *options).split()

    def _run(self, *command: str, limit: float = LIMIT_SECONDS) -> str:
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit,
        )
        assert done.returncode == 0, f"{command} failed:\n{done.stdout[-4000:]}"
        return done.stdout


def _redis_users(folder: Path) -> dict[str, str]:
    """Redis users with passwords, as `make up` makes them, in a file of this stack."""
    users = (REPOSITORY / "deploy" / "redis.acl").read_text()
    passwords = {name: secrets.token_urlsafe(32) for name in ("conversation", "messaging")}
    for name, password in passwords.items():
        digest = sha256(password.encode()).hexdigest()
        users = users.replace(f"maskline-{name} on nopass", f"maskline-{name} on #{digest}")
    file = folder / "redis.acl"
    file.write_text(users)
    # The container reads it as a user of its own.
    file.parent.chmod(0o755)
    named = {f"{name.upper()}_REDIS_PASSWORD": value for name, value in passwords.items()}
    return {**named, "REDIS_USERS_FILE": str(file)}


def docker_answers() -> bool:
    """Whether there is a Docker engine to speak to."""
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=LIMIT_SECONDS)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
