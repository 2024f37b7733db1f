"""Authentication of callbacks: token in the path, allowed networks, HTTP basic credentials."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hmac import compare_digest

from gateway.access.client_address import ClientAddress, ClientNetwork, is_among
from gateway.problems import CredentialsNeeded, SourceNotAllowed

CALLBACKS = "/api/"

MESSAGES = "/api/message"

RECEIPTS = "/api/receipt"

# Below it, the receipt address of each attempt: its last part is a send token, which the service
# that made it verifies.
ATTEMPTS = "/api/receipt/attempt"


class HiddenNotFound(Exception):
    """A wrong token. The response is that of an unknown path, so that it reveals nothing."""


@dataclass(frozen=True, slots=True)
class CallerRules:
    """What callbacks have to present; empty means not required."""

    callback_tokens: tuple[bytes, ...] = field(default=(), repr=False)
    allowed_sources: tuple[ClientNetwork, ...] = ()
    # What follows "Basic" in the header, made by `basic_credentials`.
    credentials: bytes = field(default=b"", repr=False)


def basic_credentials(user: str, password: str) -> bytes:
    """User and password as HTTP basic authentication encodes them (RFC 7617)."""
    return b64encode(f"{user}:{password}".encode())


def check(rules: CallerRules, path: str, client: ClientAddress | None, authorization: bytes) -> str:
    """The path to serve, without a callback token and without a final slash.

    Raises SourceNotAllowed, CredentialsNeeded or HiddenNotFound. Only callbacks are checked: files
    and health are for other clients.
    """
    if not path.startswith(CALLBACKS):
        return path
    if rules.allowed_sources and not (client and is_among(client, rules.allowed_sources)):
        raise SourceNotAllowed("Callbacks are not taken from here.")
    path = path.removesuffix("/")
    path = _without_token(path, rules.callback_tokens) if rules.callback_tokens else path
    if rules.credentials and not has_send_token(path):
        _check_credentials(authorization, rules.credentials)
    return path


def is_authenticated(rules: CallerRules, path: str, authorization: bytes) -> bool:
    """Whether a callback shows a secret of the gateway itself.

    A send token is a secret of another service, so its address does not count.
    """
    if not path.startswith(CALLBACKS):
        return False
    endpoint, _, last = path.removesuffix("/").rpartition("/")
    has_token = endpoint in (MESSAGES, RECEIPTS) and is_one_of(
        last.encode(errors="replace"), rules.callback_tokens
    )
    has_credentials = bool(rules.credentials) and is_one_of(
        _basic(authorization), [rules.credentials]
    )
    return has_token or has_credentials


def has_send_token(path: str) -> bool:
    """Whether this is the receipt address of one attempt."""
    endpoint, _, last = path.rpartition("/")
    return endpoint == ATTEMPTS and last != ""


def is_one_of(value: bytes, secrets: Sequence[bytes]) -> bool:
    """Whether it equals one of the secrets, in constant time."""
    matches = False
    for secret in secrets:
        matches |= compare_digest(value, secret)
    return matches


def _check_credentials(authorization: bytes, credentials: bytes) -> None:
    if not is_one_of(_basic(authorization), [credentials]):
        raise CredentialsNeeded("Send the user and the password of the callbacks.")


def _basic(authorization: bytes) -> bytes:
    scheme, _, credentials = authorization.partition(b" ")
    return credentials.strip() if scheme.lower() == b"basic" else b""


def _without_token(path: str, tokens: Sequence[bytes]) -> str:
    endpoint, _, last = path.rpartition("/")
    if endpoint in (MESSAGES, RECEIPTS) and is_one_of(last.encode(errors="replace"), tokens):
        return endpoint
    if has_send_token(path):
        return path
    raise HiddenNotFound
