"""Settings: environment, files, and refusals that show no value."""

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


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    """What a process with these settings says as it ends."""
    with pytest.raises(SystemExit) as end:
        load_settings(Probe)
    assert end.value.code == EX_CONFIG
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


def test_the_environment_is_read_under_the_services_own_prefix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROBE_SECRET", "hunter2")
    monkeypatch.setenv("PROBE_LIMIT", "7")
    monkeypatch.setenv("LIMIT", "9")
    settings = load_settings(Probe)
    assert (settings.secret.get_secret_value(), settings.limit) == ("hunter2", 7)


@pytest.mark.parametrize("content", ["hunter2", "hunter2\n", "hunter2\r\n"])
def test_a_file_holds_the_value_without_its_final_line_break(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    (tmp_path / "secret").write_bytes(content.encode())
    monkeypatch.setenv("PROBE_SECRET_FILE", str(tmp_path / "secret"))
    assert load_settings(Probe).secret.get_secret_value() == "hunter2"


def test_space_inside_and_around_a_files_value_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(" two words \n")
    monkeypatch.setenv("PROBE_SECRET_FILE", str(tmp_path / "secret"))
    assert load_settings(Probe).secret.get_secret_value() == " two words "


def test_a_number_can_come_from_a_file_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "limit").write_text("12\n")
    monkeypatch.setenv("PROBE_SECRET", "hunter2")
    monkeypatch.setenv("PROBE_LIMIT_FILE", str(tmp_path / "limit"))
    assert load_settings(Probe).limit == 12


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_LIMIT", "7")
    assert Probe(secret=SecretStr("hunter2"), limit=1).limit == 1


def test_both_a_value_and_a_file_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text("hunter2")
    monkeypatch.setenv("PROBE_SECRET", "hunter3")
    monkeypatch.setenv("PROBE_SECRET_FILE", str(tmp_path / "secret"))
    told = refusal(capsys)
    assert "PROBE_SECRET and PROBE_SECRET_FILE are both set" in told
    assert "hunter" not in told


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
    told = refusal(capsys)
    assert "PROBE_SECRET_FILE cannot be read" in told
    assert "unreadable" not in told
    assert "hunter2" not in told


def test_a_directory_is_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROBE_SECRET_FILE", str(tmp_path))
    with pytest.raises(SettingsError, match="IsADirectoryError"):
        Probe()


def test_what_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "PROBE_SECRET: Field required" in refusal(capsys)


def test_everything_that_is_wrong_is_told_at_once_and_no_value_with_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROBE_LIMIT", "minus-one")
    told = refusal(capsys)
    assert "PROBE_SECRET:" in told
    assert "PROBE_LIMIT:" in told
    assert "minus-one" not in told


def test_a_value_from_a_file_is_not_shown_when_it_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "limit").write_text("hunter2")
    monkeypatch.setenv("PROBE_SECRET", "hunter2")
    monkeypatch.setenv("PROBE_LIMIT_FILE", str(tmp_path / "limit"))
    told = refusal(capsys)
    assert "PROBE_LIMIT:" in told
    assert "hunter2" not in told


def test_a_validation_error_itself_holds_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_LIMIT", "hunter2")
    with pytest.raises(ValidationError) as error:
        Probe()
    assert "hunter2" not in str(error.value)


def test_settings_show_no_secret_and_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_SECRET", "hunter2")
    settings, name = load_settings(Probe), "limit"
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, name, 6)
