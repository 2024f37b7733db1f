"""The Python files of this repository that the checks read: generated ones are not among them."""

from collections.abc import Iterable
from pathlib import Path

PRODUCT = (
    "runtime/src",
    "gateway/src",
    "conversation-service/src",
    "messaging-service/src",
    "simulator/src",
    "devstack/src",
    "cli/src",
    "bench",
    "checks",
    "deploy",
    "docs",
    "requirements",
)


def product_files(repository: Path) -> list[Path]:
    """All but the tests."""
    return [repository / "protos" / "generate.py", *_python_below(repository, PRODUCT)]


def test_files(repository: Path) -> list[Path]:
    """The tests and what they share."""
    return _python_below(repository, ("tests",))


def _python_below(repository: Path, folders: Iterable[str]) -> list[Path]:
    return sorted(path for folder in folders for path in (repository / folder).rglob("*.py"))
