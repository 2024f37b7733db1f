"""Encryption and blind indexes of what is stored in Redis.

Phone numbers are looked up by a blind index (HMAC) and stored encrypted (AES-GCM); message bodies
are only encrypted.
"""

import base64
import hmac
from collections.abc import Sequence
from hashlib import sha256

from conversation_service.domain.errors import BackendUnavailable
from conversation_service.store.encryption.key_ring import KeyRing

# 96 bits: no two people of a pool collide in practice, and Redis keys stay short.
BLIND_INDEX_BYTES = 12


class Cipher:
    """Encrypts under the state key, hashes under the deployment's blind-index key.

    The blind-index key is stored in Redis; until it is loaded the cipher is not ready.
    """

    def __init__(
        self, secret: str, former: Sequence[str] = (), *, blind_index_key: bytes = b""
    ) -> None:
        """`secret` is any long random string; `former` secrets only decrypt. Raises KeysCollide."""
        self.ring = KeyRing(secret, former)
        self._blind_index_key = blind_index_key

    @property
    def is_ready(self) -> bool:
        """Whether the blind-index key is loaded."""
        return bool(self._blind_index_key)

    def set_blind_index_key(self, key: bytes) -> None:
        """Makes the cipher ready."""
        self._blind_index_key = key

    def blind_index(self, *parts: str) -> str:
        """A short opaque hash, the same for the same parts.

        Raises BackendUnavailable until the cipher is ready.
        """
        if not self.is_ready:
            raise BackendUnavailable
        # Lengths in front: ("ab", "c") and ("a", "bc") are different.
        message = "".join(f"{len(part)}:{part}" for part in parts).encode()
        digest = hmac.digest(self._blind_index_key, message, sha256)[:BLIND_INDEX_BYTES]
        return base64.urlsafe_b64encode(digest).decode()

    def encrypt(self, plain: bytes, record: str) -> bytes:
        """Encrypts a value; `record` is its associated data, so it decrypts nowhere else."""
        return self.ring.encrypt(plain, record)

    def decrypt(self, encrypted: bytes, record: str) -> bytes:
        """Decrypts a value of this record; raises InvalidTag for anything else."""
        return self.ring.decrypt(encrypted, record)
