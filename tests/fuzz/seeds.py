"""Inputs to start with: interesting ones, and earlier findings."""

import ast
from pathlib import Path

SEEDS = Path(__file__).parent / "seeds"
SAMPLES = Path(__file__).parents[1] / "contract" / "gateway" / "samples"
# Pieces of formats and keywords, in the format of libFuzzer.
TOKENS = SEEDS / "tokens.dict"


def seed_folders(target: str) -> list[Path]:
    """Folders of a target's seeds; callbacks start with the contract's samples too."""
    own = SEEDS / target
    return [own, SAMPLES] if target.endswith("callback") else [own]


def seeds(target: str) -> list[bytes]:
    """A target's seeds, in the order of their names."""
    return [
        path.read_bytes() for folder in seed_folders(target) for path in sorted(folder.iterdir())
    ]


def tokens() -> list[bytes]:
    """One for each line, in quotes, with escapes."""
    return [ast.literal_eval(f"b{line}") for line in TOKENS.read_text().splitlines()]
