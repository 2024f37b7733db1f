"""When a text that was not sent goes again. Pure."""

from datetime import timedelta

# Soon after a short hiccup,
FIRST = timedelta(seconds=1)
# and once a minute in a long outage: after it a text waits no longer than that.
LONGEST = timedelta(seconds=60)
# FIRST doubled so often is beyond LONGEST.
_DOUBLINGS = 6
# At growing pauses a text is tried for a quarter of an hour while others get through: by then it
# is the text, not the moment.
TRIES = 20


def pause(failures: int, asked: timedelta, jitter: float) -> timedelta:
    """How long a text waits after so many failures in a row, at least as long as was asked.

    `jitter` from 0 to 1 spreads texts that failed together.
    """
    grown = min(LONGEST, FIRST * (1 << min(failures - 1, _DOUBLINGS)))
    return max(asked, grown * (0.5 + jitter / 2))
