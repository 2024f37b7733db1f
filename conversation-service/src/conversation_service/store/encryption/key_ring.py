"""The state keys: the current one encrypts, the former ones still decrypt.

An encrypted value begins with the id of its key, followed by the nonce.
"""

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32

NONCE_BYTES = 12

TAG_BYTES = 16

# Enough to distinguish a handful of keys; two keys with the same id are refused.
KEY_ID_BYTES = 4

# Set in the first byte of every key id, so that encrypted values never look like ASCII text.
_NOT_TEXT = 0x80


class KeysCollide(ValueError):
    """Two keys have the same id, so it would be unclear which of them decrypts a value."""

    def __init__(self) -> None:
        super().__init__("two state keys have the same id; choose another current one")


class Key:
    """One state key, derived from a secret."""

    def __init__(self, secret: str) -> None:
        raw = secret.encode()
        first, *rest = derive_key(raw, b"maskline key id")[:KEY_ID_BYTES]
        self.prefix = bytes([first | _NOT_TEXT, *rest])
        self._cipher = AESGCM(derive_key(raw, b"maskline seal"))

    @property
    def key_id(self) -> str:
        """The id in hexadecimal."""
        return self.prefix.hex()

    def encrypt(self, plain: bytes, record: str) -> bytes:
        """Encrypts a value of one record."""
        nonce = os.urandom(NONCE_BYTES)
        return self.prefix + nonce + self._cipher.encrypt(nonce, plain, record.encode())

    def decrypt(self, nonce_and_ciphertext: bytes, record: str) -> bytes:
        """Decrypts what follows the key id; raises InvalidTag."""
        if len(nonce_and_ciphertext) < NONCE_BYTES + TAG_BYTES:
            raise InvalidTag
        nonce, ciphertext = nonce_and_ciphertext[:NONCE_BYTES], nonce_and_ciphertext[NONCE_BYTES:]
        return self._cipher.decrypt(nonce, ciphertext, record.encode())


class KeyRing:
    """Encrypts under the current key, decrypts under this and all former ones."""

    def __init__(self, current: str, former: Sequence[str] = ()) -> None:
        """Each secret is any long random string. Raises KeysCollide."""
        keys = [Key(secret) for secret in dict.fromkeys((current, *former))]
        self._current = keys[0]
        self._by_prefix = {key.prefix: key for key in keys}
        if len(self._by_prefix) < len(keys):
            raise KeysCollide

    @property
    def current(self) -> Key:
        """The key that encrypts."""
        return self._current

    @property
    def key_ids(self) -> list[str]:
        """The ids of all keys, the current one first."""
        return [key.key_id for key in self._by_prefix.values()]

    def encrypt(self, plain: bytes, record: str) -> bytes:
        """Encrypts a value of one record under the current key."""
        return self._current.encrypt(plain, record)

    def decrypt(self, encrypted: bytes, record: str) -> bytes:
        """Decrypts a value of this record; raises InvalidTag for anything else."""
        key = self._by_prefix.get(encrypted[:KEY_ID_BYTES])
        if key is None:
            raise InvalidTag
        return key.decrypt(encrypted[KEY_ID_BYTES:], record)

    def key_of(self, encrypted: bytes, record: str) -> Key | None:
        """The key that decrypts this value; None if there is none."""
        try:
            self.decrypt(encrypted, record)
        except InvalidTag:
            return None
        return self._by_prefix[encrypted[:KEY_ID_BYTES]]

    def is_current(self, encrypted: bytes) -> bool:
        """Whether it is encrypted under the current key."""
        return encrypted.startswith(self._current.prefix)

    def reencrypted(self, encrypted: bytes, record: str) -> bytes:
        """The same value under the current key; raises InvalidTag."""
        return self.encrypt(self.decrypt(encrypted, record), record)


def is_encrypted(stored: bytes) -> bool:
    """Whether this can be an encrypted value; plain ids are ASCII."""
    return stored[:1] >= bytes([_NOT_TEXT])


def derive_key(secret: bytes, purpose: bytes) -> bytes:
    """A key for one purpose."""
    return HKDF(SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(secret)
