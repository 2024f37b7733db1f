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
from gateway.problems import CallerNotAllowed, CredentialsNeeded

CLIENT = ip_address("52.88.246.140")
NEW, OLD = b"n" * 32, b"o" * 32
TOKENS = CallerRules(callback_tokens=(NEW, OLD))
LISTED = CallerRules(allowed_sources=(ip_network("52.88.246.140"), ip_network("2001:db8::/32")))
CREDENTIALS = basic_credentials("flowroute", "correct horse battery")
CORRECT = b"Basic " + CREDENTIALS
BASIC = CallerRules(credentials=CREDENTIALS)
BOTH = replace(TOKENS, credentials=CREDENTIALS)
MESSAGE, RECEIPT, ATTEMPT = "/api/message", "/api/receipt", "/api/receipt/c2VuZA"
WITH_NEW, WITH_OLD, OTHER_CASE = "/" + "n" * 32, "/" + "o" * 32, "/" + "N" * 32


def served(rules: CallerRules, path: str, authorization: bytes = b"") -> str:
    return check(rules, path, CLIENT, authorization)


@pytest.mark.parametrize("path", [MESSAGE, RECEIPT, ATTEMPT, "/api/x"])
def test_without_rules_every_path_is_served(path: str) -> None:
    assert check(CallerRules(), path, None, b"") == path


@pytest.mark.parametrize(
    ("path", "served_path"),
    [
        *((MESSAGE + WITH_NEW, MESSAGE), (MESSAGE + WITH_OLD, MESSAGE)),
        *((RECEIPT + WITH_NEW, RECEIPT), (RECEIPT + WITH_OLD, RECEIPT)),
        *((ATTEMPT, ATTEMPT), (RECEIPT + OTHER_CASE, RECEIPT + OTHER_CASE)),
    ],
)
def test_both_tokens_are_accepted_on_both_paths_and_a_send_token_needs_none(
    path: str, served_path: str
) -> None:
    assert served(TOKENS, path) == served_path


@pytest.mark.parametrize(
    "path",
    [
        *(MESSAGE, MESSAGE + "/", RECEIPT, RECEIPT + "/", MESSAGE + OTHER_CASE),
        *(MESSAGE + "/" + "n" * 31, MESSAGE + WITH_NEW + "n", MESSAGE + WITH_NEW + "/"),
        *(MESSAGE + "/" + "n" * 31 + "\ufffd", MESSAGE + "/x" + WITH_NEW),
        *(RECEIPT + WITH_NEW + "/c2VuZA", "/api" + WITH_NEW, "/api/other" + WITH_NEW),
    ],
)
def test_any_other_path_of_callbacks_is_not_found(path: str) -> None:
    with pytest.raises(HiddenNotFound):
        served(TOKENS, path)


def test_only_listed_clients_may_send_callbacks() -> None:
    for listed in ("52.88.246.140", "2001:db8::17"):
        assert check(LISTED, MESSAGE, ip_address(listed), b"") == MESSAGE
    for client in (ip_address("52.88.246.141"), ip_address("2001:db9::1"), None):
        with pytest.raises(CallerNotAllowed):
            check(LISTED, MESSAGE, client, b"")


def test_the_correct_user_and_password_are_accepted() -> None:
    for scheme in (b"Basic ", b"basic ", b"BASIC  "):
        assert served(BASIC, MESSAGE, scheme + CREDENTIALS) == MESSAGE


@pytest.mark.parametrize(
    "authorization",
    [
        *(b"", b"Basic", b"Basic ", b"Bearer " + CREDENTIALS, CREDENTIALS, CORRECT[:-1]),
        b"Basic " + basic_credentials("flowroute", "correct horse"),
        *(b"Basic " + basic_credentials("", ""), b"Basic \xff"),
    ],
)
def test_any_other_credentials_are_refused(authorization: bytes) -> None:
    with pytest.raises(CredentialsNeeded):
        served(BASIC, MESSAGE, authorization)


@pytest.mark.parametrize("rules", [BASIC, BOTH])
def test_the_receipt_address_of_an_attempt_needs_no_password(rules: CallerRules) -> None:
    assert served(rules, ATTEMPT) == ATTEMPT


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        *((BASIC, RECEIPT), (BASIC, MESSAGE), (BASIC, MESSAGE + "/c2VuZA")),
        *((BOTH, RECEIPT + WITH_NEW), (BOTH, MESSAGE + WITH_NEW)),
    ],
)
def test_every_other_path_of_callbacks_needs_the_password(rules: CallerRules, path: str) -> None:
    with pytest.raises(CredentialsNeeded):
        served(rules, path)


def test_the_password_does_not_replace_the_token() -> None:
    assert served(BOTH, MESSAGE + WITH_NEW, CORRECT) == MESSAGE
    with pytest.raises(HiddenNotFound):
        served(BOTH, MESSAGE, CORRECT)


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/media/c2VuZA", "/openapi.json", "/", "/api"]
)
def test_other_paths_need_no_credentials(path: str) -> None:
    rules = replace(BOTH, allowed_sources=LISTED.allowed_sources)
    assert check(rules, path, ip_address("203.0.113.9"), b"") == path


def test_all_secrets_are_compared_even_after_a_match(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(value: bytes, secret: bytes) -> bool:
        compared.append(secret)
        return value == secret

    monkeypatch.setattr("gateway.access.callback_auth.compare_digest", compare)
    assert is_one_of(NEW, [NEW, OLD])
    assert not is_one_of(b"", [NEW, OLD])
    assert compared == [NEW, OLD] * 2


def test_the_repr_of_rules_holds_no_secret() -> None:
    assert not [secret for secret in (NEW, OLD, CREDENTIALS) if secret.decode() in repr(BOTH)]
