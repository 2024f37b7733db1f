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
    """Runs the chosen measurements, prints the figures and stores them."""
    chosen = options.read()
    print(report.machine(), flush=True)
    results = {part: MEASUREMENTS[part](chosen) for part in chosen.parts}
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps(results))
    print(f"\nStored in {path}")


def _against_skeleton(chosen: Options) -> Figures:
    result = against_skeleton.measure(chosen)
    lines = report.lines(
        result.repetitions, result.slow_carrier, result.conversation_bytes, result.text_bytes
    )
    _print(*report.systems(result.repetitions), "", *map(str, lines))
    figures = {line.name: asdict(line.value) for line in lines}
    return {
        "figures": figures,
        "repetitions": [asdict(measured) for measured in result.repetitions],
    }


def _price(chosen: Options) -> Figures:
    result = price.measure(chosen)
    _print(*price_report.table(result))
    figures = [asdict(line) for line in price_report.lines(result)]
    repetitions: Sequence[Figures] = [
        {variant: asdict(measured) for variant, measured in measurements.items()}
        for measurements in result.repetitions
    ]
    return {"redis_server": result.redis_server, "figures": figures, "repetitions": repetitions}


def _print(*lines: str) -> None:
    print("", *lines, sep="\n", flush=True)


MEASUREMENTS = {SKELETON: _against_skeleton, PRICE: _price}


if __name__ == "__main__":
    main()
