"""The scripts of the rate limiter: each row of their headers, on a real server."""

from typing import cast

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts

SECOND = 1_000_000
# In 2027, in microseconds: more digits than some ways of writing a number keep.
NOW = 1_800_000_000_123_456
MARGIN_MS = 1000

BUCKET = keys.rate("sms")
MINUTE = keys.budget("minute", 30_000_000, "main")
DAY = keys.budget("day", 20_833, "main")
BRAKE = keys.brake()


class RateScripts:
    """Five units a second, five at once, unless a test says otherwise."""

    def __init__(self, redis: Redis) -> None:
        self._scripts = Scripts(redis)

    async def acquire(
        self,
        units: int = 1,
        *,
        now: int = NOW,
        unit_us: int = SECOND // 5,
        windows: dict[str, tuple[int, int]] | None = None,
    ) -> list[bytes | int]:
        limits = windows or {}
        return await self._run(
            "acquire_rate",
            (BUCKET, *limits),
            *(now, unit_us, max(unit_us, SECOND), units, units, MARGIN_MS),
            *(number for pair in limits.values() for number in pair),
        )

    async def penalise(
        self, requested: int = SECOND, *, now: int = NOW, most: int = 60 * SECOND
    ) -> list[bytes | int]:
        slack = SECOND - SECOND // 5
        arguments = (now, requested, most, 60 * SECOND, MARGIN_MS, slack)
        return await self._run("penalise_rate", (BRAKE, BUCKET), *arguments)

    async def _run(self, name: str, on: tuple[str, ...], *arguments: int) -> list[bytes | int]:
        [reply] = await self._scripts.run(self._scripts.call_on(name, on, *arguments))
        return cast("list[bytes | int]", reply)


@pytest.fixture
def rates(redis: Redis) -> RateScripts:
    """Nothing was sent yet."""
    return RateScripts(redis)


# acquire_rate.lua


async def test_acquire_rate_acquired_as_many_as_the_burst_allows_and_then_wait(
    rates: RateScripts,
) -> None:
    # After a pause there is no more than one burst.
    for now in (NOW, NOW + 3600 * SECOND):
        for _ in range(5):
            assert await rates.acquire(now=now) == [b"acquired"]
        assert await rates.acquire(now=now) == [b"wait", SECOND // 5]


async def test_acquire_rate_wait_is_the_time_until_there_is_room(rates: RateScripts) -> None:
    await rates.acquire(5)
    for late in (1, SECOND // 5 - 1):
        assert await rates.acquire(now=NOW + late) == [b"wait", SECOND // 5 - late]
    assert await rates.acquire(now=NOW + SECOND // 5) == [b"acquired"]
    assert await rates.acquire(now=NOW + SECOND // 5) == [b"wait", SECOND // 5]


async def test_acquire_rate_acquired_never_more_in_a_while_than_the_rate_and_one_burst(
    rates: RateScripts,
) -> None:
    steps = [NOW + step * SECOND // 20 for step in range(200)]
    admitted = [now for now in steps if await rates.acquire(now=now) == [b"acquired"]]
    # Ten seconds without the last step's.
    assert len(admitted) == 5 + 5 * 10 - 1


async def test_acquire_rate_acquired_what_is_longer_than_the_burst_and_the_next_waits_for_it(
    rates: RateScripts,
) -> None:
    assert await rates.acquire(50) == [b"acquired"]
    assert await rates.acquire() == [b"wait", (50 - 5 + 1) * SECOND // 5]


@pytest.mark.parametrize("unit_us", [SECOND, 10 * SECOND])
async def test_acquire_rate_wait_at_one_per_second_or_less_the_burst_is_one(
    rates: RateScripts, unit_us: int
) -> None:
    assert await rates.acquire(unit_us=unit_us) == [b"acquired"]
    assert await rates.acquire(unit_us=unit_us) == [b"wait", unit_us]
    assert await rates.acquire(unit_us=unit_us, now=NOW + unit_us) == [b"acquired"]


async def test_acquire_rate_wait_until_the_window_that_is_full_ends(rates: RateScripts) -> None:
    windows = {MINUTE: (3, 20 * SECOND)}
    assert await rates.acquire(2, windows=windows) == [b"acquired"]
    assert await rates.acquire(2, windows=windows) == [b"wait", 20 * SECOND]
    assert await rates.acquire(1, windows=windows) == [b"acquired"]


async def test_acquire_rate_wait_by_the_longest_of_all_waits(rates: RateScripts) -> None:
    windows = {MINUTE: (1, 20 * SECOND), DAY: (1, 5000 * SECOND)}
    await rates.acquire(10, windows=windows)
    assert await rates.acquire(windows=windows) == [b"wait", 5000 * SECOND]
    assert await rates.acquire(windows={MINUTE: (1, SECOND)}) == [b"wait", 6 * SECOND // 5]


async def test_acquire_rate_acquired_what_is_larger_than_a_whole_window_into_an_empty_one(
    rates: RateScripts,
) -> None:
    windows = {MINUTE: (2, 20 * SECOND)}
    assert await rates.acquire(3, windows=windows) == [b"acquired"]
    assert await rates.acquire(1, windows=windows) == [b"wait", 20 * SECOND]


async def test_acquire_rate_wait_counts_nowhere(rates: RateScripts, redis: Redis) -> None:
    windows = {MINUTE: (9, 20 * SECOND), DAY: (5, 5000 * SECOND)}
    await rates.acquire(4, windows=windows)
    before = [await redis.get(key) for key in (BUCKET, MINUTE, DAY)]
    assert (await rates.acquire(2, windows=windows))[0] == b"wait"
    assert [await redis.get(key) for key in (BUCKET, MINUTE, DAY)] == before
    assert before[1:] == [b"4", b"4"]


async def test_acquire_rate_acquired_keeps_every_digit_and_lets_every_key_expire(
    rates: RateScripts, redis: Redis
) -> None:
    await rates.acquire(5, windows={MINUTE: (9, 20 * SECOND), DAY: (9, 5000 * SECOND)})
    assert await redis.get(BUCKET) == str(NOW + SECOND).encode()
    for key, use_ms in ((BUCKET, 1000), (MINUTE, 20_000), (DAY, 5_000_000)):
        assert 0 < await redis.pttl(key) <= use_ms + MARGIN_MS, key


# penalise_rate.lua


async def test_penalise_rate_penalised_blocks_for_the_requested_time(rates: RateScripts) -> None:
    assert await rates.penalise(3 * SECOND) == [b"penalised", 3 * SECOND]
    assert await rates.acquire() == [b"wait", 3 * SECOND]
    assert await rates.acquire(now=NOW + 3 * SECOND - 1) == [b"wait", 1]
    # It begins again with one unit.
    assert await rates.acquire(now=NOW + 3 * SECOND) == [b"acquired"]
    assert await rates.acquire(now=NOW + 3 * SECOND) == [b"wait", SECOND // 5]


async def test_penalise_rate_penalised_twice_as_long_with_each_strike_up_to_the_most(
    rates: RateScripts,
) -> None:
    now, spans = NOW, []
    for _ in range(8):
        [_, span] = await rates.penalise(now=now)
        spans.append(int(span) // SECOND)
        now += int(span)
    assert spans == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_penalise_rate_penalised_forgets_strikes_after_a_while_without_one(
    rates: RateScripts,
) -> None:
    await rates.penalise()
    await rates.penalise(now=NOW + SECOND)
    until = NOW + 3 * SECOND
    assert await rates.penalise(now=until + 60 * SECOND - 1) == [b"penalised", 4 * SECOND]
    until += 64 * SECOND
    assert await rates.penalise(now=until + 60 * SECOND) == [b"penalised", SECOND]


async def test_penalise_rate_in_force_does_not_count_concurrent_answers(rates: RateScripts) -> None:
    await rates.penalise()
    for _ in range(5):
        assert await rates.penalise(now=NOW + SECOND // 2, requested=SECOND // 2) == [
            b"in_force",
            SECOND // 2,
        ]
    assert await rates.penalise(now=NOW + SECOND) == [b"penalised", 2 * SECOND]
    # A longer time that is requested extends it, up to the limit.
    for requested, span in ((5, 5), (90, 60)):
        in_force = await rates.penalise(requested * SECOND, now=NOW + SECOND)
        assert in_force == [b"in_force", span * SECOND]
    assert await rates.acquire(now=NOW + SECOND) == [b"wait", 60 * SECOND]


async def test_penalise_rate_penalised_never_shortens_a_wait(rates: RateScripts) -> None:
    await rates.acquire(50)
    await rates.penalise()
    assert await rates.acquire() == [b"wait", (50 - 5 + 1) * SECOND // 5]


async def test_penalise_rate_penalised_lets_every_key_expire(
    rates: RateScripts, redis: Redis
) -> None:
    await rates.penalise(60 * SECOND)
    assert await redis.hget(BRAKE, "until_us") == str(NOW + 60 * SECOND).encode()
    assert 60_000 < await redis.pttl(BRAKE) <= 120_000 + MARGIN_MS
    assert 0 < await redis.pttl(BUCKET) <= 61_000 + MARGIN_MS


def test_all_rate_keys_are_in_one_slot() -> None:
    counted = (BRAKE, BUCKET, MINUTE, DAY, keys.rate("mms"), keys.budget("day", 1, "a{b}:c"))
    assert len({key_slot(key.encode()) for key in counted}) == 1


def test_no_two_pools_share_a_budget_whatever_their_names() -> None:
    assert keys.budget("day", 1, "1:main") != keys.budget("day", 11, "main")
    assert keys.budget("day", 1, "main") != keys.budget("minute", 1, "main")
