"""The keys that open what is stored, and the one that seals.

What is sealed begins with the id of its key, then the nonce. While there was only one key, it began
with a 1 instead; no id does.
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

# Enough to tell a handful of keys apart; two that share one are refused.
KEY_ID_BYTES = 4

_FIRST_FORM = b"\x01"

# Set in the first byte of every id, so that none begins with a 1 or looks like text.
_NOT_TEXT = 0x80


class KeysCollide(ValueError):
    """Two keys have the same id, and nobody could tell which of them sealed something."""

    def __init__(self) -> None:
        super().__init__("two state keys have the same id; choose another current one")


class Key:
    """What one secret seals and opens."""

    def __init__(self, secret: str) -> None:
        raw = secret.encode()
        first, *rest = derived(raw, b"maskline key id")[:KEY_ID_BYTES]
        self.prefix = bytes([first | _NOT_TEXT, *rest])
        self.blinding_key = derived(raw, b"maskline blind")
        self._cipher = AESGCM(derived(raw, b"maskline seal"))

    @property
    def key_id(self) -> str:
        """The id as people read it."""
        return self.prefix.hex()

    def seal(self, plain: bytes, record: str) -> bytes:
        """Encrypts for one record."""
        nonce = os.urandom(NONCE_BYTES)
        return self.prefix + nonce + self._cipher.encrypt(nonce, plain, record.encode())

    def open(self, nonce_and_text: bytes, record: str) -> bytes:
        """Decrypts what stands behind the id; raises InvalidTag."""
        if len(nonce_and_text) < NONCE_BYTES + TAG_BYTES:
            raise InvalidTag
        nonce, text = nonce_and_text[:NONCE_BYTES], nonce_and_text[NONCE_BYTES:]
        return self._cipher.decrypt(nonce, text, record.encode())


class KeyRing:
    """Seals under the current key, opens under this and all former ones."""

    def __init__(self, current: str, former: Sequence[str] = ()) -> None:
        """Each is any long random string. Raises KeysCollide."""
        keys = [Key(secret) for secret in dict.fromkeys((current, *former))]
        self._current = keys[0]
        self._by_prefix = {key.prefix: key for key in keys}
        if len(self._by_prefix) < len(keys):
            raise KeysCollide

    @property
    def current(self) -> Key:
        """The one that seals."""
        return self._current

    @property
    def key_ids(self) -> list[str]:
        """Of all keys, the current one first."""
        return [key.key_id for key in self._by_prefix.values()]

    def seal(self, plain: bytes, record: str) -> bytes:
        """Encrypts for one record: it cannot be opened as another one."""
        return self._current.seal(plain, record)

    def open(self, sealed: bytes, record: str) -> bytes:
        """Decrypts what was sealed for this record; raises InvalidTag for anything else."""
        _, plain = self._opened(sealed, record)
        return plain

    def key_of(self, sealed: bytes, record: str) -> Key | None:
        """The key that opens this; None if none does."""
        try:
            key, _ = self._opened(sealed, record)
        except InvalidTag:
            return None
        return key

    def is_current(self, sealed: bytes) -> bool:
        """Whether it needs no other key than the current one, and says so itself."""
        return sealed.startswith(self._current.prefix)

    def resealed(self, sealed: bytes, record: str) -> bytes:
        """The same under the current key; raises InvalidTag."""
        return self.seal(self.open(sealed, record), record)

    def _opened(self, sealed: bytes, record: str) -> tuple[Key, bytes]:
        key = self._by_prefix.get(sealed[:KEY_ID_BYTES])
        if key is not None:
            return key, key.open(sealed[KEY_ID_BYTES:], record)
        if is_first_form(sealed):
            return self._tried(sealed[len(_FIRST_FORM) :], record)
        raise InvalidTag

    def _tried(self, nonce_and_text: bytes, record: str) -> tuple[Key, bytes]:
        for key in self._by_prefix.values():
            try:
                return key, key.open(nonce_and_text, record)
            except InvalidTag:
                continue
        raise InvalidTag


def is_sealed(stored: bytes) -> bool:
    """Whether this can be something sealed, and not text: ids that stand in clear are ASCII."""
    return is_first_form(stored) or stored[:1] >= bytes([_NOT_TEXT])


def is_first_form(sealed: bytes) -> bool:
    """Whether it was sealed while there was only one key."""
    return sealed.startswith(_FIRST_FORM)


def derived(secret: bytes, purpose: bytes) -> bytes:
    """A key for one purpose."""
    return HKDF(SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(secret)
