"""The report on Maskline against the skeleton."""

import os
from dataclasses import dataclass

from bench.measuring.measure import Figures
from bench.measuring.stats import Spread, ratios


@dataclass(frozen=True)
class Round:
    """Figures of both systems: inbound only, burst, and open loop at the same half load."""

    maskline_inbound: float
    skeleton_inbound: float
    maskline_burst: Figures
    skeleton_burst: Figures
    maskline_half: Figures
    skeleton_half: Figures


@dataclass(frozen=True)
class Line:
    """One figure and its target."""

    name: str
    value: Spread
    target: float
    at_most: bool = False

    def __str__(self) -> str:
        """Name, median, range, target."""
        median = self.value.median
        is_met = median <= self.target if self.at_most else median >= self.target
        spread = f"{median:8.2f}  ({self.value.least:.2f} .. {self.value.most:.2f})"
        sign = "at most" if self.at_most else "at least"
        mark = "met" if is_met else "NOT met"
        return f"{self.name:58} {spread:28} {sign} {self.target:g}: {mark}"


def lines(
    repetitions: list[Round], slow_carrier: float, conversation_bytes: float, text_bytes: float
) -> list[Line]:
    """Every figure that has a target."""
    inbound = [(measured.maskline_inbound, measured.skeleton_inbound) for measured in repetitions]
    bursts = [(measured.maskline_burst, measured.skeleton_burst) for measured in repetitions]
    halves = [(measured.maskline_half, measured.skeleton_half) for measured in repetitions]
    return [
        Line(
            "inbound callbacks/s against the skeleton",
            ratios([ours for ours, _ in inbound], [theirs for _, theirs in inbound]),
            2.5,
        ),
        Line(
            "delivered/s against the skeleton",
            ratios(
                [ours.delivered_per_second for ours, _ in bursts],
                [theirs.delivered_per_second for _, theirs in bursts],
            ),
            3.0,
        ),
        Line(
            "p99 callback to 200, half load, against the skeleton",
            ratios(
                [ours.to_answer_ms[1] for ours, _ in halves],
                [theirs.to_answer_ms[1] for _, theirs in halves],
            ),
            1.2,
            at_most=True,
        ),
        Line(
            "p99 callback to carrier, half load, against the skeleton",
            ratios(
                [ours.to_carrier_ms[1] for ours, _ in halves],
                [theirs.to_carrier_ms[1] for _, theirs in halves],
            ),
            1.2,
            at_most=True,
        ),
        Line("accepted/s with a 100 ms carrier against a fast one", Spread.of([slow_carrier]), 0.9),
        Line("bytes a live conversation", Spread.of([conversation_bytes]), 1000, at_most=True),
        Line("bytes a text under way", Spread.of([text_bytes]), 400, at_most=True),
    ]


def systems(repetitions: list[Round]) -> list[str]:
    """The absolute figures of both systems."""
    return [
        _absolute(
            "Maskline",
            [measured.maskline_inbound for measured in repetitions],
            [measured.maskline_burst for measured in repetitions],
            [measured.maskline_half for measured in repetitions],
        ),
        _absolute(
            "Skeleton",
            [measured.skeleton_inbound for measured in repetitions],
            [measured.skeleton_burst for measured in repetitions],
            [measured.skeleton_half for measured in repetitions],
        ),
    ]


def _absolute(name: str, inbound: list[float], bursts: list[Figures], halves: list[Figures]) -> str:
    """One system's figures, medians over the repetitions."""

    def middle(values: list[float]) -> float:
        return Spread.of(values).median

    cpu = {name: middle([burst.cpu_us[name] for burst in bursts]) for name in bursts[0].cpu_us}
    around = {name: cpu.pop(name) for name in ("carrier", "driver")}
    own = ", ".join(f"{name} {used:.0f}" for name, used in cpu.items())
    beside = ", ".join(f"{name} {used:.0f}" for name, used in around.items())
    accepted = middle([burst.accepted_per_second for burst in bursts])
    delivered = middle([burst.delivered_per_second for burst in bursts])
    return "\n".join(
        [
            f"{name}",
            f"  inbound only: {middle(inbound):.0f} callbacks/s",
            f"  end to end: accepted/s {accepted:.0f}   delivered/s {delivered:.0f}",
            _latency("callback to 200", [half.to_answer_ms for half in halves]),
            _latency("callback to carrier", [half.to_carrier_ms for half in halves]),
            f"  CPU us/text: {own}; together {sum(cpu.values()):.0f} (beside it: {beside})",
        ]
    )


def _latency(way: str, measured: list[tuple[float, float]]) -> str:
    p50, p99 = (Spread.of(values).median for values in zip(*measured, strict=True))
    return f"  half load: {way:20} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms"


def machine() -> str:
    """A line on the machine."""
    return (
        f"{os.cpu_count()} cores, shared by the services, Valkey, the driver and the carrier. "
        "Ratios are medians inside repetitions (range)."
    )
