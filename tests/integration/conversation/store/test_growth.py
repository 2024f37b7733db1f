"""What texts and conversations take: of strangers as docs/privacy.md says."""

from datetime import timedelta

from conversation_service.store.keyspace.keys import parse_key
from support.services.conversation_service import RunningService

PEOPLE = [f"+142555501{number:02}" for number in range(64)]
HOUR = timedelta(hours=1)
# Bytes for each text, key and all; measured: 272, 198 and 77.
LIMITS = {timedelta(0): 290.0, 2 * HOUR: 215.0, 26 * HOUR: 85.0}
# Of everybody, however many text.
SHARED = {"outbox", "epoch", "lease", "fence"}

# Bytes of the largest key of a kind, in a conversation in which both have texted.
SIZES = {"conversation": 272, "m": 160, "r": 88, "l": 104}


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


async def test_the_keys_of_a_conversation_and_its_texts_are_small(service: RunningService) -> None:
    alice, bob = PEOPLE[:2]
    await service.open(alice, bob)
    for sender in (alice, bob):
        await service.deliver(sender, "hello")
    sizes = dict.fromkeys(SIZES, 0)
    async for key in service.redis.scan_iter():
        kind = parse_key(key.decode()).kind
        size = int(await service.redis.memory_usage(key, samples=0) or 0)
        sizes[kind] = max(size, sizes.get(kind, 0))
    assert all(0 < sizes[kind] <= size for kind, size in SIZES.items()), sizes
