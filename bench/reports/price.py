"""The price of encryption as a person reads it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.measuring.price import Measured, Price
from bench.measuring.stats import Spread, ratios
from bench.systems.ways import AS_IT_IS, ENCRYPTED, UNSEALED

# The processes of one Maskline; the driver and the carrier are not its.
PROCESSES = ("gateway", "conversation", "messaging", "valkey")

WIDTH = 26


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: as it is, and what it is of the same without one of both."""

    name: str
    as_it_is: float
    # As it is against the same with nothing sealed.
    at_rest: Spread
    # The same with encrypted links against as it is.
    links: Spread

    def __str__(self) -> str:
        """In the columns of `table`."""
        return f"{self.name:34} {self.as_it_is:9.1f}   {_shown(self.at_rest)} {_shown(self.links)}"


def table(price: Price) -> list[str]:
    """A heading, and a line for each figure."""
    redis = (
        f"mutual TLS: gRPC links with roles, and Redis ({price.redis_server})"
        if price.redis_server
        else "mutual TLS: gRPC links with roles. NOT Redis: the embedded server does not speak TLS "
        "and no valkey-server or redis-server that does is on the PATH"
    )
    return [
        "What encryption costs, as ratios: 1 is nothing. Medians inside rounds (range).",
        "at rest: as it is against the same with nothing sealed",
        f"{redis}; against as it is",
        "",
        f"{'':34} {'as it is':>9}   {'encryption at rest':{WIDTH}} {'mutual TLS':{WIDTH}}".rstrip(),
        *(str(line).rstrip() for line in lines(price)),
    ]


def lines(price: Price) -> list[Line]:
    """Every figure."""
    return [
        *(_line(name, price, figure) for name, figure in _figures()),
        _bytes(price),
    ]


def _figures() -> Iterator[tuple[str, Callable[[Measured], float]]]:
    yield "accepted/s", lambda one: one.burst.accepted_per_second
    yield "delivered/s", lambda one: one.burst.delivered_per_second
    yield "half load: to 200, p50 ms", lambda one: one.half.to_answer_ms[0]
    yield "half load: to 200, p99 ms", lambda one: one.half.to_answer_ms[1]
    yield "half load: to carrier, p50 ms", lambda one: one.half.to_carrier_ms[0]
    yield "half load: to carrier, p99 ms", lambda one: one.half.to_carrier_ms[1]
    for process in PROCESSES:
        yield f"CPU us/text: {process}", _cpu(process)
    yield "CPU us/text: together", lambda one: sum(_cpu(name)(one) for name in PROCESSES)


def _cpu(process: str) -> Callable[[Measured], float]:
    return lambda one: one.burst.cpu_us[process]


def _line(name: str, price: Price, figure: Callable[[Measured], float]) -> Line:
    by_way = {
        way: [figure(one[way]) for one in price.rounds] for way in (AS_IT_IS, UNSEALED, ENCRYPTED)
    }
    return Line(
        name,
        Spread.of(by_way[AS_IT_IS]).median,
        ratios(by_way[AS_IT_IS], by_way[UNSEALED]),
        ratios(by_way[ENCRYPTED], by_way[AS_IT_IS]),
    )


def _bytes(price: Price) -> Line:
    taken = price.conversation_bytes
    return Line(
        "bytes a live conversation",
        taken[AS_IT_IS],
        ratios([taken[AS_IT_IS]], [taken[UNSEALED]]),
        ratios([taken[ENCRYPTED]], [taken[AS_IT_IS]]),
    )


def _shown(ratio: Spread) -> str:
    told = f"{ratio.median:5.2f}  ({ratio.least:.2f} .. {ratio.most:.2f})"
    return f"{told:{WIDTH}}"
