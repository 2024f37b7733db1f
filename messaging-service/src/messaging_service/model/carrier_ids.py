"""The form of a carrier's message ids. No I/O."""

import re
from hashlib import sha256

# The contract's limit. Flowroute's ids have 37 characters.
CARRIER_ID_LIMIT = 128

SHAPE = f"letters, digits, hyphens and underscores, at most {CARRIER_ID_LIMIT}"

_SHAPE = re.compile(rf"[A-Za-z0-9_-]{{1,{CARRIER_ID_LIMIT}}}")

_HASHED_PREFIX = "odd-"

# 128 bits: two ids never collide by chance.
_HASH_DIGITS = 32


def is_carrier_id(value: str) -> bool:
    """Whether the value has the form of a carrier's id. Neither a body nor a number has it."""
    return _SHAPE.fullmatch(value) is not None


def normalised_carrier_id(carrier_id: str) -> str:
    """The id that is stored for an id which the carrier gave; empty stays empty.

    An id of another form is hashed. The hash has no key, so that every replica gets the same one:
    a message that the carrier accepted must neither be lost nor be taken for another message.
    """
    if not carrier_id or is_carrier_id(carrier_id):
        return carrier_id
    return _HASHED_PREFIX + sha256(carrier_id.encode()).hexdigest()[:_HASH_DIGITS]
