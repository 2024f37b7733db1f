"""No service starts with published keys, or without a password or token, beyond loopback."""

import pytest

from support.net.ports import free_port
from support.services.service_process import ended, process

EX_CONFIG = 78
# What docker-compose.yml gives each service before `make up` has written secrets.
COMPOSE = {
    "conversation_service": {
        "LISTEN": "0.0.0.0:{port}",
        "REDIS_URL": "redis://maskline-conversation@redis:6379/0",
        "MESSAGING_TARGET": "messaging-service:8082",
        "ALLOWS_INSECURE_LINKS": "true",
    },
    "messaging_service": {
        "LISTEN": "0.0.0.0:{port}",
        "REDIS_URL": "redis://maskline-messaging@redis:6379/1",
        "ALLOWS_INSECURE_LINKS": "true",
    },
    "gateway": {
        "LISTEN": "0.0.0.0:{port}",
        "CONVERSATION_TARGET": "conversation-service:8081",
        "ALLOWS_INSECURE_LINKS": "true",
    },
}
ISOLATED = {"ALLOWS_INSECURE_LINKS": "true"}
CONVERSATION, MESSAGING = ("conversation_service", "messaging_service")
OWN_KEY = "a secret of this deployment"


@pytest.mark.parametrize(
    ("package", "settings", "names"),
    [
        *((package, settings, ()) for package, settings in COMPOSE.items()),
        (CONVERSATION, {"LISTEN": "0.0.0.0:{port}", **ISOLATED}, ("STATE_KEY", "LISTEN")),
        (CONVERSATION, {"METRICS_LISTEN": "0.0.0.0:{port}"}, ("STATE_KEY", "METRICS_LISTEN")),
        (
            CONVERSATION,
            {"MESSAGING_TARGET": "10.0.0.7:8082", **ISOLATED},
            ("STATE_KEY", "MESSAGING_TARGET"),
        ),
        (
            CONVERSATION,
            {"REDIS_URL": "rediss://:secret@10.0.0.7:6379/0"},
            ("STATE_KEY", "REDIS_URL"),
        ),
        (
            CONVERSATION,
            {
                "STATE_KEY": OWN_KEY,
                "FORMER_STATE_KEYS": "maskline-development-key",
                "METRICS_LISTEN": "[::]:{port}",
            },
            ("FORMER_STATE_KEYS", "METRICS_LISTEN"),
        ),
        (
            CONVERSATION,
            {"STATE_KEY": OWN_KEY, "REDIS_URL": "rediss://10.0.0.7:6379/0"},
            ("REDIS_PASSWORD",),
        ),
        (
            MESSAGING,
            {"FLOWROUTE_URL": "https://api.flowroute.com"},
            ("LEDGER_KEY", "FLOWROUTE_URL"),
        ),
        (
            MESSAGING,
            {"LEDGER_KEY": "maskline-development-ledger-key", "METRICS_LISTEN": "0.0.0.0:{port}"},
            ("LEDGER_KEY", "METRICS_LISTEN"),
        ),
        ("gateway", {"LISTEN": "0.0.0.0:{port}"}, ("CALLBACK_TOKENS", "LISTEN")),
        (
            "gateway",
            {"CONVERSATION_TARGET": "10.0.0.7:8081", **ISOLATED},
            ("CALLBACK_TOKENS", "CONVERSATION_TARGET"),
        ),
    ],
)
async def test_a_service_refuses_to_start(
    package: str, settings: dict[str, str], names: tuple[str, ...]
) -> None:
    prefix = package.removesuffix("_service").upper()
    port = str(free_port())
    environment = {f"{prefix}_LISTEN": f"127.0.0.1:{port}"}
    environment |= {f"{prefix}_{name}": v.format(port=port) for name, v in settings.items()}
    async with process(package, environment) as started:
        status, out, err = await ended(started)
    assert status == EX_CONFIG
    assert "Traceback" not in err
    assert "serving" not in out
    for name in names:
        assert f"{prefix}_{name}" in err
