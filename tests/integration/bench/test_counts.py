"""What is counted and copied in a real server."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis

from bench.measuring.counts import _read
from bench.systems.conversations import write_copies
from bench.systems.processes import listens, start, wait_until
from bench.systems.start import POOL_PREFIX, System
from devstack.valkey import server_command
from support.net.ports import free_port

pytestmark = pytest.mark.slow
LIVE = f"{POOL_PREFIX}conversations:ACTIVE"
ORIGINAL, ROUTES = "a" * 32, ("b" * 32, "c" * 32)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A durable server of its own, as others would be counted too."""
    port = free_port()
    with ExitStack() as resources:
        server = start(resources, *server_command(port, tmp_path, durable=True))
        wait_until(lambda: listens(port), "Valkey")
        yield System("s", "", {"valkey": server.pid}, redis_url=f"redis://127.0.0.1:{port}/0")


def test_round_trips_and_fsyncs_are_counted(system: System) -> None:
    with Redis.from_url(system.redis_url) as redis:
        before = _read(redis, system)
        for number in range(20):
            redis.set("key", number)
            redis.get("key")
        with redis.pipeline(transaction=False) as pipeline:
            for number in range(20):
                pipeline.set(f"key{number}", number)
            pipeline.execute()
        after = _read(redis, system)
    # One more of each for the pipeline; reading the counter is a round trip itself.
    assert after.fsyncs - before.fsyncs == 21
    assert after.round_trips - before.round_trips == 42


def test_copies_of_a_conversation_have_all_of_its_keys(system: System) -> None:
    with Redis.from_url(system.redis_url, decode_responses=True) as redis:
        redis.set(f"{POOL_PREFIX}conversation:{ORIGINAL}", "a record")
        redis.rpush(f"{POOL_PREFIX}timeline:{ORIGINAL}", "1", "2")
        for live in (LIVE, f"{LIVE}:number"):
            redis.zadd(live, {ORIGINAL: 0})
        redis.zadd(f"{POOL_PREFIX}deadlines", {ORIGINAL: 7})
        redis.hset(f"{POOL_PREFIX}live-by-number", "number", "1")
        for route in ROUTES:
            redis.set(f"{POOL_PREFIX}r:{route}", ORIGINAL)
            redis.hset(f"{POOL_PREFIX}live-by-person", route, "1")
        write_copies(system, 2500)
        assert redis.zcard(LIVE) == redis.zcard(f"{LIVE}:number") == 2501
        assert redis.zcount(f"{POOL_PREFIX}deadlines", 7, 7) == 2501
        assert redis.hget(f"{POOL_PREFIX}live-by-number", "number") == "2501"
        assert redis.hlen(f"{POOL_PREFIX}live-by-person") == 2 * 2501
        last = redis.zrange(LIVE, 0, -1)[0]
        assert redis.get(f"{POOL_PREFIX}conversation:{last}") == "a record"
        assert redis.lrange(f"{POOL_PREFIX}timeline:{last}", 0, -1) == ["1", "2"]
        # Per conversation: record, timeline and two routes; besides, three sets and two hashes.
        assert redis.dbsize() == 4 * 2501 + 5
