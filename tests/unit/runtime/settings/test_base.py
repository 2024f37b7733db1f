"""Settings from the environment and from files; error messages repeat no value."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict, SettingsError

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


def error_of(capsys: pytest.CaptureFixture[str]) -> str:
    """The message with which a process with these settings ends."""
    with pytest.raises(SystemExit) as end:
        load_settings(Probe)
    assert end.value.code == EX_CONFIG
    output = capsys.readouterr()
    assert output.out == ""
    return output.err


def test_only_variables_with_the_prefix_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROBE_SECRET", "hunter2")
    monkeypatch.setenv("PROBE_LIMIT", "7")
    monkeypatch.setenv("LIMIT", "9")
    settings = load_settings(Probe)
    assert (settings.secret.get_secret_value(), settings.limit) == ("hunter2", 7)


@pytest.mark.parametrize("content", ["hunter2", "hunter2\n", "hunter2\r\n"])
def test_the_value_of_a_file_has_no_final_line_break(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    (tmp_path / "secret").write_bytes(content.encode())
    monkeypatch.setenv("PROBE_SECRET_FILE", str(tmp_path / "secret"))
    assert load_settings(Probe).secret.get_secret_value() == "hunter2"


def test_spaces_in_a_file_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" two words \n")
    monkeypatch.setenv("PROBE_SECRET_FILE", str(tmp_path / "secret"))
    assert load_settings(Probe).secret.get_secret_value() == " two words "


def test_an_argument_takes_precedence_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_LIMIT", "7")
    assert Probe(secret=SecretStr("hunter2"), limit=1).limit == 1


def test_a_value_and_a_file_together_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text("hunter2")
    monkeypatch.setenv("PROBE_SECRET", "hunter3")
    monkeypatch.setenv("PROBE_SECRET_FILE", str(tmp_path / "secret"))
    error = error_of(capsys)
    assert "PROBE_SECRET and PROBE_SECRET_FILE are both set" in error
    assert "hunter" not in error


@pytest.mark.parametrize("content", [None, b"\xff\xfehunter2"])
def test_a_file_that_cannot_be_read_is_refused_without_its_path_or_content(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
) -> None:
    path = tmp_path / "unreadable"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("PROBE_SECRET_FILE", str(path))
    error = error_of(capsys)
    assert "PROBE_SECRET_FILE cannot be read" in error
    assert "unreadable" not in error
    assert "hunter2" not in error


def test_a_directory_is_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROBE_SECRET_FILE", str(tmp_path))
    with pytest.raises(SettingsError, match="IsADirectoryError"):
        Probe()


def test_a_missing_setting_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "PROBE_SECRET: Field required" in error_of(capsys)


def test_all_problems_are_named_at_once_without_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROBE_LIMIT", "minus-one")
    error = error_of(capsys)
    assert "PROBE_SECRET:" in error
    assert "PROBE_LIMIT:" in error
    assert "minus-one" not in error


def test_a_value_from_a_file_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "limit").write_text("hunter2")
    monkeypatch.setenv("PROBE_SECRET", "hunter2")
    monkeypatch.setenv("PROBE_LIMIT_FILE", str(tmp_path / "limit"))
    error = error_of(capsys)
    assert "PROBE_LIMIT:" in error
    assert "hunter2" not in error


def test_settings_hide_secrets_and_are_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_SECRET", "hunter2")
    settings, name = load_settings(Probe), "limit"
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, name, 6)
