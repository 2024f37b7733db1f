"""What keeps numbers and words unreadable in Redis.

Numbers are looked up by a keyed hash and stored encrypted, words only encrypted.
"""

import base64
import hmac
from collections.abc import Sequence
from hashlib import sha256

from conversation_service.domain.errors import BackendUnavailable
from conversation_service.store.encryption.key_ring import KeyRing

# 16 bytes: nobody finds two of a pool's people under one hash, and keys stay short.
BLIND_BYTES = 16


class Cipher:
    """Hashes under the deployment's blinding key, seals under its state key.

    The blinding key lies in Redis: a locked vault is one that has not got it yet.
    """

    def __init__(self, secret: str, former: Sequence[str] = (), *, is_locked: bool = False) -> None:
        """`secret` is any long random string, `former` are earlier ones that may still open.

        A vault that is not locked hashes under a key derived from `secret`. Raises KeysCollide.
        """
        self.ring = KeyRing(secret, former)
        self._blinding_key = b"" if is_locked else self.ring.current.blinding_key

    @property
    def is_locked(self) -> bool:
        """Whether names cannot be hashed yet."""
        return not self._blinding_key

    def unlock(self, blinding_key: bytes) -> None:
        """From now on names are hashed under this key."""
        self._blinding_key = blinding_key

    def blind(self, *parts: str) -> str:
        """The same short opaque name for the same parts, meaningless without the blinding key.

        Raises BackendUnavailable while the vault is locked: Redis has not answered yet.
        """
        if self.is_locked:
            raise BackendUnavailable
        # Lengths in front: ("ab", "c") and ("a", "bc") are different.
        message = "".join(f"{len(part)}:{part}" for part in parts).encode()
        digest = hmac.digest(self._blinding_key, message, sha256)[:BLIND_BYTES]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def seal(self, plain: bytes, record: str) -> bytes:
        """Encrypts for one record: it cannot be opened as another one."""
        return self.ring.seal(plain, record)

    def open(self, sealed: bytes, record: str) -> bytes:
        """Decrypts what was sealed for this record; raises InvalidTag for anything else."""
        return self.ring.open(sealed, record)
