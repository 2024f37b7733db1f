"""STOP and UNSTOP, which Flowroute handles and answers itself (Flowroute's opt-out article).

The network of toll-free numbers takes START as UNSTOP (Twilio's and Vonage's pages about it).
"""

from enum import StrEnum

from simulator.phone_numbers import number_type
from simulator.storage.data_file import DataFile


class OptOutWord(StrEnum):
    """The only two words that Flowroute acts on."""

    STOP = "STOP"
    UNSTOP = "UNSTOP"


REPLIES = {
    OptOutWord.STOP: (
        "You will receive no more texts from this number. Reply UNSTOP to receive them again."
    ),
    OptOutWord.UNSTOP: (
        "You will receive texts from this number again. Reply STOP to receive no more."
    ),
}


def opt_out_word(body: str, our_number: str) -> OptOutWord | None:
    """The word if the whole body is one, in any case; None otherwise."""
    word = body.strip().upper()
    if word == "START" and number_type(our_number) == "toll-free":
        return OptOutWord.UNSTOP
    return OptOutWord(word) if word in set(OptOutWord) else None


class OptOuts:
    """Which phones block which of our numbers: at most one entry per phone and number."""

    def __init__(self, data_file: DataFile) -> None:
        """Begins with the entries of the file."""
        self._data_file = data_file
        self._blocked = data_file.opt_outs()

    def blocks(self, phone: str, our_number: str) -> bool:
        """Whether texts from `our_number` to `phone` are refused."""
        return (phone, our_number) in self._blocked

    def put(self, phone: str, our_number: str, *, blocked: bool) -> None:
        """Blocks or unblocks texts from `our_number` to `phone`."""
        self.apply(OptOutWord.STOP if blocked else OptOutWord.UNSTOP, phone, our_number)

    def apply(self, word: OptOutWord, phone: str, our_number: str) -> bool:
        """Blocks or unblocks; returns False if nothing changed."""
        pair = (phone, our_number)
        blocks = word is OptOutWord.STOP
        changed = blocks != (pair in self._blocked)
        if blocks:
            self._blocked.add(pair)
        else:
            self._blocked.discard(pair)
        if changed:
            self._data_file.put_opt_out(phone, our_number, blocked=blocks)
        return changed

    def forget(self, phone: str) -> None:
        """Removes all blocks of a phone."""
        self._blocked = {pair for pair in self._blocked if pair[0] != phone}
