"""Attempts whose claim may still stand in Redis although nothing was sent.

The next attempt at the message reuses the id and so gets the claim back.
"""

# More than an outage leaves. Beyond it the oldest is dropped, and its message becomes UNKNOWN.
UNCERTAIN_CLAIMS_LIMIT = 4096


class UncertainClaims:
    """The id of one such attempt per message."""

    def __init__(self) -> None:
        self._attempt_ids: dict[str, str] = {}

    def add(self, message_id: str, attempt_id: str) -> None:
        """Keeps the attempt that may have the claim."""
        self._attempt_ids[message_id] = attempt_id
        if len(self._attempt_ids) > UNCERTAIN_CLAIMS_LIMIT:
            self._attempt_ids.pop(next(iter(self._attempt_ids)))

    def pop(self, message_id: str) -> str:
        """The attempt that may have the claim, to be used once; empty if there is none."""
        return self._attempt_ids.pop(message_id, "")
