"""Checks docker-compose.yml and the Dockerfiles: `python deploy/check_compose.py`.

Needs no Docker engine. Each rule is a promise that nothing else would notice to be broken before
somebody starts the stack, or before somebody breaks into it.
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
VARIABLE = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")
IN_DOCKERFILE = {
    "takes its base image as an argument": re.compile(r"^ARG PYTHON_IMAGE=\S+$", re.M),
    "builds on that argument alone": re.compile(
        r"\A(?!.*^FROM (?!\$\{PYTHON_IMAGE\}))", re.M | re.S
    ),
    "runs as a user told by number": re.compile(r"^USER [1-9]\d*:[1-9]\d*$", re.M),
    "checks its health": re.compile(r"^HEALTHCHECK .*\\\n +CMD \[", re.M),
    "asks for its health as its own settings ask to be asked": re.compile(
        r'"runtime\.healthcheck", .*"--settings", "[A-Z]+_"\]$', re.M
    ),
    "is stopped by SIGTERM": re.compile(r"^STOPSIGNAL SIGTERM$", re.M),
    "starts without a shell": re.compile(r'^ENTRYPOINT \["python", "-m", "\w+"\]$', re.M),
    "holds no secret": re.compile(r"\A(?!.*(KEY|SECRET|TOKEN|PASSWORD)S?[= ])", re.S),
    "installs by hash": re.compile(r"--require-hashes -r requirements/[\w-]+\.txt$", re.M),
}

Node: TypeAlias = "dict[str, Node] | list[Node] | str | int | float | bool | None"
Mapping: TypeAlias = "dict[str, Node]"
Problems: TypeAlias = Iterator[str]


def main() -> None:
    """Prints each broken promise; the exit status is 1 when there is one."""
    problems = [*problems_in((REPOSITORY / "docker-compose.yml").read_text()), *_dockerfiles()]
    print(*(problems or ["docker-compose.yml and the Dockerfiles keep their promises."]), sep="\n")
    sys.exit(1 if problems else 0)


def problems_in(text: str) -> list[str]:
    """What is wrong with a compose file, one sentence each."""
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
        found = {service for service, node in services.items() if name in _networks_of(node)}
        if found != members:
            yield f"only {sorted(members)} may be on the network {name}, not {sorted(found)}"
    for service, node in services.items():
        for name in _networks_of(node) - networks.keys():
            yield f"{service}: the network {name} is not declared"


def _volumes(compose: Mapping, services: dict[str, Mapping]) -> Problems:
    for name, service in services.items():
        for volume in map(str, _items(service.get("volumes"))):
            source = _by_default(volume).split(":")[0]
            named = source in _mapping(compose.get("volumes"))
            if not named and not (REPOSITORY / source).is_file():
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


def _has_what_an_image_would_tell(
    name: str, service: Mapping, _services: dict[str, Mapping]
) -> Problems:
    if name != "redis":
        return
    if not str(service.get("image")).startswith("${REDIS_IMAGE:-"):
        yield "its image must be the variable REDIS_IMAGE"
    if not NUMERIC_USER.fullmatch(str(service.get("user"))):
        yield "needs a user told by number, and not root"
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


def _publishes_no_more_than_it_should(
    name: str, service: Mapping, _services: dict[str, Mapping]
) -> Problems:
    ports = _items(service.get("ports"))
    if len(ports) != (name in PUBLISHED):
        yield f"publishes {len(ports)} ports"
    for port in ports:
        if not PUBLISHED_PORT.fullmatch(str(port)):
            yield f"{port} must listen on loopback unless told, on a port that can be changed"


def _has_real_settings(name: str, service: Mapping, _services: dict[str, Mapping]) -> Problems:
    given = _mapping(service.get("environment"))
    if name not in SETTINGS:
        return
    fields = _fields(SETTINGS[name])
    for setting in given:
        if setting not in fields and setting.removesuffix("_FILE") not in fields:
            yield f"{setting} is no setting of this service"
    values = {fields[key]: value for key, value in given.items() if key in fields and value}
    try:
        SETTINGS[name].model_validate({key: _by_default(str(values[key])) for key in values})
    except ValidationError as error:
        for problem in error.errors():
            yield f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def _holds_no_secret(name: str, service: Mapping, _services: dict[str, Mapping]) -> Problems:
    """What the file, a command line or `docker inspect` of an image shows is no secret."""
    for setting, value in _mapping(service.get("environment")).items():
        if SECRET.search(setting) and not setting.endswith("_FILE") and value is not None:
            yield f"{setting} must only be passed on, without a value"
    words = map(str, [*_items(service.get("command")), *_items(service.get("entrypoint"))])
    if any(SECRET.search(word.upper()) for word in words):
        yield "a command line is no place for a secret"


def _is_a_redis_user(name: str, service: Mapping, _services: dict[str, Mapping]) -> Problems:
    users = (REPOSITORY / "deploy" / "redis.acl").read_text()
    for setting, value in _mapping(service.get("environment")).items():
        if setting.endswith("_REDIS_URL"):
            user = urlsplit(_by_default(str(value))).username
            if f"user {user} on " not in users:
                yield f"{setting} must name a user of deploy/redis.acl"


def _reaches_what_it_names(name: str, service: Mapping, services: dict[str, Mapping]) -> Problems:
    for setting, value in _mapping(service.get("environment")).items():
        for named in re.findall(r"(?:^|//(?:[\w-]+@)?)([\w-]+):\d+", _by_default(str(value))):
            other = services.get(named)
            if other is None:
                yield f"{setting} names {named}, which is no service"
            elif setting != "MESSAGING_PUBLIC_URL" and not _share_a_network(service, other):
                yield f"{setting} names {named}, which is on none of its networks"


def _waits_for_health(_name: str, service: Mapping, services: dict[str, Mapping]) -> Problems:
    for dependency, node in _mapping(service.get("depends_on")).items():
        if dependency not in services:
            yield f"depends on {dependency}, which is no service"
        if _mapping(node).get("condition") != "service_healthy":
            yield f"must wait until {dependency} is healthy"


RULES: tuple[Callable[[str, Mapping, dict[str, Mapping]], Problems], ...] = (
    _is_built_here,
    _has_what_an_image_would_tell,
    _is_hardened,
    _publishes_no_more_than_it_should,
    _has_real_settings,
    _holds_no_secret,
    _is_a_redis_user,
    _reaches_what_it_names,
    _waits_for_health,
)


def _dockerfiles() -> Problems:
    for service in SETTINGS:
        for problem in problems_in_dockerfile((REPOSITORY / service / "Dockerfile").read_text()):
            yield f"{service}/Dockerfile: {problem}"


def problems_in_dockerfile(text: str) -> list[str]:
    """What a Dockerfile promises and does not keep."""
    return [
        f"not kept: {promise}" for promise, form in IN_DOCKERFILE.items() if not form.search(text)
    ]


def _fields(settings: type[ServiceSettings]) -> dict[str, str]:
    prefix = str(settings.model_config.get("env_prefix"))
    return {f"{prefix}{field}".upper(): field for field in settings.model_fields}


def _share_a_network(one: Mapping, other: Mapping) -> bool:
    return bool(_networks_of(one) & _networks_of(other))


def _networks_of(service: Mapping) -> set[str]:
    return set(map(str, _items(service.get("networks"))))


def _by_default(value: str) -> str:
    """The value when none of the variables in it is set."""
    return VARIABLE.sub(r"\2", value)


def _mapping(node: Node) -> Mapping:
    return node if isinstance(node, dict) else {}


def _items(node: Node) -> list[Node]:
    return node if isinstance(node, list) else []


if __name__ == "__main__":
    main()
