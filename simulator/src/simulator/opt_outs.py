"""STOP and UNSTOP, which Flowroute obeys and answers itself (Flowroute's opt-out article)."""

from enum import StrEnum


class OptOutWord(StrEnum):
    """The only two words that Flowroute acts on."""

    STOP = "STOP"
    UNSTOP = "UNSTOP"


ANSWERS = {
    OptOutWord.STOP: (
        "You will receive no more texts from this number. Reply UNSTOP to receive them again."
    ),
    OptOutWord.UNSTOP: (
        "You will receive texts from this number again. Reply STOP to receive no more."
    ),
}


def opt_out_word(body: str) -> OptOutWord | None:
    """The word a text consists of, in any case; a longer text that contains one is none."""
    word = body.strip().upper()
    return OptOutWord(word) if word in set(OptOutWord) else None


class OptOuts:
    """Which phones refuse which of our numbers.

    Bounded by what exists: one entry per phone and number at most.
    """

    def __init__(self) -> None:
        self._blocked: set[tuple[str, str]] = set()

    def blocks(self, phone: str, our_number: str) -> bool:
        """Whether texts from `our_number` to `phone` are refused."""
        return (phone, our_number) in self._blocked

    def put(self, phone: str, our_number: str, *, blocked: bool) -> None:
        """Makes texts from `our_number` to `phone` refused, or not."""
        self.obey(OptOutWord.STOP if blocked else OptOutWord.UNSTOP, phone, our_number)

    def obey(self, word: OptOutWord, phone: str, our_number: str) -> bool:
        """Does as the word says; False when that was so already."""
        pair = (phone, our_number)
        wanted = word is OptOutWord.STOP
        changed = wanted != (pair in self._blocked)
        if wanted:
            self._blocked.add(pair)
        else:
            self._blocked.discard(pair)
        return changed

    def forget(self, phone: str) -> None:
        """Lifts all blocks of a phone that is taken away."""
        self._blocked = {pair for pair in self._blocked if pair[0] != phone}
