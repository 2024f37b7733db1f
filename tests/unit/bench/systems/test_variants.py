"""The deployments that are measured differ in what they are to differ in."""

import sys
from pathlib import Path

from bench.systems.maskline import Deployment
from bench.systems.variants import Variant, variants
from devstack.data_dir import DataDirectory
from devstack.processes import ServiceProcess


def processes(variant: Variant, folder: Path) -> dict[str, ServiceProcess]:
    deployment = Deployment(variant, DataDirectory(folder), "http://127.0.0.1:1")
    return {process.name: process for process in deployment.processes()}


def test_the_three_differ_in_what_is_encrypted_and_in_nothing_else(tmp_path: Path) -> None:
    as_it_is, unsealed, encrypted = (
        processes(variant, tmp_path / variant.name) for variant in variants("/bin/redis-server")
    )
    started = (as_it_is, unsealed, encrypted)
    modules = [variant["conversation_service"].command[-1] for variant in started]
    assert modules == ["conversation_service", "bench.systems.unsealed", "conversation_service"]
    servers = [variant["valkey"].command for variant in started]
    assert {command[0] for command in servers} == {"/bin/redis-server"}
    assert ["--tls-port" in command for command in servers] == [False, False, True]
    for variant in (as_it_is, unsealed):
        settings = {name for process in variant.values() for name in process.environment}
        assert not any(name.partition("_")[2].startswith("TLS_") for name in settings)
    for prefix in ("MESSAGING", "CONVERSATION"):
        environment = encrypted[f"{prefix.lower()}_service"].environment
        assert environment[f"{prefix}_REDIS_URL"].startswith("rediss://")
        for setting in ("TLS_CERTIFICATE_FILE", "TLS_CA_FILE", "REDIS_CA_FILE", "CALLERS_FILE"):
            assert Path(environment[f"{prefix}_{setting}"]).is_file()
    assert "GATEWAY_TLS_CERTIFICATE_FILE" in encrypted["gateway"].environment


def test_without_a_redis_server_with_tls_only_redis_is_not_encrypted(tmp_path: Path) -> None:
    _, _, encrypted = variants("")
    started = processes(encrypted, tmp_path)
    environment = started["conversation_service"].environment
    assert environment["CONVERSATION_REDIS_URL"].startswith("redis://")
    assert "CONVERSATION_REDIS_CA_FILE" not in environment
    assert "CONVERSATION_TLS_CA_FILE" in environment
    assert "--tls-port" not in started["valkey"].command


def test_calls_are_counted_in_both_grpc_services(tmp_path: Path) -> None:
    started = processes(Variant("counted", counts_calls=True), tmp_path)
    for service in ("conversation_service", "messaging_service"):
        module, calls = "bench.systems.counted", str(tmp_path / "calls")
        assert started[service].command == (sys.executable, "-m", module, calls, service)
    assert started["gateway"].command == (sys.executable, "-m", "gateway")
