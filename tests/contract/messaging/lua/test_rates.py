"""The scripts of the rate limiter: each row of their headers, on a real server.

Units take minutes, so that the time that passes during a test does not count.
"""

from datetime import timedelta
from typing import cast

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from support.rate_time import pass_rate_time

SECOND = 1_000_000
UNIT = 100 * SECOND
DAY = 86_400 * SECOND
LONGEST = 1000 * UNIT
KEEP_TURN = 10 * SECOND
MARGIN_MS = 1000
# More than any machine takes for a few calls.
SLACK = 30 * SECOND

BUCKET = keys.rate("sms")
BRAKE = keys.brake("messages")
TURNS, WAITING = keys.turns("sms"), keys.waiting("sms")
BUDGET = keys.budget("day", "main")
Reply = list[bytes | int]
ACQUIRED: Reply = [b"acquired", 0]


class RateScripts:
    """Calls of the scripts."""

    def __init__(self, redis: Redis) -> None:
        self._scripts = Scripts(redis)
        self._redis = redis
        self.early_us = 0

    async def acquire(
        self,
        units: int = 1,
        pool: str = "main",
        *,
        limit: int = 0,
        early: int = 0,
        longest: int = LONGEST,
    ) -> Reply:
        windows = {keys.budget("day", pool): (limit, DAY)} if limit else {}
        arguments = (UNIT, early, longest, units, pool, KEEP_TURN, MARGIN_MS)
        numbers = (number for pair in windows.values() for number in pair)
        on = (BUCKET, BRAKE, TURNS, WAITING, *windows)
        reply = await self._run("acquire_rate", on, *arguments, *numbers)
        self.early_us = int(reply[-1])
        return reply[:2]

    async def refund(self, units: int, segments: int) -> Reply:
        arguments = (UNIT, units, segments, MARGIN_MS, DAY)
        return await self._run("refund_rate", (BUCKET, BUDGET), *arguments)

    async def penalise(self, requested: int = UNIT, most: int = LONGEST) -> Reply:
        arguments = (requested, most, 900_000, 100_000, 600_000)
        return await self._run("penalise_rate", (BRAKE,), *arguments)

    async def recover(self, back_ppm: int = 5_000) -> Reply:
        return await self._run("recover_rate", (BRAKE,), back_ppm, 990_000)

    async def wait(self, units: int = 1, pool: str = "main", *, limit: int = 0) -> int:
        """The time of a reply "wait"."""
        [outcome, wait_us] = await self.acquire(units, pool, limit=limit)
        assert outcome == b"wait"
        return int(wait_us)

    async def passes(self, us: int) -> None:
        await pass_rate_time(self._redis, timedelta(microseconds=us))

    async def share_ppm(self) -> int:
        return int(await self._redis.hget(BRAKE, "share_ppm") or 1_000_000)

    async def _run(self, name: str, on: tuple[str, ...], *arguments: int | str) -> Reply:
        [reply] = await self._scripts.run(self._scripts.call_on(name, on, *arguments))
        return cast("Reply", reply)


@pytest.fixture
def rates(redis: Redis) -> RateScripts:
    """No unit was used yet."""
    return RateScripts(redis)


def is_about(wait_us: int, expected_us: int) -> bool:
    return expected_us - SLACK < wait_us <= expected_us


# acquire_rate.lua


async def test_acquire_rate_acquired_one_unit_at_a_time_also_after_a_pause(
    rates: RateScripts,
) -> None:
    assert await rates.acquire() == ACQUIRED
    assert is_about(await rates.wait(), UNIT)
    await rates.passes(UNIT)
    assert await rates.acquire() == ACQUIRED
    await rates.passes(1000 * UNIT)
    assert await rates.acquire() == ACQUIRED
    assert is_about(await rates.wait(), UNIT)


async def test_acquire_rate_acquired_before_its_time_and_the_next_not_earlier_for_it(
    rates: RateScripts,
) -> None:
    await rates.acquire()
    assert rates.early_us == 0
    assert await rates.acquire(early=UNIT) == ACQUIRED
    assert is_about(rates.early_us, UNIT)
    assert is_about(await rates.wait(), 2 * UNIT)


async def test_acquire_rate_wait_until_all_units_of_a_long_message_are_over(
    rates: RateScripts,
) -> None:
    assert await rates.acquire(50) == ACQUIRED
    assert is_about(await rates.wait(), 50 * UNIT)
    assert await rates.acquire(longest=UNIT) == [b"wait", UNIT]


async def test_acquire_rate_wait_until_a_full_window_ends_and_counts_nowhere(
    rates: RateScripts, redis: Redis
) -> None:
    assert await rates.acquire(2, limit=3) == ACQUIRED
    await rates.passes(2 * UNIT)
    before = [await redis.get(BUCKET), await redis.hgetall(BUDGET)]
    assert 0 < await rates.wait(2, limit=3) <= DAY
    assert [await redis.get(BUCKET), await redis.hgetall(BUDGET)] == before
    assert await rates.acquire(1, limit=3) == ACQUIRED
    await rates.passes(DAY)
    # An empty window has room for any message.
    assert await rates.acquire(9, limit=3) == ACQUIRED
    assert await redis.hget(BUDGET, "sent") == b"9"


async def test_acquire_rate_acquired_lets_every_key_expire(
    rates: RateScripts, redis: Redis
) -> None:
    await rates.acquire(2, limit=9)
    await rates.wait()
    await rates.wait(pool="other")
    for key, use_us in ((BUCKET, 2 * UNIT), (BUDGET, DAY), (TURNS, LONGEST), (WAITING, LONGEST)):
        assert 0 < await redis.pttl(key) <= use_us // 1000 + KEEP_TURN // 1000 + MARGIN_MS, key


async def test_acquire_rate_wait_takes_turns_between_pools_by_what_they_took(
    rates: RateScripts,
) -> None:
    await rates.acquire()
    order = []
    for _ in range(24):
        for pool, units in (("long", 10), ("short", 1)):
            if await rates.acquire(units, pool) == ACQUIRED:
                order.append(pool)
                break
        await rates.wait(pool="long")
        await rates.wait(pool="short")
        await rates.passes(10 * UNIT if order and order[-1] == "long" else UNIT)
    # Ten short messages cost as much as a long one.
    assert order.count("long") == 3


async def test_acquire_rate_wait_only_as_long_as_the_other_pool_keeps_its_turn(
    rates: RateScripts,
) -> None:
    await rates.acquire()
    await rates.wait(pool="dead")
    await rates.wait(pool="alive")
    await rates.passes(UNIT)
    assert await rates.acquire(pool="alive") == ACQUIRED
    await rates.wait(pool="dead")
    await rates.passes(UNIT)
    # It is the other's turn.
    assert is_about(await rates.wait(pool="alive"), UNIT)
    await rates.passes(KEEP_TURN)
    assert await rates.acquire(pool="alive") == ACQUIRED


async def test_acquire_rate_wait_for_a_budget_keeps_no_turn(rates: RateScripts) -> None:
    await rates.acquire(limit=1)
    await rates.wait(limit=1)
    await rates.wait(pool="other")
    await rates.passes(UNIT)
    assert await rates.acquire(pool="other") == ACQUIRED
    await rates.passes(UNIT)
    assert await rates.acquire(pool="other") == ACQUIRED


# refund_rate.lua


async def test_refund_rate_refunded_in_the_bucket_and_the_current_window(
    rates: RateScripts, redis: Redis
) -> None:
    await rates.acquire(143, limit=200)
    assert await rates.refund(142, 143) == [b"refunded"]
    assert is_about(await rates.wait(), UNIT)
    assert await redis.hget(BUDGET, "sent") == b"0"
    await rates.acquire()
    assert await rates.refund(500, 500) == [b"refunded"]
    assert await rates.acquire() == ACQUIRED
    assert await redis.hget(BUDGET, "sent") == b"0"


async def test_refund_rate_refunded_nothing_in_a_window_that_has_ended(
    rates: RateScripts, redis: Redis
) -> None:
    await rates.acquire(5, limit=9)
    await rates.passes(DAY)
    await rates.refund(4, 5)
    assert await redis.hget(BUDGET, "sent") == b"5"


# penalise_rate.lua and recover_rate.lua


async def test_penalise_rate_penalised_stops_and_then_slows_down(rates: RateScripts) -> None:
    assert await rates.penalise(3 * UNIT) == [b"penalised", 3 * UNIT]
    assert is_about(await rates.wait(), 3 * UNIT)
    await rates.passes(3 * UNIT)
    assert await rates.acquire() == [b"acquired", 1]
    assert UNIT < await rates.wait() <= UNIT * 10 // 9 + 1


async def test_penalise_rate_penalised_longer_and_slower_up_to_the_limits(
    rates: RateScripts,
) -> None:
    spans = []
    for _ in range(30):
        [outcome, span] = await rates.penalise(most=60 * UNIT)
        assert outcome == b"penalised"
        spans.append(int(span) // UNIT)
        await rates.passes(int(span))
    assert spans[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert await rates.share_ppm() == 100_000


async def test_penalise_rate_in_force_counts_no_strike_and_is_extended_up_to_the_limit(
    rates: RateScripts,
) -> None:
    await rates.penalise()
    for requested, span in ((UNIT // 10, UNIT), (5 * UNIT, 5 * UNIT), (90 * UNIT, 60 * UNIT)):
        [outcome, span_us] = await rates.penalise(requested, most=60 * UNIT)
        assert outcome == b"in_force"
        assert is_about(int(span_us), span)
    assert await rates.share_ppm() == 900_000
    await rates.passes(60 * UNIT)
    assert await rates.penalise() == [b"penalised", 2 * UNIT]


async def test_recover_rate_slowed_forgets_strikes_and_raises_the_share(
    rates: RateScripts,
) -> None:
    await rates.penalise()
    assert await rates.recover() == [b"slowed"]
    assert await rates.share_ppm() == 900_000, "sending is stopped"
    await rates.passes(UNIT)
    assert await rates.recover() == [b"slowed"]
    assert await rates.share_ppm() == 900_500
    assert await rates.penalise() == [b"penalised", UNIT]


async def test_recover_rate_slowed_while_stopped_forgets_strikes(rates: RateScripts) -> None:
    for _ in range(3):
        assert await rates.penalise() == [b"penalised", UNIT]
        assert await rates.recover() == [b"slowed"]
        assert is_about(await rates.wait(), UNIT)
        await rates.passes(UNIT)


async def test_recover_rate_whole_with_enough_successes(rates: RateScripts) -> None:
    assert await rates.recover() == [b"whole"]
    await rates.penalise()
    await rates.passes(UNIT)
    replies = [await rates.recover() for _ in range(470)]
    assert replies[400] == [b"slowed"]
    assert replies[-1] == [b"whole"]
    assert await rates.acquire() == ACQUIRED


async def test_penalise_rate_penalised_lets_the_brake_expire(
    rates: RateScripts, redis: Redis
) -> None:
    await rates.penalise(60 * SECOND)
    assert 600_000 < await redis.pttl(BRAKE) <= 660_000


def test_rate_keys_are_in_one_slot_and_no_two_pools_share_a_budget() -> None:
    counted = (BRAKE, BUCKET, TURNS, WAITING, BUDGET, keys.rate("mms"), keys.budget("day", "a{b}"))
    assert len({key_slot(key.encode()) for key in counted}) == 1
    assert keys.budget("day", "main") != keys.budget("minute", "main")
