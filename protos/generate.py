"""Generates the Python stubs from the contracts, whenever this distribution is built.

`python protos/generate.py` does the same by hand, after a contract was changed.
"""

import os
import shutil
import sys
import sysconfig
from importlib.resources import files
from pathlib import Path
from typing import Any

from grpc_tools import protoc
from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).resolve().parent
GENERATED = HERE / "generated"


class GenerateStubs(BuildHookInterface[BuilderConfig]):
    """Runs before every build, editable installs included."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Leaves the stubs where the wheel target takes them from."""
        generate()


def generate() -> None:
    """Replaces all stubs by those of the present contracts."""
    shutil.rmtree(GENERATED, ignore_errors=True)
    GENERATED.mkdir()
    contracts = sorted(str(path) for path in (HERE / "maskline").rglob("*.proto"))
    failed = protoc.main(["protoc", *_options(), *contracts])
    if failed:
        sys.exit(f"protoc could not generate the stubs (exit status {failed})")
    _mark_as_typed_packages()


def _options() -> list[str]:
    stub_makers = ("mypy", "mypy_grpc")
    return [
        f"-I{HERE}",
        # Imported only: its stubs come from googleapis-common-protos.
        f"-I{HERE / 'third_party'}",
        f"-I{files('grpc_tools') / '_proto'}",
        *(f"--plugin=protoc-gen-{name}={_program(f'protoc-gen-{name}')}" for name in stub_makers),
        *(f"--{name}_out={GENERATED}" for name in ("python", "grpc_python", *stub_makers)),
    ]


def _program(name: str) -> str:
    """The environment's own programs need not be on the PATH."""
    places = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))
    found = shutil.which(name, path=places)
    return found or sys.exit(f"{name} is missing; install requirements/build.txt")


def _mark_as_typed_packages() -> None:
    for folder in (GENERATED / "maskline", *(GENERATED / "maskline").rglob("*/")):
        (folder / "__init__.py").touch()
    (GENERATED / "maskline" / "py.typed").touch()


if __name__ == "__main__":
    generate()
