"""Counts what one relayed message causes, at a load at which no two are handled together."""

import time
from dataclasses import astuple, dataclass

from redis import Redis

from bench.measuring.run import WrongDelivery, run, settled
from bench.systems.processes import writes
from bench.systems.start import Carrier, System

TEXTS_PER_SECOND = 10
# The last message is settled within milliseconds after it reached the carrier; a machine that does
# much else takes longer.
SETTLING_SECONDS = 60


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
        begun, start = time.monotonic(), _read(redis, system)
        time.sleep(seconds)
        loaded, idle = time.monotonic(), _read(redis, system)
        run(system, carrier, texts, TEXTS_PER_SECOND)
        ended, busy = _after_settling(redis, system)
    longer = (ended - loaded) / (loaded - begun)
    values = zip(*map(astuple, (start, idle, busy)), strict=True)
    return Counts(
        *(
            (after - between - (between - before) * longer) / texts
            for before, between, after in values
        )
    )


def _after_settling(redis: "Redis", system: System) -> tuple[float, Counts]:
    """Looks once a second, as each look is a read that counts."""
    for _ in range(SETTLING_SECONDS):
        time.sleep(1)
        ended, counts = time.monotonic(), _read(redis, system)
        if settled(system, redis):
            return ended, counts
    raise WrongDelivery(f"not settled within {SETTLING_SECONDS} s")


def _read(redis: "Redis", system: System) -> Counts:
    stats = redis.info("stats")
    # All writes of the process but those to connections are to the append-only file.
    fsyncs = writes(system.pids["valkey"]) - stats["total_writes_processed"]
    calls = len(system.calls.read_bytes()) if system.calls else 0
    return Counts(stats["total_reads_processed"], fsyncs, calls)
