"""No secret of a process is in its settings' repr, in an error or on a command line."""

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

PROCESSES: tuple[type[ServiceSettings], ...] = (
    *(ConversationSettings, GatewaySettings, MessagingSettings, SimulatorSettings),
)
MARK = "a-marked-secret-of-more-than-32-characters"
# Secrets with a format, or that need another setting.
FORMS = {"redis_url": "redis://user:{}@127.0.0.1:1/0"}
COMPANIONS = {"basic_password": {"basic_user": "carrier"}}
SECRET_NAMES = re.compile(r"(^|_)(key|keys|password|token|tokens|secret)$")


def is_secret(field: FieldInfo) -> bool:
    """Whether the type of a setting contains SecretStr."""
    return "SecretStr" in repr(field.annotation)


def secrets_of(settings: type[ServiceSettings]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each secret setting, with values that contain the mark."""
    for name, field in settings.model_fields.items():
        if is_secret(field):
            yield name, {name: FORMS.get(name, "{}").format(MARK), **COMPANIONS.get(name, {})}


def variable(settings: type[ServiceSettings], name: str) -> str:
    """The environment variable of a setting."""
    return f"{settings.model_config.get('env_prefix')}{name}".upper()


CASES = [
    pytest.param(settings, values, id=variable(settings, name))
    for settings in PROCESSES
    for name, values in secrets_of(settings)
]


@pytest.fixture
def _environment(
    settings: type[ServiceSettings], values: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sets the values in the environment."""
    for name, value in values.items():
        monkeypatch.setenv(variable(settings, name), value)


@pytest.mark.parametrize("settings", PROCESSES, ids=lambda settings: settings.__module__)
def test_settings_named_like_secrets_are_secrets(settings: type[ServiceSettings]) -> None:
    for name, field in settings.model_fields.items():
        if SECRET_NAMES.search(name):
            assert is_secret(field), name


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize(("settings", "values"), CASES)
def test_settings_hide_their_secrets_in_every_representation(
    settings: type[ServiceSettings], values: dict[str, str]
) -> None:
    loaded = load_settings(settings)
    texts = (repr(loaded), str(loaded), repr(loaded.model_dump()), loaded.model_dump_json())
    assert MARK not in "".join(texts)
    assert any(MARK in reveal(getattr(loaded, name)) for name in values)


def reveal(value: object) -> str:
    """The value of a setting with its secrets."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "".join(map(reveal, value)) if isinstance(value, list | tuple) else ""


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize(("settings", "values"), CASES)
def test_an_error_in_settings_repeats_no_secret(
    settings: type[ServiceSettings],
    values: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(variable(settings, "log_level"), "loud")
    with pytest.raises(ValidationError) as error:
        settings()
    with pytest.raises(SystemExit):
        load_settings(settings)
    assert MARK not in f"{error.value!s}{error.value!r}{capsys.readouterr().err}"


def test_no_process_of_make_run_has_a_secret_in_its_command_line() -> None:
    folder, redis_url = DataDirectory(Path("data")), f"redis://:{MARK}@127.0.0.1:1/0"
    person = {
        variable(settings, name): values[name]
        for settings in PROCESSES
        for name, values in secrets_of(settings)
    }
    parts = services(urls_of(Ports(), redis_url), folder, person)
    assert any(MARK in value for part in parts for value in part.environment.values())
    for part in (*parts, embedded_redis(1, folder, person)):
        assert MARK not in " ".join(part.command)
        assert MARK not in part.name
