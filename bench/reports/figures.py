"""The figures with a target, and whether each is reached."""

from dataclasses import dataclass

from bench.measuring import memory
from bench.measuring.against_skeleton import MASKLINE, OTHER, SKELETON, SMS_PROXY, Measured
from bench.measuring.results import Load, Results, Way
from bench.measuring.run import Run
from bench.measuring.scale import FEW, MANY
from bench.measuring.stats import Spread, ratios
from bench.reports.comparison import format_spread, ratio_line

NAME, VALUE, TARGET = 58, 28, 9


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, what it must be, and what it should be."""

    name: str
    value: Spread
    must: float
    aim: float
    at_most: bool = False

    @property
    def reached(self) -> str:
        """The harder of the two targets that the median reaches."""
        reached = [
            name
            for name, target in (("aim", self.aim), ("must", self.must))
            if (self.value.median <= target if self.at_most else self.value.median >= target)
        ]
        return reached[0] if reached else "NO"

    def __str__(self) -> str:
        """A row of `table`."""
        sign = "<=" if self.at_most else ">="
        targets = "".join(f"{f'{sign} {target:g}':>{TARGET}}" for target in (self.must, self.aim))
        return f"{self.name:{NAME}}{format_spread(self.value):{VALUE}}{targets}   {self.reached}"


def table(figures: list[Figure]) -> list[str]:
    """The heading and one line for each figure."""
    heading = f"{'figure':{NAME}}{'   value':{VALUE}}{'must':>{TARGET}}{'aim':>{TARGET}}   reached"
    return [heading, *map(str, figures)]


def of_hot_path(measured: Measured, name: str = MASKLINE) -> list[Figure]:
    """The figures of one deployment of Maskline."""
    results = measured.results
    return [*_rates(results, name), *_latencies(results, name), *_costs(measured, name)]


def of_scale(results: Results, conversations: int) -> list[Figure]:
    """Rate and latency with many live conversations, against few."""
    of_many = f"with {conversations:,} live conversations"
    rate = results.ratio(MANY, FEW, Load.BURST, _delivered)
    slower = results.latency_ratio(MANY, FEW, Load.SLOWEST_HALF, "to_answer_ms", 99)
    return [
        Figure(f"delivered/s {of_many}", rate, 0.95, 1.0),
        Figure(f"p99 to 200 {of_many}", slower, 1.1, 1.0, at_most=True),
    ]


def change(measured: Measured) -> list[str]:
    """What no round has: counts and bytes of Maskline relative to the other checkout's."""
    ours, theirs = of_hot_path(measured), of_hot_path(measured, OTHER)
    return [
        ratio_line(our.name, [ratios([our.value.median], [their.value.median])])
        for our, their in zip(ours, theirs, strict=True)
        if our.value.least == our.value.most
    ]


def bytes_of_a_text(measured: Measured, name: str = MASKLINE) -> list[str]:
    """By kind of key, and how long it is kept."""
    kinds = measured.text_bytes[name]
    return [
        f"{'bytes a text, by kind of key':34}{'under way':>10}{'sent':>10}   expires after",
        *(
            f"{kind.name:34}{kind.under_way:10.0f}{kind.after:10.0f}   {_expiry(kind)}"
            for kind in kinds
            if kind.under_way or kind.after
        ),
    ]


def _expiry(kind: memory.Kind) -> str:
    if kind.hours is None:
        return "- (removed or trimmed by a service)"
    return f"{kind.hours:.0f} h" if kind.hours >= 1 else "less than 1 h"


def _rates(results: Results, name: str) -> list[Figure]:
    inbound = results.ratio(name, SKELETON, Load.INBOUND, _accepted)
    delivered = results.ratio(name, SKELETON, Load.BURST, _delivered)
    slow = ratios(
        [run.accepted_per_second for run in results.runs(name, Load.SLOW_CARRIER)],
        [run.accepted_per_second for run in results.runs(name, Load.BURST)],
    )
    proxy_accepted = results.ratio(name, SMS_PROXY, Load.BURST, _accepted)
    proxy_delivered = results.ratio(name, SMS_PROXY, Load.BURST, _delivered)
    return [
        Figure("inbound callbacks/s against the skeleton", inbound, 2.0, 2.5),
        Figure("delivered/s against the skeleton", delivered, 3.5, 4.5),
        Figure("accepted/s with a 100 ms carrier against a fast one", slow, 0.9, 1.0),
        Figure("accepted/s against sms-proxy", proxy_accepted, 7.0, 9.0),
        Figure("delivered/s against sms-proxy", proxy_delivered, 3.0, 4.0),
    ]


def _latencies(results: Results, name: str) -> list[Figure]:
    def against_skeleton(way: Way, percent: float) -> Spread:
        return results.latency_ratio(name, SKELETON, Load.SKELETON_HALF, way, percent)

    where = "half of the skeleton's rate, against it"
    middle = against_skeleton("to_answer_ms", 50)
    to_answer = against_skeleton("to_answer_ms", 99)
    to_carrier = against_skeleton("to_carrier_ms", 99)
    return [
        Figure(f"p50 to 200, {where}", middle, 1.3, 1.0, at_most=True),
        Figure(f"p99 to 200, {where}", to_answer, 1.2, 1.0, at_most=True),
        Figure(f"p99 to carrier, {where}", to_carrier, 1.2, 1.0, at_most=True),
    ]


def _costs(measured: Measured, name: str) -> list[Figure]:
    results, counts = measured.results, measured.counts[name]
    burst = results.spread(name, Load.BURST, _own_cpu)
    inbound = results.spread(name, Load.INBOUND, _own_cpu)
    text = memory.under_way(measured.text_bytes[name])
    conversation = measured.conversation_bytes[name]
    return [
        Figure("CPU us a text, burst", burst, 1150, 950, at_most=True),
        Figure("CPU us a text, inbound only", inbound, 450, 370, at_most=True),
        Figure("Redis round trips a text", Spread.of([counts.round_trips]), 6, 5, at_most=True),
        Figure("fsyncs a text", Spread.of([counts.fsyncs]), 4, 3, at_most=True),
        Figure("gRPC calls a text", Spread.of([counts.grpc_calls]), 2, 2, at_most=True),
        Figure("bytes a text under way", Spread.of([text]), 400, 300, at_most=True),
        Figure("bytes a live conversation", Spread.of([conversation]), 900, 700, at_most=True),
    ]


def _accepted(run: Run) -> float:
    return run.accepted_per_second


def _delivered(run: Run) -> float:
    return run.delivered_per_second


def _own_cpu(run: Run) -> float:
    return run.own_cpu_us
