"""Settings of links: where plain text is allowed, and which settings belong together."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from runtime.settings.base import EX_CONFIG, load_settings
from runtime.settings.redis import RedisSettings
from runtime.settings.server import ServerSettings, is_local
from runtime.settings.types import Address, RedisUrl

CERTIFICATE, AUTHORITY = Path("own.pem"), Path("authority.pem")
TLS = {
    "tls_certificate_file": CERTIFICATE,
    "tls_key_file": Path("own.key"),
    "tls_ca_file": AUTHORITY,
}
INSECURE: dict[str, object] = {"allows_insecure_links": True}
REMOTE = "10.0.0.7:8081"


class Probe(ServerSettings, RedisSettings):
    """A service that calls another one and uses Redis."""

    model_config = SettingsConfigDict(env_prefix="PROBE_")
    links = ("listen", "target")

    listen: Address = Field("127.0.0.1:8081", description="Own address.")
    target: Address = Field("localhost:8082", description="Another service.")
    redis_url: RedisUrl = Field(SecretStr("redis://127.0.0.1:6390/0"), description="State.")


def error_of(**settings: object) -> str:
    """The error of settings."""
    with pytest.raises(ValidationError) as error:
        Probe.model_validate(settings)
    assert "hunter2" not in str(error.value)
    return str(error.value)


def test_loopback_addresses_are_local_and_any_other_is_not() -> None:
    for local in ("127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "localhost:1", "unix:/run/m.sock"):
        assert is_local(local), local
    for other in ("0.0.0.0:1", "[::]:1", "10.0.0.1:1", "service:1", "localhost.example:1"):
        assert not is_local(other), other


@pytest.mark.parametrize("name", ["listen", "target"])
def test_a_remote_link_needs_tls_or_a_setting_that_allows_plain_text(name: str) -> None:
    assert f"PROBE_{name.upper()} would be plain text" in error_of(**{name: REMOTE})
    Probe.model_validate({name: REMOTE, **INSECURE})
    Probe.model_validate({name: REMOTE, **TLS, "callers_file": "callers.toml"})


def test_an_empty_variable_means_no_file() -> None:
    assert Probe.model_validate({"tls_ca_file": "", "callers_file": ""}).callers_file is None


def test_a_remote_redis_needs_tls_or_a_setting_that_allows_plain_text() -> None:
    url = "redis://:hunter2@redis:6379/0"
    assert "PROBE_REDIS_URL would be plain text" in error_of(redis_url=url)
    Probe.model_validate({"redis_url": url, **INSECURE})
    for encrypted_or_local in ("rediss://redis:6379/0", "unix:///run/redis.sock"):
        Probe.model_validate({"redis_url": encrypted_or_local})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tls_certificate_file": CERTIFICATE}, "PROBE_TLS_KEY_FILE, PROBE_TLS_CA_FILE missing"),
        (TLS, "PROBE_CALLERS_FILE missing"),
        (
            {"redis_url": "redis://:hunter2@127.0.0.1:6379/0", "redis_password": "hunter2"},
            "PROBE_REDIS_URL, PROBE_REDIS_PASSWORD both hold a password",
        ),
        ({"redis_ca_file": AUTHORITY}, "PROBE_REDIS_URL must be a rediss:// address"),
        (
            {"redis_url": "rediss://redis:6379/0", "redis_certificate_file": CERTIFICATE},
            "PROBE_REDIS_CERTIFICATE_FILE, PROBE_REDIS_KEY_FILE: give both",
        ),
        # Such files would not be reloaded, and one option would accept any certificate.
        ({"redis_url": "rediss://redis:6379/0?ssl_cert_reqs=none"}, "PROBE_REDIS_CA_FILE"),
        (
            {"redis_url": "rediss://redis:6379/0?db=1&ssl_ca_certs=ca.pem"},
            "PROBE_REDIS_URL holds options of TLS",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    settings: dict[str, object], message: str
) -> None:
    assert message in error_of(**settings)


def test_the_path_of_a_password_file_is_kept_for_new_connections(
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


def test_a_process_with_an_exposed_link_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROBE_LISTEN", "0.0.0.0:8081")
    with pytest.raises(SystemExit) as end:
        load_settings(Probe)
    assert end.value.code == EX_CONFIG
    err = capsys.readouterr().err
    assert "PROBE_LISTEN would be plain text between machines" in err
    assert "set PROBE_ALLOWS_INSECURE_LINKS to true" in err
