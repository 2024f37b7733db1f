"""What is started, in which order, and with which environment. Nothing here starts anything."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from devstack.folder import DataFolder
from devstack.health import HealthCheck, http_is_ok, redis_answers
from devstack.ports import LOOPBACK, Ports
from devstack.redis_url import embedded_url, next_database
from devstack.valkey import server_command
from runtime.healthcheck import grpc_is_serving, tls_files_in

REPOSITORY = Path(__file__).resolve().parents[3]
VALKEY = "valkey"
# Where Flowroute keeps the pictures of inbound texts (seen in logged payloads).
FLOWROUTE_MEDIA = "https://*.amazonaws.com"

Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the stack."""

    name: str
    command: tuple[str, ...]
    environment: Environment
    is_healthy: HealthCheck


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the running stack is reached."""

    gateway_url: str
    simulator_url: str
    conversation_target: str
    messaging_target: str
    redis_url: str


def urls_of(ports: Ports, redis_url: str | None) -> Urls:
    """The addresses that follow from the ports; without a Redis URL the embedded server's."""
    return Urls(
        gateway_url=f"http://{LOOPBACK}:{ports.gateway}",
        simulator_url=f"http://{LOOPBACK}:{ports.simulator}",
        conversation_target=f"{LOOPBACK}:{ports.conversation_service}",
        messaging_target=f"{LOOPBACK}:{ports.messaging_service}",
        redis_url=redis_url or embedded_url(ports.valkey),
    )


def services(urls: Urls, folder: DataFolder, person: Environment) -> list[Part]:
    """The services in the order of starting."""
    return [
        simulator(urls, person),
        messaging_service(urls, folder, person),
        conversation_service(urls, folder, person),
        gateway(urls, person),
    ]


def embedded_redis(port: int, folder: DataFolder, person: Environment) -> Part:
    """The embedded server; what it acknowledged survives its kill."""
    return Part(
        VALKEY,
        tuple(server_command(port, folder.valkey, durable=True)),
        person,
        partial(redis_answers, embedded_url(port)),
    )


def simulator(urls: Urls, person: Environment) -> Part:
    """The carrier to play with."""
    wiring = {
        "SIMULATOR_LISTEN": _address(urls.simulator_url),
        "SIMULATOR_GATEWAY_URL": urls.gateway_url,
        "SIMULATOR_PUBLIC_URL": urls.simulator_url,
    }
    # What the person's gateway asks of the carrier, the carrier has to know.
    defaults = {
        f"SIMULATOR_CALLBACK_TOKEN{form}": person[f"GATEWAY_CALLBACK_TOKENS{form}"]
        for form in ("", "_FILE")
        if person.get(f"GATEWAY_CALLBACK_TOKENS{form}")
    }
    check = partial(http_is_ok, f"{urls.simulator_url}/healthz")
    return _service("simulator", environment(person, wiring, defaults), check)


def messaging_service(urls: Urls, folder: DataFolder, person: Environment) -> Part:
    """Speaks to the simulator unless the person's environment names another carrier."""
    wiring = {
        "MESSAGING_LISTEN": urls.messaging_target,
        "MESSAGING_REDIS_URL": next_database(urls.redis_url),
    }
    defaults = {
        "MESSAGING_FLOWROUTE_URL": urls.simulator_url,
        "MESSAGING_PUBLIC_URL": urls.gateway_url,
        "MESSAGING_LEDGER_KEY_FILE": str(folder.ledger_key),
        "MESSAGING_SERVES_REFLECTION": "true",
        "MESSAGING_MEDIA_ORIGINS": f"{FLOWROUTE_MEDIA},{urls.simulator_url}",
    }
    check = partial(grpc_is_serving, urls.messaging_target, tls_files_in(person, "MESSAGING_"))
    return _service("messaging_service", environment(person, wiring, defaults), check)


def conversation_service(urls: Urls, folder: DataFolder, person: Environment) -> Part:
    """Runs the pools of deploy/ unless the person's environment names others."""
    wiring = {
        "CONVERSATION_LISTEN": urls.conversation_target,
        "CONVERSATION_REDIS_URL": urls.redis_url,
        "CONVERSATION_MESSAGING_TARGET": urls.messaging_target,
    }
    defaults = {
        "CONVERSATION_POOLS_FILE": str(REPOSITORY / "deploy" / "pools.toml"),
        "CONVERSATION_STATE_KEY_FILE": str(folder.state_key),
        "CONVERSATION_SERVES_REFLECTION": "true",
    }
    check = partial(
        grpc_is_serving, urls.conversation_target, tls_files_in(person, "CONVERSATION_")
    )
    return _service("conversation_service", environment(person, wiring, defaults), check)


def gateway(urls: Urls, person: Environment) -> Part:
    """The edge; ready once the conversation service answers it."""
    wiring = {
        "GATEWAY_LISTEN": _address(urls.gateway_url),
        "GATEWAY_CONVERSATION_TARGET": urls.conversation_target,
    }
    defaults = {"GATEWAY_SERVES_OPENAPI": "true"}
    check = partial(http_is_ok, f"{urls.gateway_url}/readyz")
    return _service("gateway", environment(person, wiring, defaults), check)


def environment(
    person: Environment, wiring: Environment, defaults: Environment | None = None
) -> Environment:
    """What a service sees: the wiring always wins, the defaults yield to the person's own.

    A setting `NAME` may be given as `NAME_FILE`; a service refuses both at once.
    """
    kept = {name: value for name, value in person.items() if _setting(name) not in wiring}
    given = {_setting(name) for name in person}
    unset = {name: value for name, value in (defaults or {}).items() if _setting(name) not in given}
    return {**kept, **unset, **wiring}


def _setting(name: str) -> str:
    return name.removesuffix("_FILE")


def _service(package: str, seen: Environment, is_healthy: HealthCheck) -> Part:
    return Part(package, (sys.executable, "-m", package), seen, is_healthy)


def _address(url: str) -> str:
    return url.removeprefix("http://")
