"""Settings from the environment and from files; error messages repeat no value."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from runtime.settings.base import EX_CONFIG, ServiceSettings, load_settings


class Probe(ServiceSettings):
    """A service that needs a secret."""

    model_config = SettingsConfigDict(env_prefix="PROBE_")

    secret: SecretStr = Field(description="Needed.")
    limit: int = Field(5, gt=0, description="Not needed.")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROBE_SECRET", "PROBE_SECRET_FILE", "PROBE_LIMIT", "PROBE_LIMIT_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def secret_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The path of the file that should hold the secret."""
    path = tmp_path / "unreadable"
    monkeypatch.setenv("PROBE_SECRET_FILE", str(path))
    return path


def error_of(capsys: pytest.CaptureFixture[str]) -> str:
    """The message with which a process with these settings ends; it repeats no value."""
    with pytest.raises(SystemExit) as end:
        load_settings(Probe)
    assert end.value.code == EX_CONFIG
    output = capsys.readouterr()
    assert output.out == ""
    assert not [value for value in ("hunter", "minus-one", "unreadable") if value in output.err]
    return output.err


def test_only_variables_with_the_prefix_are_read_and_arguments_take_precedence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROBE_SECRET", "hunter2")
    monkeypatch.setenv("PROBE_LIMIT", "7")
    monkeypatch.setenv("LIMIT", "9")
    settings = load_settings(Probe)
    assert (settings.secret.get_secret_value(), settings.limit) == ("hunter2", 7)
    assert Probe(secret=SecretStr("hunter2"), limit=1).limit == 1


@pytest.mark.parametrize(
    ("content", "value"),
    [
        *(("hunter2", "hunter2"), ("hunter2\n", "hunter2"), ("hunter2\r\n", "hunter2")),
        (" two words \n", " two words "),
    ],
)
def test_the_value_of_a_file_has_no_final_line_break(
    secret_file: Path, content: str, value: str
) -> None:
    secret_file.write_bytes(content.encode())
    assert load_settings(Probe).secret.get_secret_value() == value


def test_a_value_and_a_file_together_are_refused(
    monkeypatch: pytest.MonkeyPatch, secret_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret_file.write_text("hunter2")
    monkeypatch.setenv("PROBE_SECRET", "hunter3")
    assert "PROBE_SECRET and PROBE_SECRET_FILE are both set" in error_of(capsys)


@pytest.mark.parametrize("content", [None, b"\xff\xfehunter2"])
def test_a_file_that_cannot_be_read_is_refused_without_its_path_or_content(
    secret_file: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    if content is not None:
        secret_file.write_bytes(content)
    assert "PROBE_SECRET_FILE cannot be read" in error_of(capsys)


def test_a_directory_is_no_file(secret_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret_file.mkdir()
    assert "IsADirectoryError" in error_of(capsys)


def test_all_problems_are_named_at_once_without_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROBE_LIMIT", "minus-one")
    error = error_of(capsys)
    assert "PROBE_SECRET: Field required" in error
    assert "PROBE_LIMIT:" in error


def test_a_value_from_a_file_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, secret_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret_file.write_text("hunter2")
    monkeypatch.setenv("PROBE_LIMIT_FILE", str(secret_file))
    assert "PROBE_LIMIT:" in error_of(capsys)


def test_settings_hide_secrets_and_are_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_SECRET", "hunter2")
    settings, name = load_settings(Probe), "limit"
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, name, 6)
