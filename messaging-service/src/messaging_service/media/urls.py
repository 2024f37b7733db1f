"""Tokens of file URLs, and the encryption keys derived from them. No I/O.

A token is a keyed hash of the message and the file's position: the same for every try, and not
guessable. The file's id in Redis and its key are derived from the token, which cannot be derived
from them.
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

ID_BYTES = 16

KEY_BYTES = 32

NONCE_BYTES = 12

# 256 bits in base64url. The extension is only for carriers and phones.
_PATH = re.compile(r"([A-Za-z0-9_-]{43})(\.[a-z0-9]{1,8})?")


class MediaUrls:
    """Makes tokens under one secret, and those under former secrets as well."""

    def __init__(self, secret: str, *former: str) -> None:
        secrets = (value.encode() for value in (secret, *former))
        self._keys = [_derive(value, b"maskline media address", KEY_BYTES) for value in secrets]

    def tokens(self, message_id: str, position: int) -> tuple[str, ...]:
        """The tokens of a message's file, one per secret.

        The first is for a new file; a file stored earlier may have one of the others.
        """
        # NUL separates the two, as no message id contains it.
        name = f"{message_id}\0{position}".encode()
        return tuple(_encode(hmac.digest(key, name, sha256)) for key in self._keys)


def token_of(path: str) -> str | None:
    """The token in the last part of a URL; None if it is malformed."""
    match = _PATH.fullmatch(path)
    return match[1] if match else None


def storage_id(token: str) -> str:
    """The id of the file in Redis. The token cannot be derived from it."""
    return _encode(_derive(token.encode(), b"maskline media name", ID_BYTES))


def encrypt(media: Media, token: str) -> bytes:
    """Encrypts a file so that only the token decrypts it."""
    nonce = os.urandom(NONCE_BYTES)
    plaintext = media.content_type.encode() + b"\n" + media.content
    return nonce + _cipher(token).encrypt(nonce, plaintext, None)


def decrypt(encrypted: bytes, token: str) -> Media:
    """Decrypts a file. Raises InvalidTag if it was encrypted for another token."""
    nonce, ciphertext = encrypted[:NONCE_BYTES], encrypted[NONCE_BYTES:]
    content_type, _, content = _cipher(token).decrypt(nonce, ciphertext, None).partition(b"\n")
    return Media(content_type.decode(), content)


def _cipher(token: str) -> AESGCM:
    return AESGCM(_derive(token.encode(), b"maskline media key", KEY_BYTES))


def _derive(secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length=length, salt=None, info=purpose).derive(secret)


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
