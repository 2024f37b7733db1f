"""Tells two machines that answer each other from two people who talk."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self

# Two auto-responders take turns with the same two texts. Nobody else says the same thing eight
# times in a row, each time answered by the same thing, within moments.
LOOP_LENGTH = 8

# Machines answer at once; the carrier may resend a text for two minutes.
LOOP_WINDOW = timedelta(minutes=3)

DIGEST_LENGTH = 8


@dataclass(frozen=True, slots=True)
class LoopDetector:
    """The last words of either participant, as digests, and how long they have been going round."""

    last: tuple[str, str] = ("", "")
    speaker: int = -1
    repeats: int = 0

    @property
    def is_loop(self) -> bool:
        """Whether what goes round should not be passed on any more."""
        return self.repeats >= LOOP_LENGTH

    def said(self, position: int, body: str, now: datetime, before: datetime | None) -> Self:
        """After a text of the participant at `position`; `before` is when the last one came."""
        digest = sha256(body.encode()).hexdigest()[:DIGEST_LENGTH]
        in_turn = position != self.speaker and before is not None and now - before <= LOOP_WINDOW
        # Pictures without words may go back and forth as long as anybody likes to look at them.
        goes_round = in_turn and body.strip() != "" and digest == self.last[position]
        last = (digest, self.last[1]) if position == 0 else (self.last[0], digest)
        return replace(
            self, last=last, speaker=position, repeats=self.repeats + 1 if goes_round else 0
        )
