"""The suite knows Maskline by its contract alone."""

import ast
from pathlib import Path

SUITE = Path(__file__).parent
PRODUCT = {
    "runtime",
    "gateway",
    "conversation_service",
    "messaging_service",
    "simulator",
    "devstack",
    "maskline_cli",
}
OTHER_TESTS = {path.name for path in SUITE.parent.iterdir() if path.is_dir()} - {SUITE.name}


def imported(source: str) -> set[str]:
    """The first part of every module's name that a source imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


def test_it_imports_neither_the_product_nor_other_tests() -> None:
    sources = {path.name: imported(path.read_text()) for path in SUITE.rglob("*.py")}
    assert "maskline" in sources["own_pool.py"]
    for name, modules in sources.items():
        assert modules.isdisjoint(PRODUCT | OTHER_TESTS), name
