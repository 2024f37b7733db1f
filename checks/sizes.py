"""Limits of size: what is longer is split by concept."""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 45
MAX_CONSTRUCTOR_LINES = 20
MAX_MODULES = 12
# Neither is imported by name, so a folder may have them besides.
NOT_MODULES = ("__init__.py", "conftest.py")


def violations_of_size(product: Sequence[Path], tests: Sequence[Path]) -> Iterator[str]:
    """Functions are limited in the product alone; files and folders everywhere."""
    for path in product:
        yield from violations_of_functions(path, path.read_text())
    for path in (*product, *tests):
        yield from _limited(str(path), len(path.read_text().splitlines()), MAX_FILE_LINES, "lines")
    modules = Counter(path.parent for path in (*product, *tests) if path.name not in NOT_MODULES)
    for folder, number in modules.items():
        yield from _limited(str(folder), number, MAX_MODULES, "modules")


def violations_of_functions(path: Path, source: str) -> Iterator[str]:
    """Functions of one source that are too long; decorators do not count."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_constructor = node.name == "__init__"
            limit = MAX_CONSTRUCTOR_LINES if is_constructor else MAX_FUNCTION_LINES
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield from _limited(f"{path}:{node.lineno}: {node.name}", lines, limit, "lines")


def _limited(where: str, number: int, limit: int, unit: str) -> Iterator[str]:
    if number > limit:
        yield f"{where}: {number} {unit}, at most {limit}"
