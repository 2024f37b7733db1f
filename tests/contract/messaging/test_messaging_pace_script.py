"""What the pace's scripts promise in their headers, row by row, on a real server."""

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


class Admissions:
    """Five units a second, five at once, unless a test says otherwise."""

    def __init__(self, redis: Redis) -> None:
        self._scripts = Scripts(redis)

    async def admit(
        self,
        units: int = 1,
        *,
        now: int = NOW,
        unit_us: int = SECOND // 5,
        windows: dict[str, tuple[int, int]] | None = None,
    ) -> list[bytes | int]:
        limits = windows or {}
        return await self._run(
            "admit",
            (BUCKET, *limits),
            *(now, unit_us, max(unit_us, SECOND), units, units, MARGIN_MS),
            *(number for pair in limits.values() for number in pair),
        )

    async def slow_down(
        self, asked: int = SECOND, *, now: int = NOW, most: int = 60 * SECOND
    ) -> list[bytes | int]:
        slack = SECOND - SECOND // 5
        arguments = (now, asked, most, 60 * SECOND, MARGIN_MS, slack)
        return await self._run("slow_down", (BRAKE, BUCKET), *arguments)

    async def _run(self, name: str, on: tuple[str, ...], *arguments: int) -> list[bytes | int]:
        [reply] = await self._scripts.run(self._scripts.call_on(name, on, *arguments))
        return cast("list[bytes | int]", reply)


@pytest.fixture
def pace(redis: Redis) -> Admissions:
    """Nothing was sent yet."""
    return Admissions(redis)


# admit.lua


async def test_admit_admitted_as_many_as_the_burst_holds_and_then_paced(pace: Admissions) -> None:
    for _ in range(5):
        assert await pace.admit() == [b"admitted"]
    assert await pace.admit() == [b"paced", SECOND // 5]


async def test_admit_paced_tells_when_there_is_room(pace: Admissions) -> None:
    await pace.admit(5)
    for late in (1, SECOND // 5 - 1):
        assert await pace.admit(now=NOW + late) == [b"paced", SECOND // 5 - late]
    assert await pace.admit(now=NOW + SECOND // 5) == [b"admitted"]
    assert await pace.admit(now=NOW + SECOND // 5) == [b"paced", SECOND // 5]


async def test_admit_admitted_never_more_in_a_while_than_the_rate_and_one_burst(
    pace: Admissions,
) -> None:
    steps = [NOW + step * SECOND // 20 for step in range(200)]
    admitted = [now for now in steps if await pace.admit(now=now) == [b"admitted"]]
    # Ten seconds without the last step's.
    assert len(admitted) == 5 + 5 * 10 - 1


async def test_admit_admitted_what_is_longer_than_the_burst_and_the_next_waits_for_it(
    pace: Admissions,
) -> None:
    assert await pace.admit(50) == [b"admitted"]
    assert await pace.admit() == [b"paced", (50 - 5 + 1) * SECOND // 5]


async def test_admit_admitted_a_long_text_as_soon_as_a_short_one(pace: Admissions) -> None:
    await pace.admit(4)
    assert await pace.admit(3) == [b"admitted"]
    assert await pace.admit(1) == [b"paced", 3 * SECOND // 5]


@pytest.mark.parametrize("unit_us", [SECOND, 10 * SECOND])
async def test_admit_paced_at_one_a_second_or_less_there_is_one_at_once(
    pace: Admissions, unit_us: int
) -> None:
    assert await pace.admit(unit_us=unit_us) == [b"admitted"]
    assert await pace.admit(unit_us=unit_us) == [b"paced", unit_us]
    assert await pace.admit(unit_us=unit_us, now=NOW + unit_us) == [b"admitted"]


async def test_admit_admitted_after_a_pause_no_more_than_one_burst(pace: Admissions) -> None:
    await pace.admit(5)
    later = NOW + 3600 * SECOND
    for _ in range(5):
        assert await pace.admit(now=later) == [b"admitted"]
    assert await pace.admit(now=later) == [b"paced", SECOND // 5]


async def test_admit_paced_until_the_window_that_is_full_ends(pace: Admissions) -> None:
    windows = {MINUTE: (3, 20 * SECOND)}
    assert await pace.admit(2, windows=windows) == [b"admitted"]
    assert await pace.admit(2, windows=windows) == [b"paced", 20 * SECOND]
    assert await pace.admit(1, windows=windows) == [b"admitted"]


async def test_admit_paced_by_the_longest_of_all_waits(pace: Admissions) -> None:
    windows = {MINUTE: (1, 20 * SECOND), DAY: (1, 5000 * SECOND)}
    await pace.admit(10, windows=windows)
    assert await pace.admit(windows=windows) == [b"paced", 5000 * SECOND]
    assert await pace.admit(windows={MINUTE: (1, SECOND)}) == [b"paced", 6 * SECOND // 5]


async def test_admit_admitted_what_is_larger_than_a_whole_window_into_an_empty_one(
    pace: Admissions,
) -> None:
    windows = {MINUTE: (2, 20 * SECOND)}
    assert await pace.admit(3, windows=windows) == [b"admitted"]
    assert await pace.admit(1, windows=windows) == [b"paced", 20 * SECOND]


async def test_admit_paced_counts_nowhere(pace: Admissions, redis: Redis) -> None:
    windows = {MINUTE: (9, 20 * SECOND), DAY: (5, 5000 * SECOND)}
    await pace.admit(4, windows=windows)
    before = [await redis.get(key) for key in (BUCKET, MINUTE, DAY)]
    assert (await pace.admit(2, windows=windows))[0] == b"paced"
    assert [await redis.get(key) for key in (BUCKET, MINUTE, DAY)] == before
    assert before[1:] == [b"4", b"4"]


async def test_admit_admitted_keeps_every_digit_and_lets_every_key_expire(
    pace: Admissions, redis: Redis
) -> None:
    await pace.admit(5, windows={MINUTE: (9, 20 * SECOND), DAY: (9, 5000 * SECOND)})
    assert await redis.get(BUCKET) == str(NOW + SECOND).encode()
    for key, use_ms in ((BUCKET, 1000), (MINUTE, 20_000), (DAY, 5_000_000)):
        assert 0 < await redis.pttl(key) <= use_ms + MARGIN_MS, key


# slow_down.lua


async def test_slow_down_slowed_stops_everything_for_as_long_as_was_asked(
    pace: Admissions,
) -> None:
    assert await pace.slow_down(3 * SECOND) == [b"slowed", 3 * SECOND]
    assert await pace.admit() == [b"paced", 3 * SECOND]
    assert await pace.admit(now=NOW + 3 * SECOND - 1) == [b"paced", 1]


async def test_slow_down_slowed_begins_again_with_one_unit(pace: Admissions) -> None:
    await pace.slow_down()
    assert await pace.admit(now=NOW + SECOND) == [b"admitted"]
    assert await pace.admit(now=NOW + SECOND) == [b"paced", SECOND // 5]


async def test_slow_down_slowed_twice_as_long_with_each_strike_up_to_the_most(
    pace: Admissions,
) -> None:
    now, spans = NOW, []
    for _ in range(8):
        [_, span] = await pace.slow_down(now=now)
        spans.append(int(span) // SECOND)
        now += int(span)
    assert spans == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_slow_down_slowed_forgets_strikes_after_a_while_without_one(
    pace: Admissions,
) -> None:
    await pace.slow_down()
    await pace.slow_down(now=NOW + SECOND)
    until = NOW + 3 * SECOND
    assert await pace.slow_down(now=until + 60 * SECOND - 1) == [b"slowed", 4 * SECOND]
    until += 64 * SECOND
    assert await pace.slow_down(now=until + 60 * SECOND) == [b"slowed", SECOND]


async def test_slow_down_held_makes_no_strike_of_what_was_under_way(pace: Admissions) -> None:
    await pace.slow_down()
    for _ in range(5):
        assert await pace.slow_down(now=NOW + SECOND // 2, asked=SECOND // 2) == [
            b"held",
            SECOND // 2,
        ]
    assert await pace.slow_down(now=NOW + SECOND) == [b"slowed", 2 * SECOND]


async def test_slow_down_held_for_longer_if_longer_was_asked_but_not_above_the_most(
    pace: Admissions,
) -> None:
    await pace.slow_down()
    assert await pace.slow_down(5 * SECOND) == [b"held", 5 * SECOND]
    assert await pace.slow_down(90 * SECOND) == [b"held", 60 * SECOND]
    assert await pace.admit() == [b"paced", 60 * SECOND]


async def test_slow_down_slowed_never_forgives_what_a_bucket_owes(pace: Admissions) -> None:
    await pace.admit(50)
    await pace.slow_down()
    assert await pace.admit() == [b"paced", (50 - 5 + 1) * SECOND // 5]


async def test_slow_down_slowed_lets_every_key_expire(pace: Admissions, redis: Redis) -> None:
    await pace.slow_down(60 * SECOND)
    assert await redis.hget(BRAKE, "until_us") == str(NOW + 60 * SECOND).encode()
    assert 60_000 < await redis.pttl(BRAKE) <= 120_000 + MARGIN_MS
    assert 0 < await redis.pttl(BUCKET) <= 61_000 + MARGIN_MS


def test_all_that_one_text_is_counted_under_lies_in_one_slot() -> None:
    counted = (BRAKE, BUCKET, MINUTE, DAY, keys.rate("mms"), keys.budget("day", 1, "a{b}:c"))
    assert len({key_slot(key.encode()) for key in counted}) == 1


def test_no_two_pools_share_a_budget_whatever_their_names() -> None:
    assert keys.budget("day", 1, "1:main") != keys.budget("day", 11, "main")
    assert keys.budget("day", 1, "main") != keys.budget("minute", 1, "main")
