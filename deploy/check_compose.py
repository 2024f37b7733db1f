"""Checks docker-compose.yml and the Dockerfiles: `python deploy/check_compose.py`.

Needs no Docker engine. The rules cover startup order, settings and hardening.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import yaml
from pydantic import ValidationError

from conversation_service.app.settings import Settings as ConversationSettings
from gateway.settings import Settings as GatewaySettings
from messaging_service.config.settings import Settings as MessagingSettings
from runtime.settings.base import ServiceSettings
from simulator.settings import Settings as SimulatorSettings

REPOSITORY = Path(__file__).resolve().parents[1]
SETTINGS: dict[str, type[ServiceSettings]] = {
    "conversation-service": ConversationSettings,
    "gateway": GatewaySettings,
    "messaging-service": MessagingSettings,
    "simulator": SimulatorSettings,
}
SERVICES = {*SETTINGS, "redis"}
PUBLISHED = {"gateway", "simulator"}
MEMBERS = {
    "carrier": {"messaging-service", "simulator"},
    "state": {"conversation-service", "messaging-service", "redis"},
}
INTERNAL = ("calls", "sends", "state")
HARDENED: dict[str, "Node"] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
}
LIMITS = ("mem_limit", "pids_limit")
LOOSENING = ("privileged", "cap_add", "network_mode", "pid", "ipc", "devices")

PUBLISHED_PORT = re.compile(r"\$\{PUBLISH_ADDRESS:-127\.0\.0\.1\}:\$\{[A-Z_]+:-\d+\}:\d+")
NUMERIC_USER = re.compile(r"[1-9]\d*:[1-9]\d*")
SECRET = re.compile(r"(KEY|SECRET|TOKEN|PASSWORD)S?(_FILE)?$")
# Secrets that `make up` writes; without them the services refuse to start.
FROM_MAKE_UP = {
    "CONVERSATION_STATE_KEY",
    "CONVERSATION_REDIS_PASSWORD",
    "MESSAGING_LEDGER_KEY",
    "MESSAGING_REDIS_PASSWORD",
    "GATEWAY_CALLBACK_TOKENS",
}
GIVEN = "x" * 32
VARIABLE = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")
IN_DOCKERFILE = {
    "takes its base image as an argument": re.compile(r"^ARG PYTHON_IMAGE=\S+$", re.M),
    "builds on that argument alone": re.compile(
        r"\A(?!.*^FROM (?!\$\{PYTHON_IMAGE\}))", re.M | re.S
    ),
    "runs as a numeric user": re.compile(r"^USER [1-9]\d*:[1-9]\d*$", re.M),
    "checks its health": re.compile(r"^HEALTHCHECK .*\\\n +CMD \[", re.M),
    "configures its health check by its own settings": re.compile(
        r'"runtime\.healthcheck", .*"--settings", "[A-Z]+_"\]$', re.M
    ),
    "is stopped by SIGTERM": re.compile(r"^STOPSIGNAL SIGTERM$", re.M),
    "starts without a shell": re.compile(r'^ENTRYPOINT \["python", "-m", "\w+"\]$', re.M),
    "contains no secret": re.compile(r"\A(?!.*(KEY|SECRET|TOKEN|PASSWORD)S?[= ])", re.S),
    "installs by hash": re.compile(r"--require-hashes -r requirements/[\w-]+\.txt$", re.M),
}

Node: TypeAlias = "dict[str, Node] | list[Node] | str | int | float | bool | None"
Mapping: TypeAlias = "dict[str, Node]"
Problems: TypeAlias = Iterator[str]


def main() -> None:
    """Prints the violations; the exit status is 1 if there are any."""
    problems = [*problems_in((REPOSITORY / "docker-compose.yml").read_text()), *_dockerfiles()]
    print(*(problems or ["docker-compose.yml and the Dockerfiles follow the rules."]), sep="\n")
    sys.exit(1 if problems else 0)


def problems_in(text: str) -> list[str]:
    """The violations in a compose file, one sentence each."""
    try:
        compose = _mapping(yaml.safe_load(text))
    except yaml.YAMLError as error:
        return [f"docker-compose.yml is not YAML: {error}"]
    services = {name: _mapping(node) for name, node in _mapping(compose.get("services")).items()}
    if services.keys() != SERVICES:
        return [f"the services must be {sorted(SERVICES)}, not {sorted(services)}"]
    return [
        *_networks(compose, services),
        *_volumes(compose, services),
        *(
            f"{name}: {problem}"
            for name, service in services.items()
            for rule in RULES
            for problem in rule(name, service, services)
        ),
    ]


def _networks(compose: Mapping, services: dict[str, Mapping]) -> Problems:
    networks = {name: _mapping(node) for name, node in _mapping(compose.get("networks")).items()}
    for name in INTERNAL:
        if networks.get(name, {}).get("internal") is not True:
            yield f"the network {name} must be internal"
    for name, members in MEMBERS.items():
        actual = {service for service, node in services.items() if name in _networks_of(node)}
        if actual != members:
            yield f"only {sorted(members)} may be on the network {name}, not {sorted(actual)}"
    for service, node in services.items():
        for name in _networks_of(node) - networks.keys():
            yield f"{service}: the network {name} is not declared"


def _volumes(compose: Mapping, services: dict[str, Mapping]) -> Problems:
    for name, service in services.items():
        for volume in map(str, _items(service.get("volumes"))):
            source = _by_default(volume).split(":")[0]
            is_named = source in _mapping(compose.get("volumes"))
            if not is_named and not (REPOSITORY / source).is_file():
                yield f"{name}: the volume's source {source} does not exist"


def _is_built_here(name: str, service: Mapping, _services: dict[str, Mapping]) -> Problems:
    if name == "redis":
        return
    build = _mapping(service.get("build"))
    if build.get("context") != "." or build.get("dockerfile") != f"{name}/Dockerfile":
        yield "must be built from the repository's root with its own Dockerfile"
    argument = str(_mapping(build.get("args")).get("PYTHON_IMAGE"))
    if not argument.startswith("${PYTHON_IMAGE:-"):
        yield "its base image must be the variable PYTHON_IMAGE"


def _configures_redis(name: str, service: Mapping, _services: dict[str, Mapping]) -> Problems:
    if name != "redis":
        return
    if not str(service.get("image")).startswith("${REDIS_IMAGE:-"):
        yield "its image must be the variable REDIS_IMAGE"
    if not NUMERIC_USER.fullmatch(str(service.get("user"))):
        yield "needs a numeric user other than root"
    if not _mapping(service.get("healthcheck")).get("test"):
        yield "needs a health check"
    if "--aclfile" not in _items(service.get("command")):
        yield "its users must come from a file (--aclfile)"


def _is_hardened(_name: str, service: Mapping, _services: dict[str, Mapping]) -> Problems:
    for key, value in HARDENED.items():
        if service.get(key) != value:
            yield f"{key} must be {value}"
    for key in LIMITS:
        if not service.get(key):
            yield f"needs a limit: {key}"
    for key in LOOSENING:
        if key in service:
            yield f"{key} must not be set"


def _publishes_ports(name: str, service: Mapping, _services: dict[str, Mapping]) -> Problems:
    ports = _items(service.get("ports"))
    if len(ports) != (name in PUBLISHED):
        yield f"publishes {len(ports)} ports"
    for port in ports:
        if not PUBLISHED_PORT.fullmatch(str(port)):
            yield f"{port} must listen on loopback by default, on a port that can be changed"


def _has_valid_settings(name: str, service: Mapping, _services: dict[str, Mapping]) -> Problems:
    environment = _mapping(service.get("environment"))
    if name not in SETTINGS:
        return
    fields = _fields(SETTINGS[name])
    for setting in environment:
        if setting not in fields and setting.removesuffix("_FILE") not in fields:
            yield f"{setting} is no setting of this service"
    values = {fields[key]: value for key, value in environment.items() if key in fields and value}
    given = {fields[key]: GIVEN for key in environment if key in fields and key in FROM_MAKE_UP}
    try:
        SETTINGS[name].model_validate(
            {**given, **{key: _by_default(str(values[key])) for key in values}}
        )
    except ValidationError as error:
        for problem in error.errors():
            yield f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def _contains_no_secret(_name: str, service: Mapping, _services: dict[str, Mapping]) -> Problems:
    """The file, command lines and `docker inspect` are readable by others."""
    for setting, value in _mapping(service.get("environment")).items():
        if SECRET.search(setting) and not setting.endswith("_FILE") and value is not None:
            yield f"{setting} must only be passed on, without a value"
    arguments = map(str, [*_items(service.get("command")), *_items(service.get("entrypoint"))])
    if any(SECRET.search(argument.upper()) for argument in arguments):
        yield "a command line is no place for a secret"


def _is_a_redis_user(_name: str, service: Mapping, _services: dict[str, Mapping]) -> Problems:
    users = (REPOSITORY / "deploy" / "redis.acl").read_text()
    for setting, value in _mapping(service.get("environment")).items():
        if setting.endswith("_REDIS_URL"):
            user = urlsplit(_by_default(str(value))).username
            if f"user {user} on " not in users:
                yield f"{setting} must name a user of deploy/redis.acl"


def _reaches_its_targets(_name: str, service: Mapping, services: dict[str, Mapping]) -> Problems:
    for setting, value in _mapping(service.get("environment")).items():
        for host in re.findall(r"(?:^|//(?:[\w-]+@)?)([\w-]+):\d+", _by_default(str(value))):
            other = services.get(host)
            if other is None:
                yield f"{setting} names {host}, which is no service"
            elif setting != "MESSAGING_PUBLIC_URL" and not _share_a_network(service, other):
                yield f"{setting} names {host}, which is on none of its networks"


def _waits_for_health(_name: str, service: Mapping, services: dict[str, Mapping]) -> Problems:
    for dependency, node in _mapping(service.get("depends_on")).items():
        if dependency not in services:
            yield f"depends on {dependency}, which is no service"
        if _mapping(node).get("condition") != "service_healthy":
            yield f"must wait until {dependency} is healthy"


RULES: tuple[Callable[[str, Mapping, dict[str, Mapping]], Problems], ...] = (
    _is_built_here,
    _configures_redis,
    _is_hardened,
    _publishes_ports,
    _has_valid_settings,
    _contains_no_secret,
    _is_a_redis_user,
    _reaches_its_targets,
    _waits_for_health,
)


def _dockerfiles() -> Problems:
    for service in SETTINGS:
        for problem in problems_in_dockerfile((REPOSITORY / service / "Dockerfile").read_text()):
            yield f"{service}/Dockerfile: {problem}"


def problems_in_dockerfile(text: str) -> list[str]:
    """The violations in a Dockerfile."""
    return [f"violated: {rule}" for rule, form in IN_DOCKERFILE.items() if not form.search(text)]


def _fields(settings: type[ServiceSettings]) -> dict[str, str]:
    prefix = str(settings.model_config.get("env_prefix"))
    return {f"{prefix}{field}".upper(): field for field in settings.model_fields}


def _share_a_network(service: Mapping, other: Mapping) -> bool:
    return bool(_networks_of(service) & _networks_of(other))


def _networks_of(service: Mapping) -> set[str]:
    return set(map(str, _items(service.get("networks"))))


def _by_default(value: str) -> str:
    """The value if none of the variables in it is set."""
    return VARIABLE.sub(r"\2", value)


def _mapping(node: Node) -> Mapping:
    return node if isinstance(node, dict) else {}


def _items(node: Node) -> list[Node]:
    return node if isinstance(node, list) else []


if __name__ == "__main__":
    main()
