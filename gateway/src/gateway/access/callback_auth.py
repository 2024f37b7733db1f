"""Who may hand callbacks in. Nothing here keeps or logs anything."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hmac import compare_digest

from gateway.access.client_address import SourceAddress, SourceNetwork, is_among
from gateway.problems import CallerNotAllowed, CredentialsNeeded

CALLBACKS = "/api/"

MESSAGES = "/api/message"

RECEIPTS = "/api/receipt"


class HiddenNotFound(Exception):
    """Answered as an address where nothing is: nobody learns how near a guess was."""


@dataclass(frozen=True, slots=True)
class CallerRules:
    """What is asked of callers; whatever is empty is not asked."""

    callback_tokens: tuple[bytes, ...] = field(default=(), repr=False)
    allowed_sources: tuple[SourceNetwork, ...] = ()
    # What follows "Basic" in the header, as `basic_credentials` makes it.
    credentials: bytes = field(default=b"", repr=False)


def basic_credentials(user: str, password: str) -> bytes:
    """A user and a password as HTTP basic authentication writes them (RFC 7617)."""
    return b64encode(f"{user}:{password}".encode())


def check(rules: CallerRules, path: str, source: SourceAddress | None, authorization: bytes) -> str:
    """The path at which the application serves `path`.

    Raises CallerNotAllowed, CredentialsNeeded or NotServed. Only callbacks are asked for anything:
    files are fetched, and health is asked for, by others than those who hand callbacks in.
    """
    if not path.startswith(CALLBACKS):
        return path
    if rules.allowed_sources and not (source and is_among(source, rules.allowed_sources)):
        raise CallerNotAllowed("Callbacks are not taken from here.")
    served = _without_token(path, rules.callback_tokens) if rules.callback_tokens else path
    if rules.credentials and not _names_attempt(served):
        _check_credentials(authorization, rules.credentials)
    return served


def is_one_of(given: bytes, secrets: Sequence[bytes]) -> bool:
    """Whether it is one of the secrets; the time this takes tells nothing of what they are."""
    matches = False
    for secret in secrets:
        matches |= compare_digest(given, secret)
    return matches


def _names_attempt(path: str) -> bool:
    """Whether a receipt comes to the address of one text, which the carrier knows from us.

    Its send token is a secret of its own, verified by the service that gave it out.
    """
    return path.startswith(f"{RECEIPTS}/")


def _check_credentials(authorization: bytes, credentials: bytes) -> None:
    if not is_one_of(_basic(authorization), [credentials]):
        raise CredentialsNeeded("Send the user and the password of the callbacks.")


def _basic(authorization: bytes) -> bytes:
    scheme, _, given = authorization.partition(b" ")
    return given.strip() if scheme.lower() == b"basic" else b""


def _without_token(path: str, tokens: Sequence[bytes]) -> str:
    endpoint, _, last = path.rpartition("/")
    if endpoint in (MESSAGES, RECEIPTS) and is_one_of(last.encode(errors="replace"), tokens):
        return endpoint
    if endpoint == RECEIPTS and last:
        return path
    raise HiddenNotFound
