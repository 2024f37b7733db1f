"""What keeps numbers and words unreadable in Redis.

Numbers are looked up by a keyed hash and stored encrypted, words only encrypted.
"""

import base64
import hmac
import os
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# 16 bytes: nobody finds two of a pool's people under one hash, and keys stay short.
BLIND_BYTES = 16
NONCE_BYTES = 12
# In front of everything sealed, so that several keys can live side by side once they rotate.
KEY_ID = b"\x01"


class Vault:
    """Hashes and seals under keys derived from one secret."""

    def __init__(self, secret: str) -> None:
        """`secret` is any long random string; losing it loses every live conversation."""
        self._blinding_key = _derived(secret, b"maskline blind")
        self._cipher = AESGCM(_derived(secret, b"maskline seal"))

    def blind(self, *parts: str) -> str:
        """The same short opaque name for the same parts, meaningless without the secret."""
        # Lengths in front: ("ab", "c") and ("a", "bc") are different.
        message = "".join(f"{len(part)}:{part}" for part in parts).encode()
        digest = hmac.digest(self._blinding_key, message, sha256)[:BLIND_BYTES]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def seal(self, plain: bytes, record: str) -> bytes:
        """Encrypts for one record: it cannot be opened as another one."""
        nonce = os.urandom(NONCE_BYTES)
        return KEY_ID + nonce + self._cipher.encrypt(nonce, plain, record.encode())

    def open(self, sealed: bytes, record: str) -> bytes:
        """Decrypts what was sealed for this record; raises InvalidTag for anything else."""
        start = len(KEY_ID) + NONCE_BYTES
        nonce = sealed[len(KEY_ID) : start]
        return self._cipher.decrypt(nonce, sealed[start:], record.encode())


def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
