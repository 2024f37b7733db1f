"""The data key of each conversation, under which its bodies are encrypted until they are sent.

Crypto-shredding: while a conversation lives, its data key is part of its record; when it ends, the
key is kept only as long as its last messages may be waiting to be sent. Without it nobody can read
the bodies again, not even from an old copy of Redis together with the state key.

A value under a data key begins with a 2, the conversation's id and a line break; then comes the
nonce.
"""

import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from conversation_service.store.encryption.key_ring import NONCE_BYTES, TAG_BYTES, derive_key

# 127 random bits, from which the AES key of 256 bits is derived: short, as each record has one.
DATA_KEY_BYTES = 16

# Set in the first byte of every data key, to recognise one in front of a record.
_NOT_TEXT = 0x80

_MARK = b"\x02"

_PURPOSE = b"maskline words"


def generate() -> bytes:
    """A data key for a new conversation."""
    first, *rest = os.urandom(DATA_KEY_BYTES)
    return bytes([first | _NOT_TEXT, *rest])


def split_key(plain: bytes) -> tuple[bytes, bytes]:
    """The data key in front of a record, empty if there is none, and the record."""
    length = DATA_KEY_BYTES if plain[:1] >= bytes([_NOT_TEXT]) else 0
    return plain[:length], plain[length:]


def encrypt(plain: bytes, record: str, conversation_id: str, data_key: bytes) -> bytes:
    """Encrypts a body of a conversation for one record."""
    nonce = os.urandom(NONCE_BYTES)
    encrypted = nonce + _aes(data_key).encrypt(nonce, plain, record.encode())
    return _MARK + conversation_id.encode() + b"\n" + encrypted


def conversation_of(encrypted: bytes) -> str:
    """The id of the conversation whose data key decrypts this; empty for the state key."""
    if not encrypted.startswith(_MARK):
        return ""
    conversation_id, _, _ = encrypted[len(_MARK) :].partition(b"\n")
    return conversation_id.decode(errors="replace")


def decrypt(encrypted: bytes, record: str, data_keys: Iterable[bytes]) -> bytes:
    """Decrypts with the first of a conversation's data keys that fits; raises InvalidTag."""
    _, _, rest = encrypted.partition(b"\n")
    if len(rest) < NONCE_BYTES + TAG_BYTES:
        raise InvalidTag
    nonce, ciphertext = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
    for data_key in data_keys:
        try:
            return _aes(data_key).decrypt(nonce, ciphertext, record.encode())
        except InvalidTag:
            continue
    raise InvalidTag


def _aes(data_key: bytes) -> AESGCM:
    return AESGCM(derive_key(data_key, _PURPOSE))
