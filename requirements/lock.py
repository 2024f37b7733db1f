"""Writes the hashed requirement files: one for developers, one for each image, one for Node.

The images take their versions from the developers' file, so what is tested is what runs.
"""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SERVICES = ("gateway", "conversation-service", "messaging-service", "simulator")
PARTS = ("protos", "runtime", *SERVICES, "devstack", "cli")
OURS = ("maskline-protos", "maskline-runtime")
OPTIONS = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--custom-compile-command=make lock",
    "--quiet",
)


def main() -> None:
    """Resolves everything at once, then what each image needs of it."""
    dev = HERE / "dev.txt"
    _compile([HERE / "dev.in", *(ROOT / part / "pyproject.toml" for part in PARTS)], dev)
    for extra in ("build", "traces", "fuzz"):
        _compile([HERE / f"{extra}.in"], HERE / f"{extra}.txt", constraint=dev)
    for service in SERVICES:
        _compile([ROOT / service / "pyproject.toml"], HERE / f"{service}.txt", constraint=dev)
    _lock_node(HERE / "node")


def _compile(sources: list[Path], target: Path, *, constraint: Path | None = None) -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", *OPTIONS, "--output-file", str(target)]
    command += [f"--no-emit-package={name}" for name in OURS]
    command += [f"--constraint={constraint}"] if constraint else []
    command += [str(source) for source in sources]
    subprocess.run(command, check=True, cwd=ROOT)


def _lock_node(folder: Path) -> None:
    if shutil.which("npm") is None:
        print("There is no npm: requirements/node/package-lock.json stays as it is.")
        return
    (folder / "package-lock.json").unlink(missing_ok=True)
    options = ("--package-lock-only", "--omit-lockfile-registry-resolved", "--ignore-scripts")
    quiet = ("--no-audit", "--no-fund", "--silent")
    subprocess.run(["npm", "install", *options, *quiet], check=True, cwd=folder)


if __name__ == "__main__":
    main()
