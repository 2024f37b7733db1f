"""Memory of a live conversation and of a queued message in Valkey: the sum over their keys.

The server's own total is too coarse: buffers and hash tables grow in large steps.
"""

import httpx
from redis import Redis

from bench.measuring.measure import sending_stopped
from bench.systems.start import CALL_SECONDS, Carrier, System, connect_people

OF_A_CONVERSATION = (
    "conversation:*",
    "route:*",
    "code:*",
    "deadlines",
    "conversations",
    "live-by-number",
    "live-by-person",
    "timeline:*",
)
OF_A_TEXT = ("outbox", "idempotency:*", "message:*")


def of_conversations(system: System, carrier: Carrier, number: int) -> float:
    """Bytes per live conversation, over all of its keys."""
    connect_people(system, carrier, number)
    with Redis.from_url(system.redis_url) as redis:
        return _used(redis, OF_A_CONVERSATION) / number


def of_texts_under_way(system: System, number: int) -> float:
    """Bytes per message in the outbox, measured while sending is stopped."""
    with sending_stopped(system), Redis.from_url(system.redis_url) as redis:
        before = _used(redis, OF_A_TEXT)
        with httpx.Client(timeout=CALL_SECONDS) as http:
            for body, _, _ in system.texts(number):
                http.post(system.callback_url, content=body).raise_for_status()
        return (_used(redis, OF_A_TEXT) - before) / number


def _used(redis: "Redis", kinds: tuple[str, ...]) -> int:
    patterns = (f"maskline:v1:{{main}}:{kind}" for kind in kinds)
    keys = [key for pattern in patterns for key in redis.scan_iter(pattern, count=1000)]
    # samples=0 measures all entries; the default estimates from five.
    return sum(redis.memory_usage(key, samples=0) or 0 for key in keys)
