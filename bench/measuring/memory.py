"""Bytes in Redis of a live conversation and of a message, over all of their keys.

The server's own total is too coarse: buffers and hash tables grow in large steps.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import httpx
from redis import Redis

from bench.measuring.run import sending_stopped, settled
from bench.systems.conversations import connect_people
from bench.systems.processes import wait_until
from bench.systems.start import CALL_SECONDS, Carrier, System

# Kinds of keys that belong to messages. All others belong to conversations, unknown ones too.
OF_TEXTS = ("outbox", "i", "m", "events")
LEDGER = "ledger"

CHUNK = 1000
MS_PER_HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Kind:
    """The keys of one kind that a message causes."""

    name: str
    # Bytes per message while it waits in the outbox, and after it was sent.
    under_way: float
    after: float
    # The longest expiry of such a key; None if none of them expires by itself.
    hours: float | None


def of_conversations(system: System, carrier: Carrier, number: int) -> float:
    """Bytes per live conversation, without what its start and join leave behind as messages."""
    with Redis.from_url(system.redis_url) as redis:
        before = _measure(redis)
        connect_people(system, carrier, number)
        grown = _grown(before, _measure(redis))
    return sum(used for kind, used in grown.items() if kind not in OF_TEXTS) / number


def of_texts(system: System, carrier: Carrier, number: int) -> list[Kind]:
    """What a message takes, by kind of key. The messages reach the carrier, unchecked."""
    with Redis.from_url(system.redis_url) as redis, Redis.from_url(system.ledger_url) as ledger:
        before = _all_kinds(redis, ledger)
        with sending_stopped(system), httpx.Client(timeout=CALL_SECONDS) as http:
            for text in system.texts(number):
                http.post(system.callback_url, content=text.callback).raise_for_status()
            under_way = _grown(before, _all_kinds(redis, ledger))
        wait_until(lambda: settled(system, redis), "all messages are settled")
        after, hours = _grown(before, _all_kinds(redis, ledger)), _hours(redis, ledger)
    carrier.fetch()
    carrier.taken.clear()
    kinds = sorted({*under_way, *after})
    return [
        Kind(kind, under_way[kind] / number, after[kind] / number, hours.get(kind))
        for kind in kinds
    ]


def under_way(kinds: list[Kind]) -> float:
    """Bytes of a message that waits, in the keys of the conversation service."""
    return sum(kind.under_way for kind in kinds if kind.name != LEDGER)


def _all_kinds(redis: "Redis", ledger: "Redis") -> "Counter[str]":
    return Counter({**_measure(redis), LEDGER: sum(_measure(ledger).values())})


def _grown(before: "Counter[str]", after: "Counter[str]") -> "Counter[str]":
    # `-` of Counter would drop what shrank.
    return Counter({kind: used - before[kind] for kind, used in after.items()})


def _measure(redis: "Redis") -> "Counter[str]":
    used: Counter[str] = Counter()
    for keys in _chunks(redis):
        with redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                # samples=0 measures all entries; the default estimates from five.
                pipeline.memory_usage(key, samples=0)
            for key, size in zip(keys, pipeline.execute(), strict=True):
                used[kind_of(key)] += size or 0
    return used


def _hours(redis: "Redis", ledger: "Redis") -> dict[str, float]:
    """The longest expiry of each kind; none of a kind whose keys do not expire."""
    longest: dict[str, float] = defaultdict(float)
    for keys in _chunks(redis):
        with redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.pttl(key)
            for key, left in zip(keys, pipeline.execute(), strict=True):
                longest[kind_of(key)] = max(longest[kind_of(key)], left / MS_PER_HOUR)
    if ledger is not redis:
        longest[LEDGER] = max(_hours(ledger, ledger).values(), default=0.0)
    return {kind: hours for kind, hours in longest.items() if hours > 0}


def _chunks(redis: "Redis") -> Iterator[list[bytes]]:
    keys = redis.scan_iter(count=CHUNK)
    while chunk := list(islice(keys, CHUNK)):
        yield chunk


def kind_of(key: bytes) -> str:
    """`m` of `ml1:{main}:m:...`."""
    match = re.match(rb"[^{]*\{[^}]*\}:([^:]*)", key)
    return match[1].decode() if match else "other"
