"""The end of a log, for a person."""

from pathlib import Path

LINES = 12
# Enough for that many long lines; a log may be large.
BYTES = 8_192


def last_lines(log: Path) -> str:
    """The last lines of a file, indented; a sentence when there are none."""
    if not log.exists():
        return "  (nothing was written)"
    with log.open("rb") as file:
        file.seek(-min(BYTES, log.stat().st_size), 2)
        lines = file.read().decode(errors="replace").splitlines()[-LINES:]
    return "\n".join(f"  {line}" for line in lines) or "  (nothing was written)"
