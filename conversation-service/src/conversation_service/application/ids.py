"""Generates change ids and join codes, so that decisions stay pure."""

import secrets
from datetime import datetime
from typing import Protocol

from conversation_service.domain.keywords import join_codes
from conversation_service.store.keyspace.timestamps import to_ms


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
        """Milliseconds and 64 random bits, in hexadecimal: 27 characters."""
        return f"{to_ms(now):011x}{secrets.token_hex(8)}"

    def code(self) -> str:
        """A join code."""
        return join_codes.draw(secrets.choice)
