"""Runs a service whose clock is wrong: `python -m chaos.deployment.wrong_clock FILE PACKAGE`.

FILE has the offset in seconds and can change while the service runs. Only the clock of the time of
day is wrong, as on a machine whose time was set: durations are measured with another one.
"""

import runpy
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from runtime.clock import SystemClock

_right_now = SystemClock.now
_right_time = time.time


def set_offset(path: Path, seconds: float) -> None:
    """Replaces the file at once: a reader sees the old or the new offset."""
    written = path.with_suffix(".new")
    written.write_text(str(seconds))
    written.replace(path)


def main() -> None:
    """Replaces the sources of the time of day, then runs the package."""
    path, package = Path(sys.argv[1]), sys.argv[2]

    def offset() -> float:
        return float(path.read_text())

    def now(self: SystemClock) -> datetime:
        return _right_now(self) + timedelta(seconds=offset())

    # The service takes its clock from the class; nothing else of the process can be handed in here.
    SystemClock.now = now  # type: ignore[method-assign]
    time.time = lambda: _right_time() + offset()
    sys.argv = [package, *sys.argv[3:]]
    runpy.run_module(package, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
