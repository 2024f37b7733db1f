"""The addresses of files, and the keys that only an address gives. No I/O.

An address is a keyed hash of the text and the file's place in it: the same for every try, and
nobody's guess. The file's name in Redis and its key come from the address, never the other way.
"""

import base64
import hmac
import os
import re
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from messaging_service.model.media import Media

NAME_BYTES = 16

KEY_BYTES = 32

NONCE_BYTES = 12

# 256 bits in base64url; the ending behind it is there for carriers and phones only.
_ADDRESS = re.compile(r"([A-Za-z0-9_-]{43})(\.[a-z0-9]{1,8})?")


class MediaUrls:
    """Made under one secret; those that were made under former ones can be told as well."""

    def __init__(self, secret: str, *former: str) -> None:
        secrets = (one.encode() for one in (secret, *former))
        self._keys = [_derived(one, b"maskline media address", KEY_BYTES) for one in secrets]

    def tokens(self, message_id: str, position: int) -> tuple[str, ...]:
        """The unguessable part of the address of a text's file, under each secret.

        The first one is for a new file; at the others it may be kept from before.
        """
        # A message id holds no NUL that could make two of them one.
        named = f"{message_id}\0{position}".encode()
        return tuple(_written(hmac.digest(key, named, sha256)) for key in self._keys)


def token_in(address: str) -> str | None:
    """The token in the last part of an address, None if it is none that was given out."""
    found = _ADDRESS.fullmatch(address)
    return found[1] if found else None


def storage_id(token: str) -> str:
    """The name of the file in Redis, from which nobody comes back to the token."""
    return _written(_derived(token.encode(), b"maskline media name", NAME_BYTES))


def seal(media: Media, token: str) -> bytes:
    """Encrypts a file so that only the token opens it."""
    nonce = os.urandom(NONCE_BYTES)
    plain = media.content_type.encode() + b"\n" + media.content
    return nonce + _cipher(token).encrypt(nonce, plain, None)


def unseal(sealed: bytes, token: str) -> Media:
    """Decrypts what was sealed for the token; raises InvalidTag for anything else."""
    plain = _cipher(token).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    content_type, _, content = plain.partition(b"\n")
    return Media(content_type.decode(), content)


def _cipher(token: str) -> AESGCM:
    return AESGCM(_derived(token.encode(), b"maskline media key", KEY_BYTES))


def _derived(secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length=length, salt=None, info=purpose).derive(secret)


def _written(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
