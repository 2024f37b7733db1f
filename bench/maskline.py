"""Runs Maskline for the benchmark: `python -m bench.maskline FOLDER CARRIER_URL ADDRESSES_FILE`."""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from bench.systems import free_port
from devstack.ports import Ports
from devstack.stack import Stack
from runtime.shutdown import stop_requested

PARTS = ("valkey", "simulator", "messaging_service", "conversation_service", "gateway")


async def main(folder: Path, carrier_url: str, addresses: Path) -> None:
    """Writes where it is reached once it is, and stays until SIGTERM."""
    stop = stop_requested()
    ports = Ports(**{part: free_port() for part in PARTS})
    # The carrier's pace is not what is measured.
    environment = {"MESSAGING_FLOWROUTE_URL": carrier_url, "MESSAGING_SMS_PER_SECOND": "100000"}
    async with Stack(ports, folder, environment=environment, restart=False) as stack:
        partial = addresses.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(stack.urls)))
        partial.rename(addresses)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
