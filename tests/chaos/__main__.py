"""`make faults`."""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from chaos.results.report import report_lines
from chaos.run import run

SECONDS_A_MINUTE = 60


def main() -> int:
    """Runs once and prints the figures. After an error, returns 1 and keeps data and logs."""
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="maskline-faults-"))
    print(f"seed {options.seed}, {options.minutes:g} minutes, data in {folder}", flush=True)
    result = asyncio.run(run(options.seed, options.minutes * SECONDS_A_MINUTE, folder))
    print(*report_lines(result), sep="\n")
    if not result.is_right:
        return 1
    shutil.rmtree(folder)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    seed, minutes = secrets.randbelow(10**6), 3.0
    parser.add_argument("--seed", type=int, default=seed, help="repeats a run")
    parser.add_argument("--minutes", type=float, default=minutes, help="how long parts fail")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
