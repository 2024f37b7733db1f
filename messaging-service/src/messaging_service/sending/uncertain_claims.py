"""Claims that may hold a text which was surely not sent under them."""

# As many as an outage may leave; above it the oldest is forgotten and its text becomes UNKNOWN.
DOUBTS_LIMIT = 4096


class UncertainClaims:
    """The attempts of such claims: the next try takes one up again.

    Else it would find its text in strange hands.
    """

    def __init__(self) -> None:
        self._attempts: dict[str, str] = {}

    def add(self, message_id: str, attempt_id: str) -> None:
        """Remembers the attempt that may hold a text."""
        self._attempts[message_id] = attempt_id
        if len(self._attempts) > DOUBTS_LIMIT:
            self._attempts.pop(next(iter(self._attempts)))

    def pop(self, message_id: str) -> str:
        """The attempt that may hold a text, for one more try; empty if there is none."""
        return self._attempts.pop(message_id, "")
