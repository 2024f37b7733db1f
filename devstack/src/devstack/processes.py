"""The commands and environments of the services, in the order of starting."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from devstack.data_dir import DataDirectory
from devstack.health import HealthCheck, http_is_ok, redis_answers
from devstack.ports import LOOPBACK, Ports
from devstack.redis_url import embedded_url, next_database
from devstack.valkey import server_command
from runtime.healthcheck import grpc_is_serving, tls_files_in

REPOSITORY = Path(__file__).resolve().parents[3]

VALKEY = "valkey"

# Where Flowroute stores the media of inbound messages (seen in logged payloads).
FLOWROUTE_MEDIA = "https://*.amazonaws.com"

Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """One process of the stack."""

    name: str
    command: tuple[str, ...]
    environment: Environment
    is_healthy: HealthCheck


@dataclass(frozen=True, slots=True)
class ServiceUrls:
    """The addresses of the running stack."""

    gateway_url: str
    simulator_url: str
    conversation_target: str
    messaging_target: str
    redis_url: str


def urls_of(ports: Ports, redis_url: str | None) -> ServiceUrls:
    """The addresses for the ports; without a Redis URL, that of the embedded server."""
    return ServiceUrls(
        gateway_url=f"http://{LOOPBACK}:{ports.gateway}",
        simulator_url=f"http://{LOOPBACK}:{ports.simulator}",
        conversation_target=f"{LOOPBACK}:{ports.conversation_service}",
        messaging_target=f"{LOOPBACK}:{ports.messaging_service}",
        redis_url=redis_url or embedded_url(ports.valkey),
    )


def services(
    urls: ServiceUrls, folder: DataDirectory, user_env: Environment
) -> list[ServiceProcess]:
    """The services in the order of starting."""
    return [
        simulator(urls, folder, user_env),
        messaging_service(urls, folder, user_env),
        conversation_service(urls, folder, user_env),
        gateway(urls, user_env),
    ]


def embedded_redis(port: int, folder: DataDirectory, user_env: Environment) -> ServiceProcess:
    """The embedded server. Acknowledged writes survive SIGKILL."""
    return ServiceProcess(
        VALKEY,
        tuple(server_command(port, folder.valkey, durable=True)),
        user_env,
        partial(redis_answers, embedded_url(port)),
    )


def simulator(urls: ServiceUrls, folder: DataDirectory, user_env: Environment) -> ServiceProcess:
    """The simulated carrier."""
    wiring = {
        "SIMULATOR_LISTEN": _address(urls.simulator_url),
        "SIMULATOR_GATEWAY_URL": urls.gateway_url,
        "SIMULATOR_PUBLIC_URL": urls.simulator_url,
    }
    # The simulator uses the callback token that the user set for the gateway.
    token = {
        f"SIMULATOR_CALLBACK_TOKEN{form}": user_env[f"GATEWAY_CALLBACK_TOKENS{form}"]
        for form in ("", "_FILE")
        if user_env.get(f"GATEWAY_CALLBACK_TOKENS{form}")
    }
    # The simulator has no certificate with which to ask over TLS.
    health = (
        {}
        if tls_files_in(user_env, "MESSAGING_")
        else {"SIMULATOR_MESSAGING_TARGET": urls.messaging_target}
    )
    defaults = {"SIMULATOR_DATA_FILE": str(folder.simulator), **token, **health}
    check = partial(http_is_ok, f"{urls.simulator_url}/healthz")
    return _service("simulator", environment(user_env, wiring, defaults), check)


def messaging_service(
    urls: ServiceUrls, folder: DataDirectory, user_env: Environment
) -> ServiceProcess:
    """Sends to the simulator unless the user's environment names another carrier."""
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
    check = partial(grpc_is_serving, urls.messaging_target, tls_files_in(user_env, "MESSAGING_"))
    return _service("messaging_service", environment(user_env, wiring, defaults), check)


def conversation_service(
    urls: ServiceUrls, folder: DataDirectory, user_env: Environment
) -> ServiceProcess:
    """Runs the pools of deploy/ unless the user's environment names another file."""
    wiring = {
        "CONVERSATION_LISTEN": urls.conversation_target,
        "CONVERSATION_REDIS_URL": urls.redis_url,
        "CONVERSATION_MESSAGING_TARGET": urls.messaging_target,
    }
    defaults = {
        "CONVERSATION_POOLS_FILE": str(REPOSITORY / "deploy" / "pools.toml"),
        "CONVERSATION_STATE_KEY_FILE": str(folder.state_key),
        "CONVERSATION_STATE_DIRECTORY": str(folder.state),
        "CONVERSATION_SERVES_REFLECTION": "true",
    }
    check = partial(
        grpc_is_serving, urls.conversation_target, tls_files_in(user_env, "CONVERSATION_")
    )
    return _service("conversation_service", environment(user_env, wiring, defaults), check)


def gateway(urls: ServiceUrls, user_env: Environment) -> ServiceProcess:
    """Ready as soon as the conversation service accepts its calls."""
    wiring = {
        "GATEWAY_LISTEN": _address(urls.gateway_url),
        "GATEWAY_CONVERSATION_TARGET": urls.conversation_target,
    }
    defaults = {"GATEWAY_SERVES_OPENAPI": "true"}
    check = partial(http_is_ok, f"{urls.gateway_url}/readyz")
    return _service("gateway", environment(user_env, wiring, defaults), check)


def environment(
    user_env: Environment, wiring: Environment, defaults: Environment | None = None
) -> Environment:
    """A service's environment: `wiring`, then the user's, then `defaults`, by precedence.

    A setting `NAME` may be given as `NAME_FILE`; a service rejects both at once.
    """
    inherited = {name: value for name, value in user_env.items() if _setting(name) not in wiring}
    settings = {_setting(name) for name in user_env}
    added = {
        name: value for name, value in (defaults or {}).items() if _setting(name) not in settings
    }
    return {**inherited, **added, **wiring}


def _setting(name: str) -> str:
    return name.removesuffix("_FILE")


def _service(package: str, values: Environment, is_healthy: HealthCheck) -> ServiceProcess:
    return ServiceProcess(package, (sys.executable, "-m", package), values, is_healthy)


def _address(url: str) -> str:
    return url.removeprefix("http://")
