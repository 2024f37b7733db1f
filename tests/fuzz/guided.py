"""One target under libFuzzer, guided by coverage: `python -m fuzz.guided`.

Arguments: the target's name, then those of libFuzzer. Exits with 77 after a finding.
"""

import sys
from importlib import import_module
from typing import Any

# Without types, and not available everywhere.
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
