"""What a live conversation and a text under way take in Valkey."""

import httpx
from redis import Redis

from bench.measure import sending_stopped
from bench.systems import CALL_SECONDS, Carrier, System, connect_people
from devstack.redis_url import next_database


def of_conversations(system: System, carrier: Carrier, number: int) -> float:
    """Bytes for each of so many new conversations, with all keys they have while they live."""
    with Redis.from_url(system.redis_url) as redis:
        before = _used(redis)
        connect_people(system, carrier, number)
        _forget_what_texts_leave(redis)
        with Redis.from_url(next_database(system.redis_url)) as ledger:
            ledger.flushdb()
        return (_used(redis) - before) / number


def of_texts_under_way(system: System, number: int) -> float:
    """Bytes for each text in the outbox, measured while nothing can be sent."""
    with sending_stopped(system), Redis.from_url(system.redis_url) as redis:
        with httpx.Client(timeout=CALL_SECONDS) as http:
            before = _used(redis)
            for body, _, _ in system.texts(number):
                http.post(system.callback_url, content=body).raise_for_status()
        return (_used(redis) - before) / number


def _forget_what_texts_leave(redis: "Redis") -> None:
    """Receipts and records of texts expire by themselves; no live conversation needs them."""
    for pattern in ("maskline:*:receipt:*", "maskline:*:message:*", "maskline:*:silence:*"):
        keys = list(redis.scan_iter(pattern, count=1000))
        if keys:
            redis.delete(*keys)


def _used(redis: "Redis") -> int:
    redis.memory_purge()
    return int(redis.info("memory")["used_memory"])
