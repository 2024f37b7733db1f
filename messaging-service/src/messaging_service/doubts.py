"""Claims that may hold a text which was surely not sent under them."""

# As many as an outage may leave; above it the oldest is forgotten and its text becomes UNKNOWN.
DOUBTS_LIMIT = 4096


class Doubts:
    """The tokens of such claims: the next try takes one up again.

    Else it would find its text in strange hands.
    """

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    def add(self, message_id: str, send_token: str) -> None:
        """Remembers the token that may hold a text."""
        self._tokens[message_id] = send_token
        if len(self._tokens) > DOUBTS_LIMIT:
            self._tokens.pop(next(iter(self._tokens)))

    def pop(self, message_id: str) -> str:
        """The token that may hold a text, for one more try; empty if there is none."""
        return self._tokens.pop(message_id, "")
