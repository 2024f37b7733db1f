"""`make fuzz`: parsers guided by coverage, then servers with random requests."""

import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from fuzz.parsers.targets import TARGETS
from fuzz.seeds import TOKENS, seed_folders

TESTS = Path(__file__).parents[1]
# Inputs that libFuzzer keeps for the next run, and its findings.
FOUND = TESTS.parent / "build" / "fuzz"
# An input that takes longer is a finding.
LONGEST_SECONDS = 10
# A round of the servers takes a few minutes, so that the run ends near the time asked for.
TIMES_A_ROUND = 5


def main() -> None:
    """The argument is the number of minutes. Exits with an error after a finding."""
    share = float(sys.argv[1]) * 60 / (len(TARGETS) + 1)
    guided = TARGETS if find_spec("atheris") else ()
    for target in guided:
        _guide(target, max(int(share), 1))
    _rounds(share if guided else share * (len(TARGETS) + 1))


def _guide(target: str, seconds: int) -> None:
    corpus = FOUND / target
    corpus.mkdir(parents=True, exist_ok=True)
    folders = [corpus, *seed_folders(target)]
    options = [
        f"-max_total_time={seconds}",
        f"-dict={TOKENS}",
        f"-artifact_prefix={FOUND / target}-",
        f"-timeout={LONGEST_SECONDS}",
    ]
    print(f"{target}: {seconds} seconds, guided by coverage", flush=True)
    _run(["-m", "fuzz.guided", target, *map(str, folders), *options])


def _rounds(seconds: float) -> None:
    """The tests of this folder, with other inputs each time; at least one round."""
    end = time.monotonic() + seconds
    while True:
        _run(
            ["-m", "pytest", "-q", "-x", "-m", "slow", str(TESTS / "fuzz")],
            FUZZ_TIMES=str(TIMES_A_ROUND),
        )
        if time.monotonic() > end:
            return


def _run(arguments: list[str], **environment: str) -> None:
    paths = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    seen = {**os.environ, "PYTHONPATH": paths, **environment}
    status = subprocess.run([sys.executable, *arguments], env=seen, check=False).returncode
    if status:
        sys.exit(f"Found something; the input is printed above or is in {FOUND}.")


if __name__ == "__main__":
    main()
