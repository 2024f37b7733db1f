"""Settings of access and of HTTP limits."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.access.middleware import AccessRules
from gateway.app import http_options, response_headers
from gateway.settings import Settings
from runtime.http.limits import HttpLimits

TOKEN = "aB3-_" * 7
PASSWORD = "correct horse battery"


def settings_of(monkeypatch: pytest.MonkeyPatch, **settings: str) -> Settings:
    for name, value in settings.items():
        monkeypatch.setenv(f"GATEWAY_{name.upper()}", value)
    return Settings()


def test_by_default_everybody_may_call_within_the_rate_limits() -> None:
    assert Settings().access_rules == AccessRules(requests_per_second=200, refusals_per_minute=10)
    assert http_options(Settings()).limits == HttpLimits()
    assert http_options(Settings()).tls is None
    assert not Settings().serves_openapi


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


def test_tokens_and_the_password_may_come_from_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tokens").write_text(f"{TOKEN}\n")
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    rules = settings_of(
        monkeypatch,
        callback_tokens_file=str(tmp_path / "tokens"),
        basic_user="flowroute",
        basic_password_file=str(tmp_path / "password"),
    ).access_rules
    assert rules.callers.callback_tokens == (TOKEN.encode(),)
    # base64 of "flowroute:correct horse battery".
    assert rules.callers.credentials == b"Zmxvd3JvdXRlOmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ=="


def test_allowed_sources_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(monkeypatch, allowed_sources="52.88.246.140, 192.0.2.0/24,2001:db8::/32")
    assert settings.access_rules.callers.allowed_sources == (
        ip_network("52.88.246.140/32"),
        ip_network("192.0.2.0/24"),
        ip_network("2001:db8::/32"),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"callback_tokens": "t" * 31},
        {"callback_tokens": "t" * 129},
        {"callback_tokens": "t" * 31 + "/"},
        {"callback_tokens": f"{TOKEN},"},
        {"callback_tokens": f"{TOKEN},{TOKEN},{TOKEN}"},
        {"allowed_sources": "flowroute.example"},
        {"allowed_sources": "192.0.2.1/24"},
        {"allowed_sources": ",".join(["192.0.2.1"] * 65)},
        {"trusted_proxies": "-1"},
        {"trusted_proxies": "9"},
        {"basic_user": "flowroute"},
        {"basic_password": PASSWORD},
        {"basic_user": "flow:route", "basic_password": PASSWORD},
        {"basic_user": "flowroute", "basic_password": "p" * 15},
        {"requests_per_second_per_source": "-1"},
        {"refusals_per_minute_per_source": "0"},
        {"request_line_limit_bytes": "511"},
        {"head_limit_bytes": "65537"},
        {"header_limit": "15"},
        {"head_timeout_seconds": "0"},
        {"connection_limit": "0"},
        {"keep_alive_seconds": "301"},
        {"https_certificate_file": "/certificate.pem"},
        {"https_key_file": "/key.pem"},
    ],
    ids=str,
)
def test_a_value_that_is_not_valid_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    with pytest.raises(ValidationError) as error:
        settings_of(monkeypatch, **wrong)
    assert not [value for value in wrong.values() if len(value) > 6 and value in str(error.value)]


def test_the_repr_of_settings_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(
        monkeypatch, callback_tokens=TOKEN, basic_user="flowroute", basic_password=PASSWORD
    )
    text = f"{settings!r}{settings}{settings.model_dump()}{settings.access_rules}"
    assert TOKEN not in text
    assert PASSWORD not in text


def test_hsts_is_sent_only_where_clients_use_https(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "strict-transport-security" not in dict(http_options(Settings()).headers)
    behind_proxy = settings_of(monkeypatch, trusted_proxies="1")
    assert http_options(behind_proxy).headers == response_headers(is_https=True)
    assert dict(http_options(behind_proxy).headers)["strict-transport-security"]
