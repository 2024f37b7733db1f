"""`make bench`."""

import argparse
import json
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from bench import memory, report
from bench.measure import inbound, nothing_else_arrived, run
from bench.report import Round
from bench.systems import Carrier, System, start_maskline, start_skeleton

RESULTS = Path(".data/bench")


def main() -> None:
    """Starts both systems, measures in turn, prints and keeps the figures."""
    options = _options()
    with tempfile.TemporaryDirectory() as name, ExitStack() as held:
        carrier = Carrier.started(held)
        skeleton = start_skeleton(held, carrier, Path(name))
        maskline = start_maskline(held, carrier, Path(name))
        _measure(options, carrier, maskline, skeleton)


def _measure(
    options: argparse.Namespace, carrier: Carrier, maskline: System, skeleton: System
) -> None:
    conversation_bytes = memory.of_conversations(maskline, carrier, options.conversations)
    for system in (maskline, skeleton):
        run(system, carrier, options.texts // 2)
    rounds = [_round(options, carrier, maskline, skeleton) for _ in range(options.rounds)]
    fast = run(maskline, carrier, options.texts).accepted_per_second
    carrier.delay(100)
    slow = run(maskline, carrier, options.texts).accepted_per_second
    carrier.delay(0)
    nothing_else_arrived(carrier)
    text_bytes = memory.of_texts_under_way(maskline, options.texts // 4)
    _tell(rounds, slow / fast, conversation_bytes, text_bytes)


def _round(
    options: argparse.Namespace, carrier: Carrier, maskline: System, skeleton: System
) -> Round:
    ours, theirs = (inbound(system, carrier, options.texts) for system in (maskline, skeleton))
    burst, their_burst = (run(system, carrier, options.texts) for system in (maskline, skeleton))
    rate = their_burst.delivered_per_second / 2
    number = int(rate * options.seconds)
    half, their_half = (run(system, carrier, number, rate) for system in (maskline, skeleton))
    return Round(ours, theirs, burst, their_burst, half, their_half)


def _tell(
    rounds: list[Round], slow_carrier: float, conversation_bytes: float, text_bytes: float
) -> None:
    lines = report.lines(rounds, slow_carrier, conversation_bytes, text_bytes)
    print(report.machine(), "", *report.systems(rounds), "", sep="\n")
    print(*lines, sep="\n")
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    figures = {line.name: asdict(line.value) for line in lines}
    kept.write_text(json.dumps({"figures": figures, "rounds": [asdict(one) for one in rounds]}))
    print(f"\nKept in {kept}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of both systems in turn")
    parser.add_argument("--texts", type=int, default=4000, help="texts in a burst")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of the open loop")
    parser.add_argument("--conversations", type=int, default=2000, help="live conversations")
    parser.add_argument("--quick", action="store_true", help="one short round")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.texts, options.seconds = 1, 1500, 2.0
        options.conversations = 400
    return options


if __name__ == "__main__":
    main()
