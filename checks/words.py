"""Retired words: identifiers of the product use the glossary of docs/development.md instead.

Words that are right for one thing and wrong for others (`receipt`, `answer`, `line`, `name`) are
not checked: the identifier alone does not show which thing it is.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

RETIRED = frozenset(
    {
        "bury",
        "burial",
        "conduct",
        "death",
        "departure",
        "desk",
        "door",
        "doubt",
        "exchange",
        "flight",
        "fresh",
        "heed",
        "keeper",
        "landed",
        "lane",
        "lose",
        "news",
        "owed",
        "patience",
        "rounds",
        "said",
        "says",
        "seal",
        "sight",
        "speech",
        "spoken",
        "strike",
        "tell",
        "told",
        "unlocking",
        "vault",
        "verdict",
        "wish",
    }
)
# Standard terms that contain a retired word.
ALLOWED = {
    "single_flight": "the pattern's name",
    "in_flight": "HTTP's and gRPC's term for requests that have no response yet",
    "parent_death": "the kernel's term (PR_SET_PDEATHSIG)",
}
# A variable carries the name of the thing.
RETIRED_VARIABLES = frozenset({"one"})

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def violations_of_words(paths: Sequence[Path]) -> Iterator[str]:
    """In names of modules and of what they define."""
    for path in paths:
        for word in retired_in(path.stem):
            yield f"{path}: the module's name has the retired word {word!r}"
        for line, message in violations_in(path.read_text()):
            yield f"{path}:{line}: {message}"


def violations_in(source: str) -> Iterator[tuple[int, str]]:
    """By line. Only definitions count: other libraries choose their own words."""
    for node in ast.walk(ast.parse(source)):
        for name in _defined(node):
            line = getattr(node, "lineno", 0)
            if name in RETIRED_VARIABLES:
                yield line, f"a variable called {name!r}"
            for word in retired_in(name):
                yield line, f"{name!r} has the retired word {word!r}"


def retired_in(name: str) -> list[str]:
    """The retired words of an identifier, singular or plural, in snake_case or CamelCase."""
    words = "_".join(word.lower() for word in _WORD.findall(name))
    for phrase in ALLOWED:
        words = re.sub(rf"(?<![a-z]){phrase}(?![a-z])", "", words)
    parts = words.split("_")
    return [part for part in parts if not RETIRED.isdisjoint(_singular(part))]


def _singular(word: str) -> set[str]:
    return {word, word.removesuffix("s"), word.removesuffix("es")}


def _defined(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.Attribute(attr=name, ctx=ast.Store()) | ast.alias(asname=str(name)):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
