"""The figures as a person reads them."""

import os
from dataclasses import dataclass

from bench.measuring.measure import Figures
from bench.measuring.stats import Spread, ratios


@dataclass(frozen=True)
class Round:
    """Both systems, one after the other: inbound alone, at saturation, at the same half load."""

    maskline_inbound: float
    skeleton_inbound: float
    maskline_burst: Figures
    skeleton_burst: Figures
    maskline_half: Figures
    skeleton_half: Figures


@dataclass(frozen=True)
class Line:
    """One figure beside its target."""

    name: str
    value: Spread
    target: float
    at_most: bool = False

    def __str__(self) -> str:
        """Name, median, range, target."""
        median = self.value.median
        good = median <= self.target if self.at_most else median >= self.target
        spread = f"{median:8.2f}  ({self.value.least:.2f} .. {self.value.most:.2f})"
        sign = "at most" if self.at_most else "at least"
        mark = "met" if good else "NOT met"
        return f"{self.name:58} {spread:28} {sign} {self.target:g}: {mark}"


def lines(
    rounds: list[Round], slow_carrier: float, conversation_bytes: float, text_bytes: float
) -> list[Line]:
    """Every figure that has a target."""
    bursts = [(one.maskline_burst, one.skeleton_burst) for one in rounds]
    halves = [(one.maskline_half, one.skeleton_half) for one in rounds]
    return [
        Line(
            "inbound callbacks/s against the skeleton",
            ratios(
                [one.maskline_inbound for one in rounds], [one.skeleton_inbound for one in rounds]
            ),
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
        Line("accepted/s with a 100 ms carrier against a fast one", _one(slow_carrier), 0.9),
        Line("bytes a live conversation", _one(conversation_bytes), 1000, at_most=True),
        Line("bytes a text under way", _one(text_bytes), 400, at_most=True),
    ]


def systems(rounds: list[Round]) -> list[str]:
    """Both systems' own figures."""
    return [
        _absolute(
            "Maskline",
            [one.maskline_inbound for one in rounds],
            [one.maskline_burst for one in rounds],
            [one.maskline_half for one in rounds],
        ),
        _absolute(
            "Skeleton",
            [one.skeleton_inbound for one in rounds],
            [one.skeleton_burst for one in rounds],
            [one.skeleton_half for one in rounds],
        ),
    ]


def _absolute(name: str, inbound: list[float], bursts: list[Figures], halves: list[Figures]) -> str:
    """One system's figures, medians over the rounds."""

    def middle(values: list[float]) -> float:
        return Spread.of(values).median

    cpu = {part: middle([one.cpu_us[part] for one in bursts]) for part in bursts[0].cpu_us}
    around = {part: cpu.pop(part) for part in ("carrier", "driver")}
    told = ", ".join(f"{part} {used:.0f}" for part, used in cpu.items())
    beside = ", ".join(f"{part} {used:.0f}" for part, used in around.items())
    return "\n".join(
        [
            f"{name}",
            f"  inbound alone: {middle(inbound):.0f} callbacks/s",
            f"  whole way: accepted/s {middle([one.accepted_per_second for one in bursts]):.0f}   "
            f"delivered/s {middle([one.delivered_per_second for one in bursts]):.0f}",
            _latency("callback to 200", [one.to_answer_ms for one in halves]),
            _latency("callback to carrier", [one.to_carrier_ms for one in halves]),
            f"  CPU us/text: {told}; together {sum(cpu.values()):.0f} (beside it: {beside})",
        ]
    )


def _latency(way: str, measured: list[tuple[float, float]]) -> str:
    p50 = Spread.of([one for one, _ in measured]).median
    p99 = Spread.of([other for _, other in measured]).median
    return f"  half load: {way:20} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms"


def machine() -> str:
    """What shares what."""
    return (
        f"{os.cpu_count()} cores, shared by the services, Valkey, the driver and the carrier. "
        "Ratios are medians inside rounds (range)."
    )


def _one(value: float) -> Spread:
    return Spread.of([value])
