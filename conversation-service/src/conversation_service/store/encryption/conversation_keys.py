"""The key of each conversation, under which its words are sealed until they have been sent.

Each conversation draws a secret of its own. While it lives, the secret lies in its record; when it
ends, the secret is kept only for as long as its last texts may be owed. Without it nobody reads the
conversation's words again: not those in an old copy, and not whoever has the state key.

What is sealed under one says whose it is: a 2, the conversation's id, a line break, the nonce.
"""

import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from conversation_service.store.encryption.key_ring import NONCE_BYTES, TAG_BYTES, derived

# 127 random bits, from which the 256 of the key are derived: it lies in every live conversation.
SECRET_BYTES = 16

# Set in the first byte of every secret, so that it is seen where one stands in front of ASCII.
_NOT_TEXT = 0x80

_MARK = b"\x02"

_PURPOSE = b"maskline words"


def generate() -> bytes:
    """A secret for a new conversation."""
    first, *rest = os.urandom(SECRET_BYTES)
    return bytes([first | _NOT_TEXT, *rest])


def split_key(plain: bytes) -> tuple[bytes, bytes]:
    """The secret in front of a text, if there is one, and the text."""
    length = SECRET_BYTES if plain[:1] >= bytes([_NOT_TEXT]) else 0
    return plain[:length], plain[length:]


def seal(plain: bytes, record: str, conversation_id: str, secret: bytes) -> bytes:
    """Encrypts words of a conversation for one record."""
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + _cipher(secret).encrypt(nonce, plain, record.encode())
    return _MARK + conversation_id.encode() + b"\n" + sealed


def conversation_of(sealed: bytes) -> str:
    """Whose key it takes to open this; empty for what lies under the state key."""
    if not sealed.startswith(_MARK):
        return ""
    name, _, _ = sealed[len(_MARK) :].partition(b"\n")
    return name.decode(errors="replace")


def opened(sealed: bytes, record: str, secrets: Iterable[bytes]) -> bytes:
    """Decrypts with whichever of a conversation's secrets it takes; raises InvalidTag."""
    _, _, rest = sealed.partition(b"\n")
    if len(rest) < NONCE_BYTES + TAG_BYTES:
        raise InvalidTag
    nonce, text = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
    for secret in secrets:
        try:
            return _cipher(secret).decrypt(nonce, text, record.encode())
        except InvalidTag:
            continue
    raise InvalidTag


def _cipher(secret: bytes) -> AESGCM:
    return AESGCM(derived(secret, _PURPOSE))
