"""One measurement: sends messages through a system and checks their delivery."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.measuring.stats import percentile
from bench.systems.processes import children_cpu_seconds, cpu_seconds, wait_until
from bench.systems.start import Carrier, System

CONNECTIONS = 64

# More than are ever in flight at half load.
OPEN_LOOP_CONNECTIONS = 256
MS = 1_000_000
OK = 200
# Duplicates arrive at once or, by a retry, within this time.
LATE_SECONDS = 2.0


class WrongDelivery(Exception):
    """A message was lost, duplicated, misrouted or rejected, which makes all figures invalid."""


@dataclass(frozen=True)
class Figures:
    """The figures of one burst or one open loop."""

    accepted_per_second: float
    delivered_per_second: float
    to_answer_ms: tuple[float, float]
    to_carrier_ms: tuple[float, float]
    cpu_us: dict[str, float]


def inbound(system: System, carrier: Carrier, texts: int) -> float:
    """Callbacks a second while sending is stopped; checks the deliveries afterwards."""
    planned = system.texts(texts)
    with sending_stopped(system):
        timings = _drive(system.callback_url, [body for body, _, _ in planned], rate=None)
    _arrivals(carrier, planned, timings)
    first = min(intended for intended, _, _ in timings)
    return texts * 1e9 / (max(done for _, done, _ in timings) - first)


@contextmanager
def sending_stopped(system: System) -> Iterator[None]:
    """Pauses the messaging service: accepted messages wait in the outbox."""
    os.kill(system.pids["messaging"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(system.pids["messaging"], signal.SIGCONT)


def run(system: System, carrier: Carrier, texts: int, rate: float | None = None) -> Figures:
    """Sends `texts` messages, waits until the carrier has them all, and checks each."""
    planned = system.texts(texts)
    pids = {**system.pids, "carrier": carrier.process.pid}
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    driver_before = children_cpu_seconds()
    timings = _drive(system.callback_url, [body for body, _, _ in planned], rate)
    arrivals = _arrivals(carrier, planned, timings)
    used = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
    used["driver"] = children_cpu_seconds() - driver_before
    first = min(intended for intended, _, _ in timings)
    answered = [(done - intended) / MS for intended, done, _ in timings]
    carried = [
        (arrival - intended) / MS
        for arrival, (intended, _, _) in zip(arrivals, timings, strict=True)
    ]
    return Figures(
        accepted_per_second=texts * 1e9 / (max(done for _, done, _ in timings) - first),
        delivered_per_second=texts * 1e9 / (max(arrivals) - first),
        to_answer_ms=(percentile(answered, 50), percentile(answered, 99)),
        to_carrier_ms=(percentile(carried, 50), percentile(carried, 99)),
        cpu_us={name: seconds * 1e6 / texts for name, seconds in used.items()},
    )


def assert_nothing_else_arrived(carrier: Carrier) -> None:
    """Raises WrongDelivery if the carrier received more than the messages checked before."""
    time.sleep(LATE_SECONDS)
    carrier.fetch()
    if carrier.taken:
        raise WrongDelivery(f"{len(carrier.taken)} unexpected messages reached the carrier")


def _drive(url: str, bodies: list[str], rate: float | None) -> list[tuple[int, int, int]]:
    connections = OPEN_LOOP_CONNECTIONS if rate else CONNECTIONS
    plan = {"url": url, "bodies": bodies, "connections": connections, "rate": rate}
    driver = subprocess.run(
        [sys.executable, "-m", "bench.measuring.load"],
        input=json.dumps(plan).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    timings: list[tuple[int, int, int]] = json.loads(driver.stdout)
    refused = sum(status != OK for _, _, status in timings)
    if refused:
        raise WrongDelivery(f"{refused} of {len(bodies)} texts were not accepted")
    return timings


def _arrivals(
    carrier: Carrier, planned: list[tuple[str, str, str]], timings: list[tuple[int, int, int]]
) -> list[int]:
    def all_arrived() -> bool:
        carrier.fetch()
        return all(marker in carrier.taken for _, marker, _ in planned)

    wait_until(all_arrived, f"{len(timings)} messages at the carrier")
    received = [carrier.taken.pop(marker) for _, marker, _ in planned]
    for (_, marker, receiver), arrivals in zip(planned, received, strict=True):
        if [to for to, _ in arrivals] != [receiver]:
            raise WrongDelivery(f"{marker!r} reached {len(arrivals)} recipients, or a wrong one")
    return [arrivals[0][1] for arrivals in received]
