"""What fuzzing begins with: inputs that matter, and those that once found something."""

import ast
from pathlib import Path

SEEDS = Path(__file__).parent / "seeds"
SAMPLES = Path(__file__).parents[1] / "contract" / "gateway" / "samples"
# Pieces that formats and commands are made of, as libFuzzer reads them.
TOKENS = SEEDS / "tokens.dict"


def seed_folders(target: str) -> list[Path]:
    """Where a target's seeds lie; callbacks begin with the contract's samples besides."""
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
