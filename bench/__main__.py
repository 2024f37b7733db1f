"""`make bench`."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench import options
from bench.measuring import against_skeleton, encryption, scale
from bench.measuring.against_skeleton import MASKLINE, OTHER, SKELETON, SMS_PROXY
from bench.measuring.results import Results
from bench.options import Options
from bench.reports import comparison, figures
from bench.reports import encryption as encryption_report
from bench.reports.comparison import ratio_line
from bench.reports.figures import Figure

RESULTS = Path(".data/bench")
Stored = Mapping[str, object]


def main() -> None:
    """Runs the chosen measurements, prints the figures and stores them."""
    chosen = options.read()
    _print(
        f"{os.cpu_count()} cores, shared by the services, Valkey, the driver and the carrier; "
        f"{chosen.repetitions} rounds. Medians (range over the rounds); latencies over all rounds."
    )
    results = {part: MEASUREMENTS[part](chosen) for part in chosen.parts}
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps(results))
    print(f"\nStored in {path}")


def _against_skeleton(chosen: Options) -> Stored:
    measured = against_skeleton.measure(chosen)
    results, deployments = measured.results, measured.deployments
    _print(*comparison.side_by_side(results, [*deployments, SKELETON, SMS_PROXY]))
    _print(*figures.bytes_of_a_text(measured))
    if OTHER in deployments:
        lines = comparison.ratios(results, [(MASKLINE, OTHER)])
        _print(
            f"Against {chosen.against}",
            *(ratio_line(name, spreads) for name, spreads in lines),
            *figures.change(measured),
        )
    return {name: _targets(figures.of_hot_path(measured, name), name) for name in deployments}


def _encryption(chosen: Options) -> Stored:
    result = encryption.measure(chosen)
    _print(*encryption_report.table(result))
    return {
        name: [asdict(spread) for spread in spreads]
        for name, spreads in encryption_report.lines(result)
    }


def _scale(chosen: Options) -> Stored:
    results: Results = scale.measure(chosen)
    _print(*comparison.side_by_side(results, [scale.FEW, scale.MANY]))
    number = chosen.many_conversations
    return {scale.MANY: _targets(figures.of_scale(results, number), scale.MANY)}


def _targets(reached: Sequence[Figure], system: str) -> Sequence[Stored]:
    _print(f"Figures of {system}", *figures.table(list(reached)))
    return [{**asdict(figure), "reached": figure.reached} for figure in reached]


def _print(*lines: str) -> None:
    print("", *lines, sep="\n", flush=True)


MEASUREMENTS = {
    options.SKELETON: _against_skeleton,
    options.ENCRYPTION: _encryption,
    options.SCALE: _scale,
}


if __name__ == "__main__":
    main()
