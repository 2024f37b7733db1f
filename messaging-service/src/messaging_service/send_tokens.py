"""The part of a receipt's address that names one attempt, and that nobody else can make up."""

import base64
import hmac
import secrets
from hashlib import blake2b, sha256

# 128 bits each: no attempt is named twice, and no signature is guessed.
_NAME_BYTES = 16
_SIGNATURE_BYTES = 16
_PURPOSE = b"send token"


class SendTokens:
    """Makes them and knows them again; nothing is kept for that."""

    def __init__(self, key: str) -> None:
        # Keys of any length become one of the length that BLAKE2b takes.
        self._keyed = blake2b(
            key=sha256(key.encode()).digest(), digest_size=_SIGNATURE_BYTES, person=_PURPOSE
        )

    def new(self) -> str:
        """A token that was never there before."""
        name = secrets.token_bytes(_NAME_BYTES)
        return base64.urlsafe_b64encode(name + self._signature(name)).rstrip(b"=").decode()

    def is_genuine(self, token: str) -> bool:
        """Whether it was made with this key, and not forged or altered since."""
        signed = _decoded(token)
        name, signature = signed[:_NAME_BYTES], signed[_NAME_BYTES:]
        return hmac.compare_digest(self._signature(name), signature)

    def _signature(self, name: bytes) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(name)
        return keyed.digest()


def _decoded(token: str) -> bytes:
    """The bytes of a token; nothing for what none can be, such as another spelling of one."""
    try:
        signed = base64.urlsafe_b64decode(token + "=")
    except ValueError:
        return b""
    spelled = base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
    return signed if spelled == token else b""
