"""`make bench`."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench import options
from bench.measuring import against_skeleton, price
from bench.options import PRICE, SKELETON, Options
from bench.reports import price as price_report
from bench.reports import skeleton as report

RESULTS = Path(".data/bench")
Figures = Mapping[str, object]


def main() -> None:
    """Measures what was asked for, prints the figures and keeps them."""
    asked = options.read()
    print(report.machine(), flush=True)
    kept = {part: MEASURES[part](asked) for part in asked.parts}
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps(kept))
    print(f"\nKept in {path}")


def _beside_skeleton(asked: Options) -> Figures:
    found = against_skeleton.measure(asked)
    lines = report.lines(
        found.rounds, found.slow_carrier, found.conversation_bytes, found.text_bytes
    )
    _tell(*report.systems(found.rounds), "", *map(str, lines))
    figures = {line.name: asdict(line.value) for line in lines}
    return {"figures": figures, "rounds": [asdict(one) for one in found.rounds]}


def _price(asked: Options) -> Figures:
    found = price.measure(asked)
    _tell(*price_report.table(found))
    figures = [asdict(line) for line in price_report.lines(found)]
    rounds: Sequence[Figures] = [
        {way: asdict(one) for way, one in made.items()} for made in found.rounds
    ]
    return {"redis_server": found.redis_server, "figures": figures, "rounds": rounds}


def _tell(*lines: str) -> None:
    print("", *lines, sep="\n", flush=True)


MEASURES = {SKELETON: _beside_skeleton, PRICE: _price}


if __name__ == "__main__":
    main()
