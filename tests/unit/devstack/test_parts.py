"""Which part is started with what."""

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


def service(name: str, person: Mapping[str, str] | None = None) -> ServiceProcess:
    return {part.name: part for part in services(URLS, FOLDER, person or {})}[name]


def test_services_start_from_the_carrier_to_the_edge() -> None:
    names = [part.name for part in services(URLS, FOLDER, {})]
    assert names == ["simulator", "messaging_service", "conversation_service", "gateway"]


def test_the_default_addresses_are_those_of_the_design() -> None:
    assert URLS.gateway_url == "http://127.0.0.1:8080"
    assert URLS.simulator_url == "http://127.0.0.1:8090"
    assert URLS.conversation_target == "127.0.0.1:50051"
    assert URLS.messaging_target == "127.0.0.1:50052"


@pytest.mark.parametrize(
    ("part", "wiring"),
    [
        (
            "simulator",
            {
                "SIMULATOR_LISTEN": "127.0.0.1:8090",
                "SIMULATOR_GATEWAY_URL": "http://127.0.0.1:8080",
                "SIMULATOR_PUBLIC_URL": "http://127.0.0.1:8090",
            },
        ),
        (
            "messaging_service",
            {
                "MESSAGING_LISTEN": "127.0.0.1:50052",
                "MESSAGING_REDIS_URL": "redis://127.0.0.1:6390/1",
                "MESSAGING_FLOWROUTE_URL": "http://127.0.0.1:8090",
                "MESSAGING_PUBLIC_URL": "http://127.0.0.1:8080",
                "MESSAGING_LEDGER_KEY_FILE": "data/keys/messaging_ledger_key",
                "MESSAGING_SERVES_REFLECTION": "true",
                "MESSAGING_MEDIA_ORIGINS": "https://*.amazonaws.com,http://127.0.0.1:8090",
            },
        ),
        (
            "conversation_service",
            {
                "CONVERSATION_LISTEN": "127.0.0.1:50051",
                "CONVERSATION_REDIS_URL": "redis://127.0.0.1:6390/0",
                "CONVERSATION_MESSAGING_TARGET": "127.0.0.1:50052",
                "CONVERSATION_POOLS_FILE": str(REPOSITORY / "deploy" / "pools.toml"),
                "CONVERSATION_STATE_KEY_FILE": "data/keys/conversation_state_key",
                "CONVERSATION_SERVES_REFLECTION": "true",
            },
        ),
        (
            "gateway",
            {
                "GATEWAY_LISTEN": "127.0.0.1:8080",
                "GATEWAY_CONVERSATION_TARGET": "127.0.0.1:50051",
                "GATEWAY_SERVES_OPENAPI": "true",
            },
        ),
    ],
)
def test_each_service_is_told_where_the_others_are(part: str, wiring: dict[str, str]) -> None:
    assert service(part).environment == wiring


def test_the_pools_file_of_the_stack_exists() -> None:
    assert Path(service("conversation_service").environment["CONVERSATION_POOLS_FILE"]).is_file()


def test_a_person_may_point_the_stack_at_a_real_carrier() -> None:
    person = {"MESSAGING_FLOWROUTE_URL": "https://carrier.example", "PATH": "/bin"}
    seen = service("messaging_service", person).environment
    assert seen["MESSAGING_FLOWROUTE_URL"] == "https://carrier.example"
    assert seen["PATH"] == "/bin"


@pytest.mark.parametrize("form", ["", "_FILE"])
def test_the_simulator_knows_the_token_that_the_gateway_asks_for(form: str) -> None:
    person = {f"GATEWAY_CALLBACK_TOKENS{form}": "theirs"}
    seen = service("simulator", person).environment
    assert seen[f"SIMULATOR_CALLBACK_TOKEN{form}"] == "theirs"
    person["SIMULATOR_CALLBACK_TOKEN"] = "another"
    seen = service("simulator", person).environment
    assert seen["SIMULATOR_CALLBACK_TOKEN"] == "another"
    assert "SIMULATOR_CALLBACK_TOKEN_FILE" not in seen


def test_the_wiring_cannot_be_changed_from_outside() -> None:
    person = {"GATEWAY_LISTEN": "0.0.0.0:80", "GATEWAY_CONVERSATION_TARGET_FILE": "elsewhere"}
    seen = service("gateway", person).environment
    assert seen == service("gateway").environment


@pytest.mark.parametrize("given", ["KEY", "KEY_FILE"])
@pytest.mark.parametrize("default", ["KEY", "KEY_FILE"])
def test_a_setting_never_comes_both_by_value_and_by_file(given: str, default: str) -> None:
    assert environment({given: "theirs"}, {}, {default: "ours"}) == {given: "theirs"}


def test_the_embedded_server_writes_before_it_answers() -> None:
    command = embedded_redis(6390, FOLDER, {}).command
    assert tuple(command[command.index("--appendonly") :][:4]) == (
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
    )
    assert "data/valkey" in command
