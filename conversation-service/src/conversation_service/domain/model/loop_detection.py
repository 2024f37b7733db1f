"""Detects loops of two auto-responders."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self

# Two auto-responders take turns with the same two messages. People do not repeat themselves eight
# times in a row, each time answered by the same message, within moments.
LOOP_LENGTH = 8

# Machines answer at once; the carrier may deliver a message two minutes late.
LOOP_WINDOW = timedelta(minutes=3)

# Hexadecimal digits.
DIGEST_LENGTH = 8


@dataclass(frozen=True, slots=True)
class LoopDetector:
    """Digests of each participant's last message, who sent the last one, and repeats in a row."""

    last: tuple[str, str] = ("", "")
    speaker: int = -1
    repeats: int = 0

    @property
    def is_loop(self) -> bool:
        return self.repeats >= LOOP_LENGTH

    def record(self, position: int, body: str, now: datetime, previous: datetime | None) -> Self:
        """After a message of the participant at `position`; `previous` is the time of the last."""
        digest = sha256(body.encode()).hexdigest()[:DIGEST_LENGTH]
        in_turn = position != self.speaker and previous is not None
        in_window = previous is not None and now - previous <= LOOP_WINDOW
        # Pictures without text may go back and forth: their bodies are all equal.
        is_repeat = body.strip() != "" and digest == self.last[position]
        return replace(
            self,
            last=(digest, self.last[1]) if position == 0 else (self.last[0], digest),
            speaker=position,
            repeats=self.repeats + 1 if in_turn and in_window and is_repeat else 0,
        )
