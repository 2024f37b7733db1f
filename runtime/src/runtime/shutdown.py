"""Starts and stops a process."""

import asyncio
import gc
import signal
from collections.abc import Coroutine

import uvloop

# Time for requests in progress after a signal to stop. Compose and Kubernetes kill later.
GRACE_SECONDS = 5.0


def stop_requested() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    return stop


def run(main: Coroutine[None, None, None]) -> None:
    """Runs one process's main coroutine on one event loop."""
    freeze_garbage()
    uvloop.run(main)


def freeze_garbage() -> None:
    """Excludes the objects of start-up from garbage collection: halves p99 at saturation."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
