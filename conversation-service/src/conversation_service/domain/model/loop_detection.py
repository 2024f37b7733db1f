"""Detects loops of two auto-responders."""

import hmac
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
    """Digests of each participant's last message, who sent the last one, and repeats in a row.

    The digests are keyed with the data key of the conversation, and gone with it.
    """

    last: tuple[str, str] = ("", "")
    speaker: int = -1
    repeats: int = 0

    @property
    def is_loop(self) -> bool:
        return self.repeats >= LOOP_LENGTH

    def record(
        self, position: int, body: str, key: bytes, now: datetime, previous: datetime | None
    ) -> Self:
        """After a message of the participant at `position`; `previous` is the time of the last.

        Without a `key` no digest is kept, and the next message is no repeat.
        """
        digest = hmac.digest(key, body.encode(), sha256).hex()[:DIGEST_LENGTH] if key else ""
        in_turn = position != self.speaker and previous is not None
        in_window = previous is not None and now - previous <= LOOP_WINDOW
        # Pictures without text may go back and forth: their bodies are all equal.
        is_repeat = body.strip() != "" and digest != "" and digest == self.last[position]
        return replace(
            self,
            last=(digest, self.last[1]) if position == 0 else (self.last[0], digest),
            speaker=position,
            repeats=self.repeats + 1 if in_turn and in_window and is_repeat else 0,
        )
