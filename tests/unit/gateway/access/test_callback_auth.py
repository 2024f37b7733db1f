"""Authentication of callbacks."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from gateway.access.callback_auth import (
    CallerRules,
    HiddenNotFound,
    basic_credentials,
    check,
    is_one_of,
)
from gateway.access.client_address import ClientAddress
from gateway.problems import CredentialsNeeded, SourceNotAllowed

CLIENT = ip_address("52.88.246.140")
NEW, OLD = b"n" * 32, b"o" * 32
TOKENS = CallerRules(callback_tokens=(NEW, OLD))
LISTED = CallerRules(allowed_sources=(ip_network("52.88.246.140"), ip_network("2001:db8::/32")))
CREDENTIALS = basic_credentials("flowroute", "correct horse battery")
BASIC = CallerRules(credentials=CREDENTIALS)
NOT_CALLBACKS = ["/healthz", "/readyz", "/media/c2VuZA", "/openapi.json", "/", "/api"]


def served(rules: CallerRules, path: str, authorization: bytes = b"") -> str:
    return check(rules, path, CLIENT, authorization)


@pytest.mark.parametrize(
    "path", ["/api/message", "/api/receipt", "/api/receipt/attempt/c2VuZA", "/api/x"]
)
def test_without_rules_every_path_is_served(path: str) -> None:
    assert check(CallerRules(), path, None, b"") == path


@pytest.mark.parametrize(
    ("path", "served_path"),
    [
        ("/api/message/" + "n" * 32, "/api/message"),
        ("/api/message/" + "o" * 32, "/api/message"),
        ("/api/receipt/" + "n" * 32, "/api/receipt"),
        ("/api/receipt/" + "o" * 32, "/api/receipt"),
        ("/api/receipt/attempt/c2VuZC10b2tlbg", "/api/receipt/attempt/c2VuZC10b2tlbg"),
        ("/api/receipt/attempt/" + "N" * 32, "/api/receipt/attempt/" + "N" * 32),
    ],
)
def test_both_tokens_are_accepted_on_both_paths_and_a_send_token_needs_none(
    path: str, served_path: str
) -> None:
    assert served(TOKENS, path) == served_path


@pytest.mark.parametrize(
    "path",
    [
        *("/api/message", "/api/message/", "/api/receipt", "/api/receipt/"),
        *("/api/message/" + "N" * 32, "/api/message/" + "n" * 31, "/api/message/" + "n" * 33),
        *("/api/message/" + "n" * 31 + "\ufffd", "/api/message/" + "n" * 32 + "//"),
        *("/api/message/x/" + "n" * 32, "/api/receipt/" + "n" * 32 + "/c2VuZA"),
        *("/api/" + "n" * 32, "/api/other/" + "n" * 32),
        # A wrong callback token is never handed on as a send token.
        *("/api/receipt/" + "N" * 32, "/api/receipt/c2VuZC10b2tlbg"),
        *("/api/receipt/attempt", "/api/receipt/attempt/", "/api/receipt/attempt/c2VuZA/x"),
        "/api/receipt/attempt/" + "n" * 32 + "/c2VuZA",
    ],
)
def test_any_other_path_of_callbacks_is_not_found(path: str) -> None:
    with pytest.raises(HiddenNotFound):
        served(TOKENS, path)


@pytest.mark.parametrize("client", ["52.88.246.140", "2001:db8::17"])
def test_a_listed_client_may_send_callbacks(client: str) -> None:
    assert check(LISTED, "/api/message", ip_address(client), b"") == "/api/message"


@pytest.mark.parametrize("client", [ip_address("52.88.246.141"), ip_address("2001:db9::1"), None])
def test_no_other_client_may_send_callbacks(client: ClientAddress | None) -> None:
    with pytest.raises(SourceNotAllowed):
        check(LISTED, "/api/message", client, b"")


@pytest.mark.parametrize("scheme", [b"Basic ", b"basic ", b"BASIC  "])
def test_the_correct_user_and_password_are_accepted(scheme: bytes) -> None:
    assert served(BASIC, "/api/message", scheme + CREDENTIALS) == "/api/message"


@pytest.mark.parametrize(
    "authorization",
    [
        b"",
        b"Basic",
        b"Basic ",
        b"Bearer " + CREDENTIALS,
        CREDENTIALS,
        b"Basic " + CREDENTIALS[:-1],
        b"Basic " + basic_credentials("flowroute", "correct horse"),
        b"Basic " + basic_credentials("", ""),
        b"Basic \xff",
    ],
)
def test_any_other_credentials_are_refused(authorization: bytes) -> None:
    with pytest.raises(CredentialsNeeded):
        served(BASIC, "/api/message", authorization)


@pytest.mark.parametrize("rules", [BASIC, replace(TOKENS, credentials=CREDENTIALS)])
def test_the_receipt_address_of_an_attempt_needs_no_password(rules: CallerRules) -> None:
    assert (
        served(rules, "/api/receipt/attempt/c2VuZC10b2tlbg")
        == "/api/receipt/attempt/c2VuZC10b2tlbg"
    )


@pytest.mark.parametrize(
    "path",
    [
        *("/api/receipt", "/api/receipt/c2VuZA", "/api/receipt/attempt", "/api/receipt/attempt/"),
        *("/api/message", "/api/message/c2VuZA", "/api/receipt/attempt/a/b"),
    ],
)
def test_every_other_path_of_callbacks_needs_the_password(path: str) -> None:
    with pytest.raises(CredentialsNeeded):
        served(BASIC, path)


def test_the_receipt_address_of_the_account_needs_the_password() -> None:
    with pytest.raises(CredentialsNeeded):
        served(replace(TOKENS, credentials=CREDENTIALS), "/api/receipt/" + "n" * 32)


@pytest.mark.parametrize("path", NOT_CALLBACKS)
def test_other_paths_need_no_credentials(path: str) -> None:
    everything = replace(
        TOKENS, allowed_sources=LISTED.allowed_sources, credentials=BASIC.credentials
    )
    assert check(everything, path, ip_address("203.0.113.9"), b"") == path


def test_all_rules_apply_together() -> None:
    both = replace(TOKENS, credentials=CREDENTIALS)
    correct = b"Basic " + CREDENTIALS
    assert served(both, "/api/message/" + "n" * 32, correct) == "/api/message"
    with pytest.raises(CredentialsNeeded):
        served(both, "/api/message/" + "n" * 32)
    with pytest.raises(HiddenNotFound):
        served(both, "/api/message", correct)


def test_all_secrets_are_compared_even_after_a_match(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []

    def compare(value: bytes, secret: bytes) -> bool:
        compared.append(secret)
        return value == secret

    monkeypatch.setattr("gateway.access.callback_auth.compare_digest", compare)
    assert is_one_of(NEW, [NEW, OLD])
    assert not is_one_of(b"", [NEW, OLD])
    assert compared == [NEW, OLD] * 2


def test_the_repr_of_rules_holds_no_secret() -> None:
    text = repr(replace(TOKENS, credentials=CREDENTIALS))
    assert not [secret for secret in (NEW, OLD, CREDENTIALS) if secret.decode() in text]
