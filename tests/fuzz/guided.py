"""One target under libFuzzer, led by the branches that its inputs take: `python -m fuzz.guided`.

Arguments: the target's name, then libFuzzer's own. Exits with 77 when it has found something.
"""

import sys
from importlib import import_module
from typing import Any

# It has no types, and is not on every machine.
atheris: Any = import_module("atheris")

with atheris.instrument_imports(include=["gateway", "conversation_service", "messaging_service"]):
    from fuzz.parsers.targets import TARGETS


def main() -> None:
    """Never returns: libFuzzer ends the process."""
    program, target, *options = sys.argv
    atheris.Setup([program, *options], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
