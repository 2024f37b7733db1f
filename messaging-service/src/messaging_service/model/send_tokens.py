"""Send tokens: the signed part of a receipt URL that names one attempt.

Only the carrier gets a token. Redis and this service use the attempt id, which is the token
without its signature, so a copy of Redis contains no valid token.
"""

import base64
import hmac
import secrets
from hashlib import blake2b, sha256

# 128 bits each: ids never collide and signatures cannot be guessed.
_ID_BYTES = 16

_SIGNATURE_BYTES = 16

_PURPOSE = b"send token"


def new_attempt_id() -> str:
    """A new random id: 22 characters of base64url."""
    return _encode(secrets.token_bytes(_ID_BYTES))


class SendTokens:
    """Signs with the current key and verifies with all keys. Stores nothing."""

    def __init__(self, key: str, *former: str) -> None:
        """Tokens that were signed with the `former` keys are still accepted."""
        self._signer = _signer(key)
        self._verifiers = [self._signer, *map(_signer, former)]

    def sign(self, attempt_id: str) -> str:
        """The token of an attempt: 43 characters of base64url, for the carrier only.

        Raises ValueError if the attempt id is malformed: no receipt could be matched to it.
        """
        raw_id = _decode(attempt_id)
        if len(raw_id) != _ID_BYTES:
            raise ValueError("give the id of an attempt, as new_attempt_id() makes it")
        return _encode(raw_id + _signature(self._signer, raw_id))

    def attempt_id_of(self, token: str) -> str | None:
        """The id of the attempt; None if no key signed the token or it was altered."""
        signed = _decode(token)
        raw_id, signature = signed[:_ID_BYTES], signed[_ID_BYTES:]
        is_valid = False
        for signer in self._verifiers:
            # All keys are tried every time, so that the duration reveals nothing.
            is_valid |= hmac.compare_digest(_signature(signer, raw_id), signature)
        return _encode(raw_id) if is_valid else None


def _signer(key: str) -> blake2b:
    # BLAKE2b takes keys of at most 64 bytes, so a key of any length is hashed first.
    secret = sha256(key.encode()).digest()
    return blake2b(key=secret, digest_size=_SIGNATURE_BYTES, person=_PURPOSE)


def _signature(signer: blake2b, raw_id: bytes) -> bytes:
    digest = signer.copy()
    digest.update(raw_id)
    return digest.digest()


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decode(encoded: str) -> bytes:
    """The bytes, or none if the text is not the canonical base64url form of any."""
    try:
        value = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        return b""
    return value if _encode(value) == encoded else b""
