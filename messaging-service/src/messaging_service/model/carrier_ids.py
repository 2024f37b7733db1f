"""The one shape of a carrier's ids. No I/O."""

import re
from hashlib import sha256

from messaging_service.carrier.flowroute.fields import words

# The contract's limit; Flowroute's ids have 37 characters.
CARRIER_ID_LIMIT = 128

SHAPE = f"letters, digits, hyphens and underscores, at most {CARRIER_ID_LIMIT}"

_SHAPE = re.compile(rf"[A-Za-z0-9_-]{{1,{CARRIER_ID_LIMIT}}}")

_ODD = "odd-"

# 128 bits: two ids never meet by chance.
_HASH_DIGITS = 32


def is_carrier_id(value: str) -> bool:
    """Whether it has the shape of a carrier's id: nothing that reads like words or a number."""
    return _SHAPE.fullmatch(value) is not None


def carrier_id_in(value: object) -> str:
    """The id in a document of the carrier's own; empty when it gave none.

    An odd one becomes a hash, without a key so that it is the same each time and on every replica:
    a text that the carrier has must neither be lost nor be taken for another one.
    """
    told = words(value)
    if not told or is_carrier_id(told):
        return told
    return _ODD + sha256(told.encode()).hexdigest()[:_HASH_DIGITS]
