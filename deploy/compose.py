"""Starts, stops and checks the docker-compose stack: `python deploy/compose.py up | down | check`.

Works with Compose v2 (`docker compose`) and with the older `docker-compose`. Needs only Python's
standard library.
"""

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
# The Redis users, and the variables of their passwords.
REDIS_USERS = {
    "maskline-conversation": "CONVERSATION_REDIS_PASSWORD",
    "maskline-messaging": "MESSAGING_REDIS_PASSWORD",
}
USERS_WITHOUT_PASSWORDS = REPOSITORY / "deploy" / "redis.acl"
USERS_FILE = "./.redis.acl"
# The first two encrypt the data in Redis, which cannot be read without them.
KEYS = ("CONVERSATION_STATE_KEY", "MESSAGING_LEDGER_KEY", *REDIS_USERS.values())
# The gateway's setting and the simulator's, which have the same value.
CALLBACK_TOKEN = ("GATEWAY_CALLBACK_TOKENS", "SIMULATOR_CALLBACK_TOKEN")
# Set for a real carrier.
CARRIER = "MESSAGING_FLOWROUTE_URL"
OWNER_ONLY = 0o600
OTHERS = 0o077
PUBLISHED = {"simulator": 8090, "gateway": 8080}
# The services start one after the other, each within half a minute.
HEALTH_LIMIT_SECONDS = 150
POLL_SECONDS = 1


def main() -> None:
    """Runs one command; the exit status is 0 only if it succeeded."""
    match sys.argv[1:]:
        case ["up", *options]:
            up(options)
        case ["down", *options]:
            _compose("down", *options)
        case ["check"]:
            check()
        case _:
            sys.exit("usage: compose.py up [OPTION...] | down [OPTION...] | check")


def up(options: list[str]) -> None:
    """Builds and starts everything, waits until it is healthy, and prints the addresses."""
    env_file = REPOSITORY / ".env"
    write_missing_keys(env_file)
    write_callback_token(env_file)
    if write_redis_users(env_file):
        # Redis reads its users when it starts.
        _compose("up", "--detach", "--force-recreate", "redis")
    _compose("up", "--build", "--detach", *options)
    wait_until_healthy()
    addresses = {service: _published(service) for service in PUBLISHED}
    print(f"\nMaskline runs.\n\n  Phones    http://{addresses['simulator']}")
    print(f"  Callbacks http://{addresses['gateway']}/api/message/<token, if the gateway has one>")
    print("  Stop      make down\n")


def check() -> None:
    """Validates the file with Compose, which needs no engine; skipped if not installed."""
    if installed_compose() is None:
        print("Skipped: neither `docker compose` nor `docker-compose` is installed.")
    else:
        _compose("config", "--quiet")


def protect(env_file: Path) -> None:
    """Takes the file from all but its owner; exits if that is not possible."""
    try:
        if env_file.exists() and env_file.stat().st_mode & OTHERS:
            env_file.chmod(OWNER_ONLY)
            print(f"{env_file} was open to other users; now only its owner may read it.")
    except OSError as error:
        sys.exit(f"{env_file} holds secrets and is open to other users: chmod 600 it ({error}).")


def write_missing_keys(env_file: Path) -> None:
    """Appends a random value for each key that neither the environment nor the file sets."""
    protect(env_file)
    content = env_file.read_text() if env_file.exists() else ""
    names = {line.partition("=")[0].strip() for line in content.splitlines()} | set(os.environ)
    missing = [key for key in KEYS if not names & {key, f"{key}_FILE"}]
    if not missing:
        return
    _append(env_file, {key: secrets.token_urlsafe(32) for key in missing})
    print(f"Wrote {', '.join(missing)} into {env_file}. Keep it: without it the data is lost.")


def write_callback_token(env_file: Path) -> None:
    """Sets the same callback token for gateway and simulator if they have none.

    Does nothing if a token is given as a file. A real carrier's callback URLs have to end with it.
    """
    values = {**_values(env_file), **os.environ}
    missing = [name for name in CALLBACK_TOKEN if not values.get(name)]
    if any(values.get(f"{name}_FILE") for name in CALLBACK_TOKEN):
        return
    if missing:
        existing = [values[name] for name in CALLBACK_TOKEN if name not in missing]
        token = existing[0] if existing else secrets.token_urlsafe(32)
        _append(env_file, dict.fromkeys(missing, token))
        print(f"Wrote {', '.join(missing)} into {env_file}.")
        if values.get(CARRIER):
            print("Set the carrier's callback URLs to /api/message/<token> and the like.")


def write_redis_users(env_file: Path) -> bool:
    """Writes the users file with the services' passwords; returns whether it changed.

    Does nothing with another users file, or if passwords are given as files.
    """
    values = {**_values(env_file), **os.environ}
    passwords = {user: values.get(key, "") for user, key in REDIS_USERS.items()}
    if values.get("REDIS_USERS_FILE", USERS_FILE) != USERS_FILE or not all(passwords.values()):
        return False
    users_file = env_file.parent / USERS_FILE
    users = with_passwords(USERS_WITHOUT_PASSWORDS.read_text(), passwords)
    if "REDIS_USERS_FILE" not in values:
        _append(env_file, {"REDIS_USERS_FILE": USERS_FILE})
    if users_file.exists() and users_file.read_text() == users:
        return False
    users_file.write_text(users)
    # Readable for the container's user; the file has only hashes of random passwords.
    users_file.chmod(0o644)
    return True


def with_passwords(users: str, passwords: dict[str, str]) -> str:
    """The content of the users file, each user with the hash of its password."""
    for user, password in passwords.items():
        digest = hashlib.sha256(password.encode()).hexdigest()
        users = users.replace(f"user {user} on nopass ", f"user {user} on #{digest} ")
    return users


def _values(env_file: Path) -> dict[str, str]:
    lines = env_file.read_text().splitlines() if env_file.exists() else []
    assignments = (line.partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in assignments}


def _append(env_file: Path, values: dict[str, str]) -> None:
    protect(env_file)
    env_file.touch(mode=OWNER_ONLY)
    content = env_file.read_text()
    line_break = "" if content.endswith("\n") or not content else "\n"
    lines = "".join(f"{name}={value}\n" for name, value in values.items())
    with env_file.open("a") as file:
        file.write(line_break + lines)


def wait_until_healthy() -> None:
    """Waits until every container is healthy; exits with an error after the limit."""
    deadline = time.monotonic() + HEALTH_LIMIT_SECONDS
    while unready := {name for name, health in _healths().items() if health != "healthy"}:
        if time.monotonic() > deadline:
            _compose("logs", "--tail=20", *sorted(unready), check=False)
            sys.exit(f"Not healthy after {HEALTH_LIMIT_SECONDS} s: {', '.join(sorted(unready))}")
        time.sleep(POLL_SECONDS)


def _healths() -> dict[str, str]:
    containers = _compose("ps", "--quiet", "--all", quiet=True).split()
    template = '{{index .Config.Labels "com.docker.compose.service"}} {{.State.Health.Status}}'
    output = _run(["docker", "inspect", "--format", template, *containers], quiet=True)
    return dict(line.split() for line in output.splitlines())


def _published(service: str) -> str:
    return _compose("port", service, str(PUBLISHED[service]), quiet=True).strip()


def installed_compose() -> list[str] | None:
    """The command of Compose v2 if available, else of the older program."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and _succeeds([*command, "version"]):
            return command
    return None


def _compose(*arguments: str, quiet: bool = False, check: bool = True) -> str:
    command = installed_compose()
    if command is None:
        sys.exit("Neither `docker compose` nor `docker-compose` is installed.")
    return _run([*command, *arguments], quiet=quiet, check=check)


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0


def _run(command: list[str], *, quiet: bool = False, check: bool = True) -> str:
    """Returns the output if quiet; exits with the command's status if it fails."""
    result = subprocess.run(
        command, cwd=REPOSITORY, text=True, stdout=subprocess.PIPE if quiet else None
    )
    if check and result.returncode:
        sys.exit(result.returncode)
    return result.stdout or ""


if __name__ == "__main__":
    main()
