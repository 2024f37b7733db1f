"""Which words can be texted at all."""

import re

# Ten times what a carrier takes in one text; whoever writes more is told so.
MAX_LENGTH = 10_000
# NUL and terminal controls: no handset shows them, and the carrier is never given them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def is_textable(body: str) -> bool:
    """Whether a text can be passed on exactly as it is. A text may be empty."""
    return len(body) <= MAX_LENGTH and _CONTROL.search(body) is None
