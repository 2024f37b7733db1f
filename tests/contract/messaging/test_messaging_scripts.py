"""What each script promises in its header, row by row, on a real server."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import ResponseError

from messaging_service import keys
from messaging_service.domain import MessageState, Standing, Text
from messaging_service.errors import BackendUnavailable
from messaging_service.fingerprints import Fingerprints
from messaging_service.ledger import (
    KEEP_MS,
    Claimed,
    InProgress,
    Ledger,
    Repeated,
    Reused,
)
from messaging_service.receipts import Receipt
from messaging_service.scripts import Scripts
from support.clock import ManualClock

TEXT = Text("m1", "main", "+12065550100", "+14255550111", "hello")
SENT = Standing(MessageState.SENT)
UNKNOWN = Standing(MessageState.UNKNOWN)
REFUSED = Standing(MessageState.REFUSED, "CARRIER_REFUSED")


@pytest.fixture
def ledger(redis: Redis, clock: ManualClock) -> Ledger:
    """An empty ledger."""
    return Ledger(redis, clock, Fingerprints("key"))


# claim.lua


async def test_claim_claimed_a_text_that_nobody_took(ledger: Ledger) -> None:
    assert await ledger.claim(TEXT, "t1") == Claimed()


async def test_claim_claimed_again_for_the_same_token_since_a_client_may_repeat_itself(
    ledger: Ledger,
) -> None:
    await ledger.claim(TEXT, "t1")
    assert await ledger.claim(TEXT, "t1") == Claimed()


async def test_claim_claimed_a_text_that_was_given_back(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.release("m1", "t1")
    assert await ledger.claim(TEXT, "t2") == Claimed()


async def test_claim_in_progress_tells_who_holds_the_text_and_since_when(
    ledger: Ledger, clock: ManualClock
) -> None:
    taken = clock.now()
    await ledger.claim(TEXT, "t1")
    clock.move(seconds=3)
    assert await ledger.claim(TEXT, "t2") == InProgress("t1", taken)
    # The one that came second has changed nothing.
    assert await ledger.claim(TEXT, "t1") == Claimed()


@pytest.mark.parametrize("standing", [SENT, UNKNOWN, REFUSED])
async def test_claim_repeat_tells_what_became_of_the_text(
    ledger: Ledger, standing: Standing
) -> None:
    await ledger.claim(TEXT, "t1")
    settled = await ledger.settle("m1", "t1", standing)
    assert settled is not None
    assert await ledger.claim(TEXT, "t2") == Repeated(settled)
    assert await ledger.claim(TEXT, "t1") == Repeated(settled)


@pytest.mark.parametrize("settled", [False, True])
async def test_claim_reused_whatever_became_of_the_other_text(
    ledger: Ledger, settled: bool
) -> None:
    await ledger.claim(TEXT, "t1")
    if settled:
        await ledger.settle("m1", "t1", SENT)
    other = Text("m1", "main", "+12065550100", "+14255550111", "another")
    assert await ledger.claim(other, "t1") == Reused()


async def test_claim_reused_even_after_the_text_was_given_back(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.release("m1", "t1")
    other = Text("m1", "other", "+12065550100", "+14255550111", "hello")
    assert await ledger.claim(other, "t2") == Reused()


# release.lua


async def test_release_released_leaves_the_text_accepted(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    assert await ledger.release("m1", "t1") is None
    message = await ledger.get("m1")
    assert message is not None
    assert message.standing.state is MessageState.ACCEPTED


async def test_release_released_does_not_take_the_text_from_another_attempt(
    ledger: Ledger, clock: ManualClock
) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.release("m1", "t1")
    await ledger.claim(TEXT, "t2")
    # The client library may repeat what it has already done.
    assert await ledger.release("m1", "t1") is None
    assert await ledger.claim(TEXT, "t3") == InProgress("t2", clock.now())


async def test_release_released_of_a_text_that_is_not_kept(ledger: Ledger) -> None:
    assert await ledger.release("m1", "t1") is None
    assert await ledger.get("m1") is None


async def test_release_kept_a_text_that_went_further(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    further = await ledger.settle("m1", "t1", UNKNOWN)
    assert further is not None
    assert await ledger.release("m1", "t1") == further


# advance.lua


async def test_advance_moved_changes_state_id_and_time(ledger: Ledger, clock: ManualClock) -> None:
    taken = clock.now()
    await ledger.claim(TEXT, "t1")
    clock.move(seconds=1)
    message = await ledger.settle("m1", "t1", SENT, "mdr2-1")
    assert message is not None
    assert (message.standing, message.carrier_message_id) == (SENT, "mdr2-1")
    assert (message.accept_time, message.update_time) == (taken, clock.now())


async def test_advance_kept_a_text_that_was_as_far(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.claim(TEXT, "t1")
    first = await ledger.settle("m1", "t1", SENT, "mdr2-1")
    clock.move(seconds=1)
    assert await ledger.settle("m1", "t1", SENT, "mdr2-1") == first


async def test_advance_kept_a_text_that_another_attempt_holds(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.release("m1", "t1")
    await ledger.claim(TEXT, "t2")
    message = await ledger.settle("m1", "t1", UNKNOWN, "mdr2-old")
    assert message is not None
    assert message.standing.state is MessageState.ACCEPTED
    assert message.carrier_message_id == ""


async def test_advance_kept_a_text_may_still_learn_the_carriers_id(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    early = await ledger.record(Receipt("", "t1", 1004, ""))
    assert early is not None
    message = await ledger.settle("m1", "t1", SENT, "mdr2-1")
    assert message is not None
    assert message.standing.state is MessageState.DELIVERED
    assert message.carrier_message_id == "mdr2-1"


async def test_advance_absent_of_a_text_that_is_not_kept(ledger: Ledger, redis: Redis) -> None:
    assert await ledger.settle("m1", "t1", SENT) is None
    assert await redis.keys() == []


async def test_the_carriers_first_id_stays(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.settle("m1", "t1", SENT, "mdr2-1")
    message = await ledger.record(Receipt("mdr2-2", "t1", 1004, ""))
    assert message is not None
    assert message.carrier_message_id == "mdr2-1"


async def test_the_token_of_an_attempt_counts_more_than_the_carriers_id(ledger: Ledger) -> None:
    other = Text("m2", "main", "+12065550100", "+14255550122", "hello")
    await ledger.claim(TEXT, "t1")
    await ledger.settle("m1", "t1", SENT, "mdr2-1")
    await ledger.claim(other, "t2")
    message = await ledger.record(Receipt("mdr2-1", "t2", 1004, ""))
    assert message is not None
    assert message.message_id == "m2"


# All of them


NEWS = st.lists(
    st.one_of(
        st.sampled_from([1000, 1002, 1003, 1004, 1005, 1110, 1222, 999, None]),
        st.sampled_from([SENT, UNKNOWN, REFUSED]),
    ),
    max_size=8,
)


@given(news=NEWS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_news_comes_in_whatever_order_a_text_never_goes_back(
    ledger: Ledger, redis: Redis, news: Sequence[int | Standing | None]
) -> None:
    await redis.flushall()
    await ledger.claim(TEXT, "t1")
    states = [MessageState.ACCEPTED]
    for item in news:
        if isinstance(item, Standing):
            message = await ledger.settle("m1", "t1", item)
        else:
            message = await ledger.record(Receipt("mdr2-1", "t1", item, "mislaid"))
        assert message is not None
        states.append(message.standing.state)
    ranks = [state.rank for state in states]
    assert ranks == sorted(ranks)
    # Two of one rank never replace each other.
    moves = [state for at, state in enumerate(states) if at == 0 or states[at - 1] is not state]
    assert len({state.rank for state in moves}) == len(moves)


async def test_whatever_can_be_forgotten_is_after_72_hours(ledger: Ledger, redis: Redis) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.settle("m1", "t1", SENT, "mdr2-1")
    names = cast("list[bytes]", await redis.keys())
    assert {name.decode() for name in names} == {
        keys.message("m1"),
        keys.attempt("t1"),
        keys.carrier("mdr2-1"),
    }
    for name in names:
        assert KEEP_MS - 10_000 < await redis.pttl(name) <= KEEP_MS == 72 * 3600 * 1000


async def test_news_of_a_text_keeps_it_for_another_72_hours(ledger: Ledger, redis: Redis) -> None:
    await ledger.claim(TEXT, "t1")
    assert await redis.pttl(keys.message("m1")) > 60_000
    await redis.pexpire(keys.message("m1"), 60_000)
    await ledger.settle("m1", "t1", SENT)
    assert await redis.pttl(keys.message("m1")) > 60_000


async def test_scripts_that_redis_forgot_are_loaded_again(ledger: Ledger, redis: Redis) -> None:
    await redis.script_flush()
    assert await ledger.claim(TEXT, "t1") == Claimed()
    await redis.script_flush()
    message = await ledger.settle("m1", "t1", SENT, "mdr2-1")
    assert message is not None
    assert await ledger.record(Receipt("mdr2-1", "", 1004, "")) is not None


async def test_a_server_that_takes_no_writes_is_unavailable(ledger: Ledger, redis: Redis) -> None:
    await redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(BackendUnavailable):
            await ledger.claim(TEXT, "t1")
    finally:
        await redis.config_set("maxmemory", "0")


async def test_one_command_that_fails_does_not_fail_those_that_left_with_it(redis: Redis) -> None:
    scripts = Scripts(redis)
    await redis.set("a-string", "x")
    wrong, right = await _together(scripts)
    assert isinstance(wrong, BackendUnavailable)
    assert isinstance(wrong.__cause__, ResponseError)
    assert right == [b"x"]


async def _together(scripts: Scripts) -> tuple[object, object]:
    wrong, right = await asyncio.gather(
        scripts.run(("HGETALL", "a-string")),
        scripts.run(("GET", "a-string")),
        return_exceptions=True,
    )
    return wrong, right


def test_every_script_touches_one_key_and_says_so() -> None:
    for name, source in _sources().items():
        header, code = source.split("]]", 1)
        assert header.startswith(f"--[[\n  {name}: ")
        assert all(word in header for word in ("KEYS", "ARGV", "RETURNS"))
        assert code.count("KEYS[") == 1, name
        assert "KEYS[1]" in code


@given(identifier=st.text(min_size=1, max_size=64))
def test_the_keys_of_two_kinds_or_two_ids_never_meet(identifier: str) -> None:
    kinds = (keys.message, keys.attempt, keys.carrier)
    names = {kind(name) for kind in kinds for name in (identifier, f"{identifier}}}:message")}
    assert len(names) == len(kinds) * 2


def test_a_key_lies_in_the_slot_of_its_own_id() -> None:
    for kind in (keys.message, keys.attempt, keys.carrier):
        assert key_slot(kind("m1").encode()) == key_slot(b"m1")


def _sources() -> Mapping[str, str]:
    lua = files("messaging_service") / "lua"
    return {path.name.removesuffix(".lua"): path.read_text() for path in lua.iterdir()}
