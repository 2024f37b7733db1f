"""Generates change ids and join codes, so that decisions stay pure."""

import secrets
import string
from datetime import datetime
from typing import Protocol

from conversation_service.domain.keywords import join_codes
from conversation_service.store.keyspace.timestamps import to_ms

# Ids are short, as each message stores some ten of them.
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase

# Until the year 2081.
_TIME_LENGTH = 7

_RANDOM_LENGTH = 11


class IdGenerator(Protocol):
    """Generates values that are new."""

    def change_id(self, now: datetime) -> str:
        """A unique id that sorts by time."""
        ...

    def code(self) -> str:
        """A join code that nobody can guess; the commit checks that it is not in use."""
        ...


class RandomIds:
    """Uses the operating system's cryptographic source."""

    def change_id(self, now: datetime) -> str:
        """Milliseconds and 65 random bits: 7 and 11 characters, which sort as ASCII does."""
        random = secrets.randbelow(len(_DIGITS) ** _RANDOM_LENGTH)
        return _written(to_ms(now), _TIME_LENGTH) + _written(random, _RANDOM_LENGTH)

    def code(self) -> str:
        """A join code."""
        return join_codes.draw(secrets.choice)


def _written(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
