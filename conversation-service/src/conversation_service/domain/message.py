"""How far a text got on its way out."""

from enum import StrEnum


class MessageState(StrEnum):
    """A text's states, in the order in which they may follow each other."""

    ACCEPTED = "ACCEPTED"
    UNKNOWN = "UNKNOWN"
    SENT = "SENT"
    REFUSED = "REFUSED"
    UNDELIVERED = "UNDELIVERED"
    EXPIRED = "EXPIRED"
    DELIVERED = "DELIVERED"

    @property
    def rank(self) -> int:
        """A text only moves to a state of a higher rank: late news never undo newer ones.

        Delivered ranks highest: a handset that has the text is stronger than a report that it has
        not.
        """
        return _RANKS[self]


_RANKS = {
    MessageState.ACCEPTED: 0,
    MessageState.UNKNOWN: 1,
    MessageState.SENT: 2,
    MessageState.REFUSED: 3,
    MessageState.UNDELIVERED: 3,
    MessageState.EXPIRED: 3,
    MessageState.DELIVERED: 4,
}
