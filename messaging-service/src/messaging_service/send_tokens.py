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
    """Makes them with one key and knows them again by several; nothing is kept for that."""

    def __init__(self, key: str, *former: str) -> None:
        """`former` keys are those whose tokens may still be in the carrier's hands."""
        self._keyed = _keyed(key)
        self._all = [self._keyed, *map(_keyed, former)]

    def new(self) -> str:
        """A token that was never there before."""
        name = secrets.token_bytes(_NAME_BYTES)
        signed = name + _signature(self._keyed, name)
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()

    def is_genuine(self, token: str) -> bool:
        """Whether it was made with one of the keys, and not forged or altered since."""
        signed = _decoded(token)
        name, signature = signed[:_NAME_BYTES], signed[_NAME_BYTES:]
        is_known = False
        for keyed in self._all:
            # All of them each time: how long it takes tells nothing.
            is_known |= hmac.compare_digest(_signature(keyed, name), signature)
        return is_known


def _keyed(key: str) -> blake2b:
    # Keys of any length become one of the length that BLAKE2b takes.
    secret = sha256(key.encode()).digest()
    return blake2b(key=secret, digest_size=_SIGNATURE_BYTES, person=_PURPOSE)


def _signature(keyed: blake2b, name: bytes) -> bytes:
    signing = keyed.copy()
    signing.update(name)
    return signing.digest()


def _decoded(token: str) -> bytes:
    """The bytes of a token; nothing for what none can be, such as another spelling of one."""
    try:
        signed = base64.urlsafe_b64decode(token + "=")
    except ValueError:
        return b""
    spelled = base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
    return signed if spelled == token else b""
