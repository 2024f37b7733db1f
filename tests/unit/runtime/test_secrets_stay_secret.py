"""No secret of any process is shown: by its settings, by a refusal or by a command line."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from conversation_service.app.settings import Settings as ConversationSettings
from devstack.data_dir import DataDirectory
from devstack.ports import Ports
from devstack.processes import embedded_redis, services, urls_of
from gateway.settings import Settings as GatewaySettings
from messaging_service.config.settings import Settings as MessagingSettings
from runtime.settings.base import ServiceSettings, load_settings
from simulator.settings import Settings as SimulatorSettings

PROCESSES: list[type[ServiceSettings]] = [
    ConversationSettings,
    GatewaySettings,
    MessagingSettings,
    SimulatorSettings,
]
MARK = "a-marked-secret-of-more-than-32-characters"
# Secrets that have a form, or come with something else.
FORMS = {"redis_url": "redis://user:{}@127.0.0.1:1/0"}
WITH = {"basic_password": {"basic_user": "carrier"}}
NAMED_LIKE_SECRETS = re.compile(r"(^|_)(key|keys|password|token|tokens|secret)$")


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting is kept in a SecretStr, alone or among others."""
    return "SecretStr" in repr(field.annotation)


def secrets_of(settings: type[ServiceSettings]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each secret setting, with the values that give it the mark."""
    for name, field in settings.model_fields.items():
        if is_secret(field):
            yield name, {name: FORMS.get(name, "{}").format(MARK), **WITH.get(name, {})}


CASES = [
    pytest.param(settings, values, id=f"{settings.model_config.get('env_prefix')}{name}".upper())
    for settings in PROCESSES
    for name, values in secrets_of(settings)
]


def given_in(
    settings: type[ServiceSettings], values: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = settings.model_config.get("env_prefix", "")
    for name, value in values.items():
        monkeypatch.setenv(f"{prefix}{name}".upper(), value)


@pytest.mark.parametrize("settings", PROCESSES, ids=lambda one: one.__module__)
def test_whatever_is_called_like_a_secret_is_kept_as_one(settings: type[ServiceSettings]) -> None:
    for name, field in settings.model_fields.items():
        if NAMED_LIKE_SECRETS.search(name):
            assert is_secret(field), name


@pytest.mark.parametrize(("settings", "values"), CASES)
def test_settings_show_no_secret_in_any_form(
    settings: type[ServiceSettings], values: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given_in(settings, values, monkeypatch)
    loaded = load_settings(settings)
    shown = (repr(loaded), str(loaded), repr(loaded.model_dump()), loaded.model_dump_json())
    assert MARK not in "".join(shown)
    assert any(MARK in revealed(value) for value in loaded.model_dump().values())


def revealed(value: object) -> str:
    """What a setting really holds."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "".join(map(revealed, value)) if isinstance(value, list | tuple) else ""


@pytest.mark.parametrize(("settings", "values"), CASES)
def test_a_refusal_of_settings_repeats_no_secret(
    settings: type[ServiceSettings],
    values: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given_in(settings, {**values, "log_level": "loud"}, monkeypatch)
    with pytest.raises(ValidationError) as refusal:
        settings()
    with pytest.raises(SystemExit):
        load_settings(settings)
    assert MARK not in f"{refusal.value!s}{refusal.value!r}{capsys.readouterr().err}"


def test_no_process_of_make_run_has_a_secret_in_its_command_line() -> None:
    folder, redis_url = DataDirectory(Path("data")), f"redis://:{MARK}@127.0.0.1:1/0"
    person = {
        f"{settings.model_config.get('env_prefix')}{name}".upper(): values[name]
        for settings in PROCESSES
        for name, values in secrets_of(settings)
    }
    parts = services(urls_of(Ports(), redis_url), folder, person)
    assert any(MARK in value for part in parts for value in part.environment.values())
    for part in (*parts, embedded_redis(1, folder, person)):
        assert MARK not in " ".join(part.command)
        assert MARK not in part.name
