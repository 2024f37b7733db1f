"""Ends a test run with all the processes that it started, however the run is ended."""

import ctypes
import os
import signal
import sys
from types import FrameType

PR_SET_PDEATHSIG = 1


def interrupt_on_sigterm() -> None:
    """SIGTERM does what Ctrl-C does: fixtures are torn down and stop their processes."""
    signal.signal(signal.SIGTERM, _interrupt)


def terminate_with_parent() -> None:
    """On Linux a worker of pytest-xdist gets SIGTERM when the run that started it is gone."""
    if sys.platform == "linux" and "PYTEST_XDIST_WORKER" in os.environ:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
