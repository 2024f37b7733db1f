"""Counts what one relayed message causes, at a load at which no two are handled together."""

import time
from dataclasses import astuple, dataclass

from redis import Redis

from bench.measuring.run import WrongDelivery, run, settled
from bench.systems.processes import writes
from bench.systems.start import Carrier, System

TEXTS_PER_SECOND = 10
# After the last message reached the carrier, it is settled.
SETTLING_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Counts:
    """Since the start, or per message from callback to settled."""

    # Requests that Redis read: one for each pipeline, script or single command.
    round_trips: float
    # Writes to the append-only file, each followed by one fdatasync (appendfsync always).
    fsyncs: float
    # Calls at the conversation service and at the messaging service.
    grpc_calls: float


def count(system: System, carrier: Carrier, seconds: float) -> Counts:
    """Counts during a load, less what as long a time without load has (leases, health)."""
    texts = int(seconds * TEXTS_PER_SECOND)
    with Redis.from_url(system.redis_url) as redis:
        times, counters = [time.monotonic()], [_read(redis, system)]
        time.sleep(seconds)
        times.append(time.monotonic())
        counters.append(_read(redis, system))
        run(system, carrier, texts, TEXTS_PER_SECOND)
        time.sleep(SETTLING_SECONDS)
        times.append(time.monotonic())
        counters.append(_read(redis, system))
        if not settled(system, redis):
            raise WrongDelivery(f"not settled within {SETTLING_SECONDS} s")
    longer = (times[2] - times[1]) / (times[1] - times[0])
    start, idle, busy = map(astuple, counters)
    per_text = [
        (after - between - (between - before) * longer) / texts
        for before, between, after in zip(start, idle, busy, strict=True)
    ]
    return Counts(*per_text)


def _read(redis: "Redis", system: System) -> Counts:
    stats = redis.info("stats")
    # All writes of the process but those to connections are to the append-only file.
    fsyncs = writes(system.pids["valkey"]) - stats["total_writes_processed"]
    calls = len(system.calls.read_bytes()) if system.calls else 0
    return Counts(stats["total_reads_processed"], fsyncs, calls)
