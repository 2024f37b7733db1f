from collections.abc import Mapping
from pathlib import Path

import pytest

from devstack.data_dir import DataDirectory
from devstack.ports import Ports
from devstack.processes import (
    REPOSITORY,
    ServiceProcess,
    embedded_redis,
    environment,
    services,
    urls_of,
)

URLS = urls_of(Ports(), None)
FOLDER = DataDirectory(Path("data"))
POOLS_FILE = REPOSITORY / "deploy" / "pools.toml"


def process_of(name: str, user_env: Mapping[str, str] | None = None) -> ServiceProcess:
    return {service.name: service for service in services(URLS, FOLDER, user_env or {})}[name]


def test_services_start_from_the_carrier_to_the_edge() -> None:
    names = [service.name for service in services(URLS, FOLDER, {})]
    assert names == ["simulator", "messaging_service", "conversation_service", "gateway"]


@pytest.mark.parametrize(
    ("service", "wiring"),
    [
        (
            "simulator",
            "SIMULATOR_LISTEN=127.0.0.1:8090 SIMULATOR_GATEWAY_URL=http://127.0.0.1:8080 "
            "SIMULATOR_PUBLIC_URL=http://127.0.0.1:8090 "
            "SIMULATOR_DATA_FILE=data/simulator/phones.sqlite3 "
            "SIMULATOR_MESSAGING_TARGET=127.0.0.1:8082",
        ),
        (
            "messaging_service",
            "MESSAGING_LISTEN=127.0.0.1:8082 MESSAGING_REDIS_URL=redis://127.0.0.1:6390/1 "
            "MESSAGING_FLOWROUTE_URL=http://127.0.0.1:8090 "
            "MESSAGING_PUBLIC_URL=http://127.0.0.1:8080 "
            "MESSAGING_LEDGER_KEY_FILE=data/keys/messaging_ledger_key "
            "MESSAGING_SERVES_REFLECTION=true "
            "MESSAGING_MEDIA_ORIGINS=https://*.amazonaws.com,http://127.0.0.1:8090",
        ),
        (
            "conversation_service",
            "CONVERSATION_LISTEN=127.0.0.1:8081 "
            "CONVERSATION_REDIS_URL=redis://127.0.0.1:6390/0 "
            "CONVERSATION_MESSAGING_TARGET=127.0.0.1:8082 "
            f"CONVERSATION_POOLS_FILE={POOLS_FILE} "
            "CONVERSATION_STATE_KEY_FILE=data/keys/conversation_state_key "
            "CONVERSATION_STATE_DIRECTORY=data/conversation "
            "CONVERSATION_SERVES_REFLECTION=true",
        ),
        (
            "gateway",
            "GATEWAY_LISTEN=127.0.0.1:8080 GATEWAY_CONVERSATION_TARGET=127.0.0.1:8081 "
            "GATEWAY_SERVES_OPENAPI=true",
        ),
    ],
)
def test_each_service_gets_the_addresses_of_the_others(service: str, wiring: str) -> None:
    expected = dict(setting.split("=", 1) for setting in wiring.split())
    assert process_of(service).environment == expected
    assert POOLS_FILE.is_file()


def test_a_person_may_point_the_stack_at_a_real_carrier() -> None:
    user_env = {"MESSAGING_FLOWROUTE_URL": "https://carrier.example", "PATH": "/bin"}
    values = process_of("messaging_service", user_env).environment
    assert values["MESSAGING_FLOWROUTE_URL"] == "https://carrier.example"
    assert values["PATH"] == "/bin"


@pytest.mark.parametrize("form", ["", "_FILE"])
def test_the_simulator_knows_the_token_that_the_gateway_asks_for(form: str) -> None:
    user_env = {f"GATEWAY_CALLBACK_TOKENS{form}": "theirs"}
    values = process_of("simulator", user_env).environment
    assert values[f"SIMULATOR_CALLBACK_TOKEN{form}"] == "theirs"
    user_env["SIMULATOR_CALLBACK_TOKEN"] = "another"
    values = process_of("simulator", user_env).environment
    assert values["SIMULATOR_CALLBACK_TOKEN"] == "another"
    assert "SIMULATOR_CALLBACK_TOKEN_FILE" not in values


def test_the_wiring_cannot_be_changed_from_outside() -> None:
    user_env = {"GATEWAY_LISTEN": "0.0.0.0:80", "GATEWAY_CONVERSATION_TARGET_FILE": "elsewhere"}
    values = process_of("gateway", user_env).environment
    assert values == process_of("gateway").environment


@pytest.mark.parametrize("given", ["KEY", "KEY_FILE"])
@pytest.mark.parametrize("default", ["KEY", "KEY_FILE"])
def test_a_setting_never_comes_both_by_value_and_by_file(given: str, default: str) -> None:
    assert environment({given: "theirs"}, {}, {default: "ours"}) == {given: "theirs"}


def test_the_embedded_server_writes_before_it_answers() -> None:
    command = " ".join(embedded_redis(6390, FOLDER, {}).command)
    assert "--appendonly yes --appendfsync always" in command
    assert "data/valkey" in command
