from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.access.middleware import AccessRules
from gateway.app import http_options, response_headers
from gateway.conversation_client import BATCH_LIMIT
from gateway.settings import Settings
from runtime.grpc.client import MAX_MESSAGE_BYTES
from runtime.http.limits import HttpLimits

TOKEN = "aB3-_" * 7
PASSWORD = "correct horse battery"


def settings_of(monkeypatch: pytest.MonkeyPatch, **settings: object) -> Settings:
    for name, value in settings.items():
        monkeypatch.setenv(f"GATEWAY_{name.upper()}", str(value))
    return Settings()


def test_the_defaults_are_those_of_make_run_where_everybody_may_call_within_the_limits() -> None:
    settings = Settings()
    assert settings.listen == "127.0.0.1:8080"
    assert settings.conversation_target == "127.0.0.1:8081"
    assert settings.body_limit_bytes == 262_144
    assert settings.log_level == "info"
    assert settings.access_rules == AccessRules(requests_per_second=200, refusals_per_minute=10)
    assert http_options(settings).limits == HttpLimits()
    assert http_options(settings).tls is None
    assert not settings.serves_openapi


def test_every_setting_is_described() -> None:
    for field in Settings.model_fields.values():
        assert (field.description or "").endswith(".")


def test_a_batch_of_the_largest_bodies_fits_into_one_call() -> None:
    assert Settings().body_limit_bytes * BATCH_LIMIT <= MAX_MESSAGE_BYTES


@pytest.mark.parametrize(
    ("value", "tokens"),
    [
        ("", ()),
        (TOKEN, (TOKEN,)),
        (f"{TOKEN},{'o' * 32}", (TOKEN, "o" * 32)),
        (f" {TOKEN} , {'o' * 128} ", (TOKEN, "o" * 128)),
    ],
)
def test_a_setting_holds_one_token_or_two(
    monkeypatch: pytest.MonkeyPatch, value: str, tokens: tuple[str, ...]
) -> None:
    rules = settings_of(monkeypatch, callback_tokens=value).access_rules
    assert rules.callers.callback_tokens == tuple(token.encode() for token in tokens)


def test_tokens_and_the_password_may_come_from_files_and_are_not_in_the_repr(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tokens").write_text(f"{TOKEN}\n")
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    settings = settings_of(
        monkeypatch,
        callback_tokens_file=tmp_path / "tokens",
        basic_user="flowroute",
        basic_password_file=tmp_path / "password",
    )
    rules = settings.access_rules
    assert rules.callers.callback_tokens == (TOKEN.encode(),)
    # base64 of "flowroute:correct horse battery".
    assert rules.callers.credentials == b"Zmxvd3JvdXRlOmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ=="
    text = f"{settings!r}{settings}{settings.model_dump()}{rules}"
    assert TOKEN not in text
    assert PASSWORD not in text


def test_allowed_sources_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(monkeypatch, allowed_sources="52.88.246.140, 192.0.2.0/24,2001:db8::/32")
    networks = ("52.88.246.140/32", "192.0.2.0/24", "2001:db8::/32")
    assert settings.access_rules.callers.allowed_sources == tuple(map(ip_network, networks))


INVALID: list[dict[str, str]] = [
    *({"listen": "8080"}, {"listen": "localhost:http"}, {"conversation_target": ""}),
    *({"body_limit_bytes": "0"}, {"body_limit_bytes": "262145"}, {"body_timeout_seconds": "0"}),
    *({"call_timeout_seconds": "-1"}, {"call_timeout_seconds": "soon"}, {"log_level": "loud"}),
    *({"callback_tokens": "t" * 31}, {"callback_tokens": "t" * 129}),
    *({"callback_tokens": "t" * 31 + "/"}, {"callback_tokens": f"{TOKEN},"}),
    *({"callback_tokens": f"{TOKEN},{TOKEN},{TOKEN}"}, {"allowed_sources": "flowroute.example"}),
    *({"allowed_sources": "192.0.2.1/24"}, {"allowed_sources": ",".join(["192.0.2.1"] * 65)}),
    *({"trusted_proxies": "-1"}, {"trusted_proxies": "9"}),
    *({"basic_user": "flowroute"}, {"basic_password": PASSWORD}),
    {"basic_user": "flow:route", "basic_password": PASSWORD},
    {"basic_user": "flowroute", "basic_password": "p" * 15},
    *({"requests_per_second_per_source": "-1"}, {"refusals_per_minute_per_source": "0"}),
    *({"request_line_limit_bytes": "511"}, {"head_limit_bytes": "65537"}, {"header_limit": "15"}),
    *({"head_timeout_seconds": "0"}, {"connection_limit": "0"}, {"keep_alive_seconds": "301"}),
    *({"https_certificate_file": "/certificate.pem"}, {"https_key_file": "/key.pem"}),
]


@pytest.mark.parametrize("invalid", INVALID, ids=str)
def test_a_value_that_is_not_valid_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, invalid: dict[str, str]
) -> None:
    with pytest.raises(ValidationError) as error:
        settings_of(monkeypatch, **invalid)
    values = [value for value in invalid.values() if len(value) > 6]
    assert not [value for value in values if value in str(error.value)]


def test_hsts_is_sent_only_where_clients_use_https(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "strict-transport-security" not in dict(http_options(Settings()).headers)
    behind_proxy = http_options(settings_of(monkeypatch, trusted_proxies="1"))
    assert behind_proxy.headers == response_headers(is_https=True)
    assert dict(behind_proxy.headers)["strict-transport-security"]
