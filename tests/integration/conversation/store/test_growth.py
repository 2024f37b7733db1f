"""What the texts of strangers leave behind, as docs/privacy.md says."""

from datetime import timedelta

from conversation_service.store.keyspace.keys import parse_key
from support.services.conversation_service import RunningService

PEOPLE = [f"+142555501{number:02}" for number in range(64)]
HOUR = timedelta(hours=1)
# Bytes for each text, key and all; measured: 420, 283 and 89.
LIMITS = {timedelta(0): 450.0, 2 * HOUR: 300.0, 26 * HOUR: 95.0}
# Of everybody, however many text.
SHARED = {"outbox", "epoch", "lease", "fence"}


async def bytes_kept(service: RunningService, longer_than: timedelta) -> int:
    """The size of all keys that are of one text or person, and live longer."""
    total, redis = 0, service.redis
    async for key in redis.scan_iter(count=1000):
        ttl = timedelta(milliseconds=await redis.pttl(key))
        if ttl > longer_than and parse_key(key.decode()).kind not in SHARED:
            total += int(await redis.memory_usage(key, samples=0) or 0)
    return total


async def text_all(service: RunningService, body: str) -> None:
    await service.receive(*(service.text(number, body) for number in PEOPLE))
    await service.quiet()


async def test_a_strangers_text_leaves_little_and_most_of_it_not_for_long(
    service: RunningService,
) -> None:
    await text_all(service, "who is this?")
    for longer_than, limit in LIMITS.items():
        assert await bytes_kept(service, longer_than) / len(PEOPLE) < limit, longer_than
    before = await bytes_kept(service, timedelta(0))
    await text_all(service, "hello? who is this?")
    # Muted: only that it was received is kept.
    assert (await bytes_kept(service, timedelta(0)) - before) / len(PEOPLE) < LIMITS[26 * HOUR]
