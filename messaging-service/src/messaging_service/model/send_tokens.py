"""The part of a receipt's address that names one attempt, and that nobody else can make up.

Only the carrier is given it. Here and in Redis an attempt goes by its id, which is the token
without the signature: whoever has a copy of Redis has no token.
"""

import base64
import hmac
import secrets
from hashlib import blake2b, sha256

# 128 bits each: no attempt is named twice, and no signature is guessed.
_NAME_BYTES = 16

_SIGNATURE_BYTES = 16

_PURPOSE = b"send token"


def new_attempt_id() -> str:
    """A name that no attempt had before: 22 characters of base64url."""
    return _written(secrets.token_bytes(_NAME_BYTES))


class SendTokens:
    """Makes them with one key and knows them again by several; nothing is kept for that."""

    def __init__(self, key: str, *former: str) -> None:
        """`former` keys are those whose tokens may still be in the carrier's hands."""
        self._keyed = _keyed(key)
        self._all = [self._keyed, *map(_keyed, former)]

    def signed(self, attempt_id: str) -> str:
        """The token of an attempt: 43 characters of base64url. Give it to the carrier alone.

        Raises ValueError for what is no attempt's id; nobody would know its token again.
        """
        name = _read(attempt_id)
        if len(name) != _NAME_BYTES:
            raise ValueError("give the id of an attempt, as new_attempt_id() makes it")
        return _written(name + _signature(self._keyed, name))

    def name_in(self, token: str) -> str | None:
        """The id of the attempt; None if no key made the token, or it was altered since."""
        signed = _read(token)
        name, signature = signed[:_NAME_BYTES], signed[_NAME_BYTES:]
        is_known = False
        for keyed in self._all:
            # All of them each time: how long it takes tells nothing.
            is_known |= hmac.compare_digest(_signature(keyed, name), signature)
        return _written(name) if is_known else None


def _keyed(key: str) -> blake2b:
    # Keys of any length become one of the length that BLAKE2b takes.
    secret = sha256(key.encode()).digest()
    return blake2b(key=secret, digest_size=_SIGNATURE_BYTES, person=_PURPOSE)


def _signature(keyed: blake2b, name: bytes) -> bytes:
    signing = keyed.copy()
    signing.update(name)
    return signing.digest()


def _written(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _read(written: str) -> bytes:
    """The bytes of it; nothing for what none can be, such as another spelling of some."""
    try:
        value = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
    except ValueError:
        return b""
    return value if _written(value) == written else b""
