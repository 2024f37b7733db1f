"""The form of carriers' message ids. No I/O."""

import re
from hashlib import sha256

# The contract's limit. Flowroute's ids have 37 characters.
CARRIER_ID_LIMIT = 128

FORM = f"printable ASCII characters without blanks, at most {CARRIER_ID_LIMIT}"

_FORM = re.compile(rf"[!-~]{{1,{CARRIER_ID_LIMIT}}}")

# Neither a body nor a number in E.164 has this form.
_PLAIN = re.compile(rf"[A-Za-z0-9_-]{{1,{CARRIER_ID_LIMIT}}}")

_HASHED_PREFIX = "odd-"

# 128 bits: two ids never collide by chance.
_HASH_DIGITS = 32


def is_carrier_id(value: str) -> bool:
    """Whether the value has the form that the contract allows."""
    return _FORM.fullmatch(value) is not None


def normalised_carrier_id(carrier_id: str) -> str:
    """The id that is stored and logged for an id which the carrier gave; empty stays empty.

    An id that is not plain may contain anything and is hashed. The hash has no key, so that every
    replica gets the same one: a message that the carrier accepted must neither be lost nor be taken
    for another message.
    """
    if not carrier_id or _PLAIN.fullmatch(carrier_id):
        return carrier_id
    return _HASHED_PREFIX + sha256(carrier_id.encode()).hexdigest()[:_HASH_DIGITS]
