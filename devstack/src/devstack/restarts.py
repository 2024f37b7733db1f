"""How often a dying part is started again."""

from collections import deque
from datetime import datetime, timedelta

from runtime.clock import Clock

# A part that dies this often will die again; a person should look at it.
RESTART_LIMIT = 5
RESTART_WINDOW = timedelta(minutes=1)


class RestartBudget:
    """So many restarts within a window, no more."""

    def __init__(
        self, clock: Clock, limit: int = RESTART_LIMIT, window: timedelta = RESTART_WINDOW
    ) -> None:
        """The budget counts all parts together."""
        self._clock = clock
        self._window = window
        self._taken: deque[datetime] = deque(maxlen=limit)

    def take(self) -> bool:
        """Takes one restart. False when the window holds as many as are allowed."""
        now = self._clock.now()
        oldest = self._taken[0] if len(self._taken) == self._taken.maxlen else None
        if oldest is not None and now - oldest < self._window:
            return False
        self._taken.append(now)
        return True
