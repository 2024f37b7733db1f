"""No service starts with published keys, or without a password or token, beyond loopback."""

import pytest

from conversation_service.app.settings import Settings as ConversationSettings
from gateway.settings import Settings as GatewaySettings
from messaging_service.config.settings import Settings as MessagingSettings
from runtime.settings.base import EX_CONFIG, ServiceSettings, load_settings
from support.net.ports import free_port
from support.services.service_process import ended, process

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
SETTINGS: dict[str, type[ServiceSettings]] = {
    CONVERSATION: ConversationSettings,
    MESSAGING: MessagingSettings,
    "gateway": GatewaySettings,
}


def environment_of(package: str, settings: dict[str, str]) -> dict[str, str]:
    prefix = package.removesuffix("_service").upper()
    return {f"{prefix}_{name}": value for name, value in settings.items()}


@pytest.mark.parametrize(("package", "settings"), COMPOSE.items())
async def test_a_service_of_the_compose_file_refuses_to_start(
    package: str, settings: dict[str, str]
) -> None:
    port = str(free_port())
    given = {name: value.format(port=port) for name, value in settings.items()}
    async with process(package, environment_of(package, given)) as started:
        status, out, err = await ended(started)
    assert status == EX_CONFIG
    assert "Traceback" not in err
    assert "serving" not in out


@pytest.mark.parametrize(
    ("package", "settings", "names"),
    [
        (CONVERSATION, {"LISTEN": "0.0.0.0:8080", **ISOLATED}, ("STATE_KEY", "LISTEN")),
        (CONVERSATION, {"METRICS_LISTEN": "0.0.0.0:8080"}, ("STATE_KEY", "METRICS_LISTEN")),
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
                "METRICS_LISTEN": "[::]:8080",
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
            {"LEDGER_KEY": "maskline-development-ledger-key", "METRICS_LISTEN": "0.0.0.0:8080"},
            ("LEDGER_KEY", "METRICS_LISTEN"),
        ),
        ("gateway", {"LISTEN": "0.0.0.0:8080"}, ("CALLBACK_TOKENS", "LISTEN")),
        (
            "gateway",
            {"CONVERSATION_TARGET": "10.0.0.7:8081", **ISOLATED},
            ("CALLBACK_TOKENS", "CONVERSATION_TARGET"),
        ),
    ],
)
def test_settings_are_refused(
    package: str,
    settings: dict[str, str],
    names: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment_of(package, {"LISTEN": "127.0.0.1:8080", **settings}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as refusal:
        load_settings(SETTINGS[package])
    assert refusal.value.code == EX_CONFIG
    err = capsys.readouterr().err
    for name in environment_of(package, dict.fromkeys(names, "")):
        assert name in err
