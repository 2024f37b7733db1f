"""The scripts of the rate limiter: each row of their headers, on a real server."""

from typing import cast

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts

SECOND = 1_000_000
# Five units a second, five at once.
UNIT = SECOND // 5
# In 2027, in microseconds: more digits than some ways of writing a number keep.
NOW = 1_800_000_000_123_456
MARGIN_MS = 1000

BUCKET = keys.rate("sms")
MINUTE = keys.budget("minute", 30_000_000, "main")
DAY = keys.budget("day", 20_833, "main")
BRAKE = keys.brake()
Windows = dict[str, tuple[int, int]]
Reply = list[bytes | int]
Call = tuple[int, int, Windows, Reply]


class RateScripts:
    """Calls of the two scripts at times after NOW."""

    def __init__(self, redis: Redis) -> None:
        self._scripts = Scripts(redis)

    async def acquire(
        self, units: int = 1, after: int = 0, windows: Windows | None = None, unit_us: int = UNIT
    ) -> Reply:
        limits = windows or {}
        bucket = (NOW + after, unit_us, max(unit_us, SECOND), units, units, MARGIN_MS)
        numbers = (number for pair in limits.values() for number in pair)
        return await self._run("acquire_rate", (BUCKET, *limits), *bucket, *numbers)

    async def penalise(self, requested: int = SECOND, after: int = 0) -> Reply:
        arguments = (NOW + after, requested, 60 * SECOND, 60 * SECOND, MARGIN_MS, SECOND - UNIT)
        return await self._run("penalise_rate", (BRAKE, BUCKET), *arguments)

    async def _run(self, name: str, on: tuple[str, ...], *arguments: int) -> Reply:
        [reply] = await self._scripts.run(self._scripts.call_on(name, on, *arguments))
        return cast("Reply", reply)


@pytest.fixture
def rates(redis: Redis) -> RateScripts:
    """No unit was used yet."""
    return RateScripts(redis)


ACQUIRED: Reply = [b"acquired"]
BURST: list[Call] = [(1, 0, {}, ACQUIRED)] * 5
LATER = 3600 * SECOND


@pytest.mark.parametrize(
    "calls",
    {
        "as many as the burst allows, also after a pause": [
            *BURST,
            (1, 0, {}, [b"wait", UNIT]),
            *((1, LATER, {}, ACQUIRED) for _ in range(5)),
            (1, LATER, {}, [b"wait", UNIT]),
        ],
        "the wait is the time until there is room": [
            (5, 0, {}, ACQUIRED),
            (1, 1, {}, [b"wait", UNIT - 1]),
            (1, UNIT - 1, {}, [b"wait", 1]),
            (1, UNIT, {}, ACQUIRED),
            (1, UNIT, {}, [b"wait", UNIT]),
        ],
        "more than the burst, and the next waits for it": [
            (50, 0, {}, ACQUIRED),
            (1, 0, {}, [b"wait", (50 - 5 + 1) * UNIT]),
        ],
        "the wait lasts until the window that is full ends": [
            (2, 0, {MINUTE: (3, 20 * SECOND)}, ACQUIRED),
            (2, 0, {MINUTE: (3, 20 * SECOND)}, [b"wait", 20 * SECOND]),
            (1, 0, {MINUTE: (3, 20 * SECOND)}, ACQUIRED),
        ],
        "the wait is the longest of all waits": [
            (10, 0, {MINUTE: (1, 20 * SECOND), DAY: (1, 5000 * SECOND)}, ACQUIRED),
            (1, 0, {MINUTE: (1, 20 * SECOND), DAY: (1, LATER)}, [b"wait", LATER]),
            (1, 0, {MINUTE: (1, SECOND)}, [b"wait", 6 * UNIT]),
        ],
        "more than a whole window into an empty one": [
            (3, 0, {MINUTE: (2, 20 * SECOND)}, ACQUIRED),
            (1, 0, {MINUTE: (2, 20 * SECOND)}, [b"wait", 20 * SECOND]),
        ],
    }.items(),
    ids=lambda row: row[0],
)
async def test_acquire_rate_acquired_and_wait(
    rates: RateScripts, calls: tuple[str, list[Call]]
) -> None:
    for at, (units, after, windows, reply) in enumerate(calls[1]):
        assert await rates.acquire(units, after, windows) == reply, at


async def test_acquire_rate_acquired_never_more_in_a_while_than_the_rate_and_one_burst(
    rates: RateScripts,
) -> None:
    times = [step * SECOND // 20 for step in range(200)]
    admitted = [after for after in times if await rates.acquire(after=after) == ACQUIRED]
    # Ten seconds without the last step's.
    assert len(admitted) == 5 + 5 * 10 - 1


@pytest.mark.parametrize("unit_us", [SECOND, 10 * SECOND])
async def test_acquire_rate_wait_at_one_per_second_or_less_the_burst_is_one(
    rates: RateScripts, unit_us: int
) -> None:
    assert await rates.acquire(unit_us=unit_us) == ACQUIRED
    assert await rates.acquire(unit_us=unit_us) == [b"wait", unit_us]
    assert await rates.acquire(unit_us=unit_us, after=unit_us) == ACQUIRED


async def test_acquire_rate_wait_counts_nowhere(rates: RateScripts, redis: Redis) -> None:
    windows = {MINUTE: (9, 20 * SECOND), DAY: (5, 5000 * SECOND)}
    await rates.acquire(4, 0, windows)
    before = [await redis.get(key) for key in (BUCKET, MINUTE, DAY)]
    assert (await rates.acquire(2, 0, windows))[0] == b"wait"
    assert [await redis.get(key) for key in (BUCKET, MINUTE, DAY)] == before
    assert before[1:] == [b"4", b"4"]


async def test_acquire_rate_acquired_keeps_every_digit_and_lets_every_key_expire(
    rates: RateScripts, redis: Redis
) -> None:
    await rates.acquire(5, 0, {MINUTE: (9, 20 * SECOND), DAY: (9, 5000 * SECOND)})
    assert await redis.get(BUCKET) == str(NOW + SECOND).encode()
    for key, use_ms in ((BUCKET, 1000), (MINUTE, 20_000), (DAY, 5_000_000)):
        assert 0 < await redis.pttl(key) <= use_ms + MARGIN_MS, key


# penalise_rate.lua


async def test_penalise_rate_penalised_blocks_for_the_requested_time(rates: RateScripts) -> None:
    assert await rates.penalise(3 * SECOND) == [b"penalised", 3 * SECOND]
    assert await rates.acquire() == [b"wait", 3 * SECOND]
    assert await rates.acquire(after=3 * SECOND - 1) == [b"wait", 1]
    # It begins again with one unit.
    assert await rates.acquire(after=3 * SECOND) == ACQUIRED
    assert await rates.acquire(after=3 * SECOND) == [b"wait", UNIT]


async def test_penalise_rate_penalised_twice_as_long_with_each_strike_up_to_the_most(
    rates: RateScripts,
) -> None:
    after, spans = 0, []
    for _ in range(8):
        [_, span] = await rates.penalise(after=after)
        spans.append(int(span) // SECOND)
        after += int(span)
    assert spans == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_penalise_rate_penalised_forgets_strikes_after_a_while_without_one(
    rates: RateScripts,
) -> None:
    await rates.penalise()
    await rates.penalise(after=SECOND)
    assert await rates.penalise(after=63 * SECOND - 1) == [b"penalised", 4 * SECOND]
    assert await rates.penalise(after=127 * SECOND) == [b"penalised", SECOND]


async def test_penalise_rate_in_force_counts_no_strike_and_is_extended_up_to_the_limit(
    rates: RateScripts,
) -> None:
    await rates.penalise()
    for _ in range(5):
        in_force = await rates.penalise(SECOND // 2, after=SECOND // 2)
        assert in_force == [b"in_force", SECOND // 2]
    assert await rates.penalise(after=SECOND) == [b"penalised", 2 * SECOND]
    for requested, span in ((5, 5), (90, 60)):
        in_force = await rates.penalise(requested * SECOND, after=SECOND)
        assert in_force == [b"in_force", span * SECOND]
    assert await rates.acquire(after=SECOND) == [b"wait", 60 * SECOND]


async def test_penalise_rate_penalised_never_shortens_a_wait(rates: RateScripts) -> None:
    await rates.acquire(50)
    await rates.penalise()
    assert await rates.acquire() == [b"wait", (50 - 5 + 1) * UNIT]


async def test_penalise_rate_penalised_lets_every_key_expire(
    rates: RateScripts, redis: Redis
) -> None:
    await rates.penalise(60 * SECOND)
    assert await redis.hget(BRAKE, "until_us") == str(NOW + 60 * SECOND).encode()
    assert 60_000 < await redis.pttl(BRAKE) <= 120_000 + MARGIN_MS
    assert 0 < await redis.pttl(BUCKET) <= 61_000 + MARGIN_MS


def test_rate_keys_are_in_one_slot_and_no_two_pools_share_a_budget() -> None:
    counted = (BRAKE, BUCKET, MINUTE, DAY, keys.rate("mms"), keys.budget("day", 1, "a{b}:c"))
    assert len({key_slot(key.encode()) for key in counted}) == 1
    assert keys.budget("day", 1, "1:main") != keys.budget("day", 11, "main")
    assert keys.budget("day", 1, "main") != keys.budget("minute", 1, "main")
