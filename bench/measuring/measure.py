"""One measurement: texts through a system, and what came of them."""

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

# Open loop: more than ever wait at half load.
OPEN_LOOP_CONNECTIONS = 256

MS = 1_000_000

OK = 200

# What is doubled comes at once or, by a retry, within this time.
LATE_SECONDS = 2.0


class WrongDelivery(Exception):
    """A text was lost, doubled, misrouted or not accepted: no figure is worth anything then."""


@dataclass(frozen=True)
class Figures:
    """What one burst or one stretch of open loop came to."""

    accepted_per_second: float
    delivered_per_second: float
    to_answer_ms: tuple[float, float]
    to_carrier_ms: tuple[float, float]
    cpu_us: dict[str, float]


def inbound(system: System, carrier: Carrier, texts: int) -> float:
    """Callbacks a second while nothing is sent on; all of them are sent on afterwards."""
    planned = system.texts(texts)
    with sending_stopped(system):
        timings = _drive(system.callback_url, [body for body, _, _ in planned], rate=None)
    _arrivals(carrier, planned, timings)
    first = min(intended for intended, _, _ in timings)
    return texts * 1e9 / (max(done for _, done, _ in timings) - first)


@contextmanager
def sending_stopped(system: System) -> Iterator[None]:
    """The last hop stands still: what is accepted waits before it."""
    os.kill(system.pids["messaging"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(system.pids["messaging"], signal.SIGCONT)


def run(system: System, carrier: Carrier, texts: int, rate: float | None = None) -> Figures:
    """Sends so many texts, waits until the carrier has them all, and checks each."""
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
    carried = [(at - intended) / MS for at, (intended, _, _) in zip(arrivals, timings, strict=True)]
    return Figures(
        accepted_per_second=texts * 1e9 / (max(done for _, done, _ in timings) - first),
        delivered_per_second=texts * 1e9 / (max(arrivals) - first),
        to_answer_ms=(percentile(answered, 50), percentile(answered, 99)),
        to_carrier_ms=(percentile(carried, 50), percentile(carried, 99)),
        cpu_us={name: seconds * 1e6 / texts for name, seconds in used.items()},
    )


def assert_nothing_else_arrived(carrier: Carrier) -> None:
    """Every text was looked at when it arrived; whatever is left was doubled or made up."""
    time.sleep(LATE_SECONDS)
    carrier.look()
    if carrier.taken:
        raise WrongDelivery(f"{len(carrier.taken)} texts reached the carrier that nobody sent")


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
    def all_there() -> bool:
        carrier.look()
        return all(marker in carrier.taken for _, marker, _ in planned)

    wait_until(all_there, f"{len(timings)} texts at the carrier")
    found = [carrier.taken.pop(marker) for _, marker, _ in planned]
    for (_, marker, receiver), arrivals in zip(planned, found, strict=True):
        if [to for to, _ in arrivals] != [receiver]:
            raise WrongDelivery(f"{marker!r} reached {len(arrivals)} recipients, or a wrong one")
    return [arrivals[0][1] for arrivals in found]
