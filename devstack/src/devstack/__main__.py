"""`make run`: all of Maskline in one terminal; Ctrl-C ends it."""

import argparse
import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from devstack.errors import StackError
from devstack.ports import Ports
from devstack.processes import REPOSITORY, ServiceUrls
from devstack.stack import Stack


def main() -> None:
    """Exits with status 0 after a requested stop, 1 if Maskline cannot run."""
    options = _options()
    try:
        stack = Stack(
            Ports.moved_by(options.port_offset),
            options.data_folder,
            redis_url=os.environ.get("REDIS_URL") or None,
            notify=say,
        )
        asyncio.run(run_until_stopped(stack, options.data_folder))
    except StackError as error:
        say(f"\n{error}")
        sys.exit(1)
    say("Maskline has stopped. The next `make run` continues with the same data.")


async def run_until_stopped(stack: Stack, data_folder: Path) -> None:
    """Runs the stack until a signal arrives. Raises StackError if it fails."""
    running = asyncio.create_task(_run(stack, data_folder))

    def stop() -> None:
        if running.cancelling():
            stack.kill_all()
        elif running.cancel():
            say("\nStopping. Press Ctrl-C again to kill everything at once.")

    # SIGHUP: the terminal has been closed.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signum, stop)
    with suppress(asyncio.CancelledError):
        await running


async def _run(stack: Stack, data_folder: Path) -> None:
    say("Maskline starts ...")
    async with stack:
        say(welcome(stack.urls, data_folder))
        await stack.failed()


def welcome(urls: ServiceUrls, data_folder: Path) -> str:
    """The message after the start."""
    addresses = f"--target {urls.conversation_target} --gateway-url {urls.gateway_url}"
    return f"""
Maskline runs.

  Phones   {urls.simulator_url}
  Try it   On that page, send "start" from one phone to a masked number. It receives a code.
           Send "join CODE" from the other phone: the two are connected. "end" ends it.
  Operate  .venv/bin/maskline {addresses} doctor
  Logs     {data_folder / "logs"}
  Stop     Ctrl-C
"""


def say(text: str) -> None:
    """Prints at once; ignores a closed terminal."""
    with suppress(OSError):
        print(text, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="devstack", description=__doc__)
    parser.add_argument("--port-offset", type=int, default=0, help="adds this to all ports")
    parser.add_argument(
        "--data-folder",
        type=Path,
        default=REPOSITORY / ".data",
        help="directory of data, keys and logs (default: %(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
