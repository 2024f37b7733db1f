"""What a decision cannot make up by itself: ids and codes."""

import secrets
from datetime import datetime
from typing import Protocol

from conversation_service.domain.keywords import join_codes as codes
from conversation_service.store.keyspace.timestamps import to_ms


class IdGenerator(Protocol):
    """Draws what must be new."""

    def change_id(self, now: datetime) -> str:
        """An id that sorts by time and comes once."""
        ...

    def code(self) -> str:
        """A code nobody can guess; whether it is in use, the commit finds out."""
        ...


class RandomIds:
    """Draws from the operating system's cryptographic source."""

    def change_id(self, now: datetime) -> str:
        """Milliseconds and 64 random bits, in hexadecimal: 27 characters."""
        return f"{to_ms(now):011x}{secrets.token_hex(8)}"

    def code(self) -> str:
        """See Fresh."""
        return codes.draw(secrets.choice)
