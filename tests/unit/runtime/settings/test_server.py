"""Where plain text may go, and which settings must come together."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from runtime.settings.base import EX_CONFIG, load_settings
from runtime.settings.redis import RedisSettings
from runtime.settings.server import ServerSettings, is_local
from runtime.settings.types import Address, RedisUrl

CERTIFICATE, KEY, AUTHORITY = Path("own.pem"), Path("own.key"), Path("authority.pem")
FAR = "10.0.0.7:50051"


class Probe(ServerSettings, RedisSettings):
    """A service that calls another one and keeps state."""

    model_config = SettingsConfigDict(env_prefix="PROBE_")
    links = ("listen", "target")

    listen: Address = Field("127.0.0.1:50051", description="Here.")
    target: Address = Field("localhost:50052", description="There.")
    redis_url: RedisUrl = Field(SecretStr("redis://127.0.0.1:6390/0"), description="State.")


def told(**settings: object) -> str:
    """Why settings are refused."""
    with pytest.raises(ValidationError) as refusal:
        Probe.model_validate(settings)
    assert "hunter2" not in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "localhost:1", "unix:/run/m.sock"]
)
def test_an_address_on_this_machine_is_known_as_such(address: str) -> None:
    assert is_local(address)


@pytest.mark.parametrize(
    "address", ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "service:1", "localhost.example:1"]
)
def test_any_other_address_may_be_far_away(address: str) -> None:
    assert not is_local(address)


@pytest.mark.parametrize("name", ["listen", "target"])
def test_plain_text_leaves_the_machine_only_if_a_setting_says_so(name: str) -> None:
    assert f"PROBE_{name.upper()} would be plain text" in told(**{name: FAR})
    Probe.model_validate({name: FAR, "allows_insecure_links": True})
    Probe.model_validate(
        {
            name: FAR,
            "tls_certificate_file": CERTIFICATE,
            "tls_key_file": KEY,
            "tls_ca_file": AUTHORITY,
            "callers_file": "callers.toml",
        }
    )


def test_tls_files_come_together_or_not_at_all() -> None:
    assert "PROBE_TLS_KEY_FILE, PROBE_TLS_CA_FILE missing" in told(tls_certificate_file=CERTIFICATE)


def test_a_server_with_certificates_must_say_whose_may_do_what() -> None:
    files = {"tls_certificate_file": CERTIFICATE, "tls_key_file": KEY, "tls_ca_file": AUTHORITY}
    assert "PROBE_CALLERS_FILE missing" in told(**files)


def test_an_empty_variable_names_no_file() -> None:
    assert Probe.model_validate({"tls_ca_file": "", "callers_file": ""}).callers_file is None


def test_plain_redis_leaves_the_machine_only_if_a_setting_says_so() -> None:
    assert "PROBE_REDIS_URL would be plain text" in told(redis_url="redis://:hunter2@redis:6379/0")
    Probe.model_validate({"redis_url": "redis://redis:6379/0", "allows_insecure_links": True})
    Probe.model_validate({"redis_url": "rediss://redis:6379/0"})
    Probe.model_validate({"redis_url": "unix:///run/redis.sock"})


def test_redis_has_one_password() -> None:
    both = told(redis_url="redis://:hunter2@127.0.0.1:6379/0", redis_password="hunter2")
    assert "PROBE_REDIS_URL, PROBE_REDIS_PASSWORD both hold a password" in both


def test_a_password_that_came_from_a_file_is_looked_for_there_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    monkeypatch.setenv("PROBE_REDIS_PASSWORD_FILE", str(tmp_path / "password"))
    access = Probe().redis_access
    assert access.password_file == tmp_path / "password"
    assert access.password is not None
    assert access.password.get_secret_value() == "hunter2"
    monkeypatch.delenv("PROBE_REDIS_PASSWORD_FILE")
    assert Probe().redis_access.password_file is None


def test_certificates_for_redis_need_an_encrypted_address() -> None:
    assert "PROBE_REDIS_URL must be a rediss:// address" in told(redis_ca_file=AUTHORITY)
    half = told(redis_url="rediss://redis:6379/0", redis_certificate_file=CERTIFICATE)
    assert "PROBE_REDIS_CERTIFICATE_FILE, PROBE_REDIS_KEY_FILE: give both" in half


def test_tls_of_redis_is_not_told_in_its_address() -> None:
    """Nobody would follow those files, and one such option lets any certificate pass."""
    for option in ("ssl_cert_reqs=none", "db=1&ssl_ca_certs=ca.pem"):
        refused = told(redis_url=f"rediss://redis:6379/0?{option}")
        assert "PROBE_REDIS_URL holds options of TLS" in refused
        assert "PROBE_REDIS_CA_FILE" in refused


def test_a_process_whose_links_are_exposed_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROBE_LISTEN", "0.0.0.0:50051")
    with pytest.raises(SystemExit) as end:
        load_settings(Probe)
    assert end.value.code == EX_CONFIG
    err = capsys.readouterr().err
    assert "PROBE_LISTEN would be plain text between machines" in err
    assert "set PROBE_ALLOWS_INSECURE_LINKS to true" in err
