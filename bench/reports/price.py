"""The table of the cost of encryption."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.measuring.price import Measured, Price
from bench.measuring.stats import Spread, ratios
from bench.systems.variants import AS_IT_IS, ENCRYPTED, UNSEALED

# The processes of one deployment, without driver and carrier.
PROCESSES = ("gateway", "conversation", "messaging", "valkey")

WIDTH = 26


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of the default variant, and two ratios."""

    name: str
    as_it_is: float
    # The default against the variant without encryption at rest.
    at_rest: Spread
    # The variant with encrypted links against the default.
    links: Spread

    def __str__(self) -> str:
        """A row of `table`."""
        ratios = f"{_format(self.at_rest)} {_format(self.links)}"
        return f"{self.name:34} {self.as_it_is:9.1f}   {ratios}"


def table(price: Price) -> list[str]:
    """The heading and one line for each figure."""
    redis = (
        f"mutual TLS: gRPC links with roles, and Redis ({price.redis_server})"
        if price.redis_server
        else "mutual TLS: gRPC links with roles. NOT Redis: the embedded server does not support "
        "TLS, and no valkey-server or redis-server with TLS is on the PATH"
    )
    return [
        "The cost of encryption as ratios (1: none). Medians of the repetitions' ratios (range).",
        "at rest: the default against the same without encryption at rest",
        f"{redis}; against the default",
        "",
        f"{'':34} {'default':>9}   {'encryption at rest':{WIDTH}} {'mutual TLS':{WIDTH}}".rstrip(),
        *(str(line).rstrip() for line in lines(price)),
    ]


def lines(price: Price) -> list[Line]:
    """Every figure."""
    return [*(_line(name, price, figure) for name, figure in _figures()), _bytes(price)]


def _figures() -> Iterator[tuple[str, Callable[[Measured], float]]]:
    yield "accepted/s", lambda measured: measured.burst.accepted_per_second
    yield "delivered/s", lambda measured: measured.burst.delivered_per_second
    yield "half load: to 200, p50 ms", lambda measured: measured.half.to_answer_ms[0]
    yield "half load: to 200, p99 ms", lambda measured: measured.half.to_answer_ms[1]
    yield "half load: to carrier, p50 ms", lambda measured: measured.half.to_carrier_ms[0]
    yield "half load: to carrier, p99 ms", lambda measured: measured.half.to_carrier_ms[1]
    for process in PROCESSES:
        yield f"CPU us/text: {process}", _cpu(process)
    yield "CPU us/text: together", lambda measured: sum(_cpu(name)(measured) for name in PROCESSES)


def _cpu(process: str) -> Callable[[Measured], float]:
    return lambda measured: measured.burst.cpu_us[process]


def _line(name: str, price: Price, figure: Callable[[Measured], float]) -> Line:
    as_it_is, unsealed, encrypted = (
        [figure(measurements[variant]) for measurements in price.repetitions]
        for variant in (AS_IT_IS, UNSEALED, ENCRYPTED)
    )
    return Line(
        name, Spread.of(as_it_is).median, ratios(as_it_is, unsealed), ratios(encrypted, as_it_is)
    )


def _bytes(price: Price) -> Line:
    sizes = price.conversation_bytes
    return Line(
        "bytes a live conversation",
        sizes[AS_IT_IS],
        ratios([sizes[AS_IT_IS]], [sizes[UNSEALED]]),
        ratios([sizes[ENCRYPTED]], [sizes[AS_IT_IS]]),
    )


def _format(ratio: Spread) -> str:
    text = f"{ratio.median:5.2f}  ({ratio.least:.2f} .. {ratio.most:.2f})"
    return f"{text:{WIDTH}}"
