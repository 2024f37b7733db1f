"""One run: sends messages through a system and checks their delivery."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis

from bench.systems.processes import children_cpu_seconds, cpu_seconds, wait_until
from bench.systems.start import Carrier, System, Text

# What works beside a system; their CPU time is not the system's.
BESIDE = ("carrier", "driver")

CONNECTIONS = 64

# More than are ever in flight at half load.
OPEN_LOOP_CONNECTIONS = 256
MS = 1_000_000
OK = 200
# Duplicates arrive at once or, by a retry, within this time.
LATE_SECONDS = 2.0
# A dispatcher renews its lease every second, and then learns that it lost it.
LEASE_NOTICED_SECONDS = 2.5
# Longer than a burst takes.
LEASE_SECONDS = 600

# Intended time, time of the response (ns), status.
Timing = tuple[int, int, int]


class WrongDelivery(Exception):
    """A message was lost, duplicated, misrouted or rejected, which makes all figures invalid."""


@dataclass(frozen=True)
class Run:
    """The figures of one burst or one open loop."""

    accepted_per_second: float
    # 0 while sending is stopped.
    delivered_per_second: float
    to_answer_ms: list[float]
    to_carrier_ms: list[float]
    # Per message, by process.
    cpu_us: dict[str, float]
    # How many cores the system's own processes used: few of them with a low rate mean waiting.
    cores: float

    @property
    def own_cpu_us(self) -> float:
        """CPU time per message of the system's own processes."""
        return sum(used for name, used in self.cpu_us.items() if name not in BESIDE)


def inbound(system: System, carrier: Carrier, texts: int) -> Run:
    """A burst while sending is stopped; the deliveries are checked afterwards."""
    planned = system.texts(texts)
    with sending_stopped(system):
        before = _cpu(system, carrier)
        timings = _drive(system.callback_url, planned)
        used = _since(before, system, carrier)
    _arrivals(carrier, planned, timings)
    return _result(timings, [], used)


def run(
    system: System,
    carrier: Carrier,
    texts: int,
    rate: float | None = None,
    seed: int | None = None,
) -> Run:
    """Sends `texts` messages, waits until the carrier has them all, and checks each.

    With a rate in an open loop: with random intervals if there is a seed, else with equal ones.
    """
    planned = system.texts(texts)
    before = _cpu(system, carrier)
    timings = _drive(system.callback_url, planned, rate, seed)
    arrivals = _arrivals(carrier, planned, timings)
    return _result(timings, arrivals, _since(before, system, carrier))


@contextmanager
def sending_stopped(system: System) -> Iterator[None]:
    """Accepted messages wait in the outbox, and no dispatcher reads it.

    Without the last hop the skeleton's worker waits after its first read. Maskline's dispatcher
    would read ahead, so its lease is taken away.
    """
    if not system.lease:
        with _last_hop_stopped(system):
            yield
        return
    with Redis.from_url(system.redis_url) as redis:
        wait_until(lambda: settled(system, redis), "all messages are settled")
        redis.set(system.lease, "bench", ex=LEASE_SECONDS)
        try:
            time.sleep(LEASE_NOTICED_SECONDS)
            with _last_hop_stopped(system):
                yield
        finally:
            redis.delete(system.lease)


def settled(system: System, redis: "Redis") -> bool:
    """Whether Maskline's outbox is empty."""
    return redis.xlen(system.outbox) == 0


@contextmanager
def _last_hop_stopped(system: System) -> Iterator[None]:
    os.kill(system.pids["messaging"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(system.pids["messaging"], signal.SIGCONT)


def assert_nothing_else_arrived(carrier: Carrier) -> None:
    """Raises WrongDelivery if the carrier received more than the messages checked before."""
    time.sleep(LATE_SECONDS)
    carrier.fetch()
    if carrier.taken:
        raise WrongDelivery(f"{len(carrier.taken)} unexpected messages reached the carrier")


def _cpu(system: System, carrier: Carrier) -> dict[str, float]:
    pids = {**system.pids, "carrier": carrier.process.pid}
    used = {name: cpu_seconds(pid) for name, pid in pids.items()}
    return {**used, "driver": children_cpu_seconds()}


def _since(before: dict[str, float], system: System, carrier: Carrier) -> dict[str, float]:
    return {name: used - before[name] for name, used in _cpu(system, carrier).items()}


def _result(timings: Sequence[Timing], arrivals: Sequence[int], cpu: dict[str, float]) -> Run:
    texts = len(timings)
    first = min(intended for intended, _, _ in timings)
    last_answer = max(done for _, done, _ in timings)
    duration = (max([last_answer, *arrivals]) - first) / 1e9
    own = sum(used for name, used in cpu.items() if name not in BESIDE)
    return Run(
        accepted_per_second=texts * 1e9 / (last_answer - first),
        delivered_per_second=texts * 1e9 / (max(arrivals) - first) if arrivals else 0.0,
        to_answer_ms=[(done - intended) / MS for intended, done, _ in timings],
        to_carrier_ms=[
            (arrival - intended) / MS
            for arrival, (intended, _, _) in zip(arrivals, timings, strict=False)
        ],
        cpu_us={name: seconds * 1e6 / texts for name, seconds in cpu.items()},
        cores=own / duration,
    )


def _drive(
    url: str, planned: Sequence[Text], rate: float | None = None, seed: int | None = None
) -> list[Timing]:
    plan = {
        "url": url,
        "bodies": [text.callback for text in planned],
        "connections": OPEN_LOOP_CONNECTIONS if rate else CONNECTIONS,
        "rate": rate,
        "seed": seed,
    }
    driver = subprocess.run(
        [sys.executable, "-m", "bench.measuring.load"],
        input=json.dumps(plan).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    timings: list[Timing] = json.loads(driver.stdout)
    refused = sum(status != OK for _, _, status in timings)
    if refused:
        raise WrongDelivery(f"{refused} of {len(planned)} texts were not accepted")
    return timings


def _arrivals(carrier: Carrier, planned: list[Text], timings: Sequence[Timing]) -> list[int]:
    def all_arrived() -> bool:
        carrier.fetch()
        return all(text.marker in carrier.taken for text in planned)

    wait_until(all_arrived, f"{len(timings)} messages at the carrier")
    received = [carrier.taken.pop(text.marker) for text in planned]
    for text, arrivals in zip(planned, received, strict=True):
        if [to for to, _ in arrivals] != [text.receiver]:
            raise WrongDelivery(
                f"{text.marker!r} reached {len(arrivals)} recipients, or a wrong one"
            )
    return [arrivals[0][1] for arrivals in received]
