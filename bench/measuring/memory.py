"""What a live conversation and a text under way take in Valkey: their keys, one by one.

The server's own total would hide them: buffers and tables that grow by leaps are a multiple of it.
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
    "holders",
    "loads",
    "timeline:*",
)

OF_A_TEXT = ("outbox", "receipt:*", "message:*")


def of_conversations(system: System, carrier: Carrier, number: int) -> float:
    """Bytes for each of so many conversations, with all keys they have while they live."""
    connect_people(system, carrier, number)
    with Redis.from_url(system.redis_url) as redis:
        return _taken(redis, OF_A_CONVERSATION) / number


def of_texts_under_way(system: System, number: int) -> float:
    """Bytes for each of so many texts in the outbox, measured while nothing can be sent."""
    with sending_stopped(system), Redis.from_url(system.redis_url) as redis:
        before = _taken(redis, OF_A_TEXT)
        with httpx.Client(timeout=CALL_SECONDS) as http:
            for body, _, _ in system.texts(number):
                http.post(system.callback_url, content=body).raise_for_status()
        return (_taken(redis, OF_A_TEXT) - before) / number


def _taken(redis: "Redis", kinds: tuple[str, ...]) -> int:
    patterns = (f"maskline:v1:{{main}}:{kind}" for kind in kinds)
    keys = [key for pattern in patterns for key in redis.scan_iter(pattern, count=1000)]
    # All samples: a guess from five entries of a large set would be too rough.
    return sum(redis.memory_usage(key, samples=0) or 0 for key in keys)
