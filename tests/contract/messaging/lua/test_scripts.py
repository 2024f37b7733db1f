"""advance.lua, and what holds for all scripts, on a real server."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from importlib.resources import files
from typing import cast

import pytest
from contract.messaging.lua.ledger_parts import (
    AGAIN,
    BY_RECEIPT,
    KEEP_MS,
    OTHER,
    REFUSED,
    SENT,
    UNKNOWN,
    Books,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import ResponseError

from messaging_service.ledger.decode import Claimed
from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.ledger.ledger import Ledger
from messaging_service.ledger.uncertain_sends import UncertainSends
from messaging_service.model.errors import BackendUnavailable
from messaging_service.model.message import MessageState, Status
from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from support.clock import ManualClock

# advance.lua


async def test_advance_moved_changes_state_id_and_time_once(
    books: Books, clock: ManualClock
) -> None:
    claimed = clock.now()
    await books.claim()
    clock.move(seconds=1)
    message = await books.settle(SENT, "mdr2-1")
    assert (message.status, message.carrier_message_id) == (SENT, "mdr2-1")
    assert (message.accept_time, message.update_time) == (claimed, clock.now())
    # Kept: it is as far already.
    clock.move(seconds=1)
    assert await books.settle(SENT, "mdr2-1") == message


async def test_advance_kept_a_message_that_another_attempt_has_claimed(books: Books) -> None:
    await books.claim()
    await books.release()
    await books.claim("t2")
    assert (await books.settle(REFUSED)).status.state is MessageState.ACCEPTED


async def test_advance_resolved_an_uncertain_send(books: Books) -> None:
    await books.lose_answer()
    message = await books.moved(1003)
    assert (message.status, message.uncertain_send) == (SENT, None)
    assert message.resolution is BY_RECEIPT
    # A later receipt moves it, and is not counted again.
    assert (await books.moved(1004)).resolution is BY_RECEIPT
    assert books.metrics.resolutions == [BY_RECEIPT]


async def test_advance_moved_a_message_that_is_sent_again_keeps_its_resolution(
    books: Books,
) -> None:
    await books.allow_resend()
    await books.claim("t2")
    message = await books.moved(1003, "t2", "mdr2-2")
    assert (message.status, message.resolution) == (SENT, AGAIN)


async def test_advance_moved_a_message_by_a_late_answer_although_it_is_sent_again(
    books: Books,
) -> None:
    await books.allow_resend()
    await books.claim("t2")
    message = await books.settle(SENT, "mdr2-slow", "t1")
    assert (message.status, message.carrier_message_id) == (SENT, "mdr2-slow")


async def test_advance_kept_a_message_may_still_learn_the_carriers_first_id(books: Books) -> None:
    await books.claim()
    await books.receipt(1004, "t1", "")
    message = await books.settle(SENT, "mdr2-1")
    assert message.status.state is MessageState.DELIVERED
    assert message.carrier_message_id == "mdr2-1"
    assert (await books.moved(1004, "t1", "mdr2-2")).carrier_message_id == "mdr2-1"


async def test_advance_absent_of_a_message_that_is_not_kept(books: Books, redis: Redis) -> None:
    assert await books.ledger.settle("m1", "t1", SENT) is None
    assert await redis.keys() == []


async def test_the_attempt_counts_more_than_the_carriers_id(books: Books) -> None:
    await books.claim()
    await books.settle(SENT, "mdr2-1")
    await books.claim("t2", OTHER)
    assert (await books.moved(1004, "t2")).message_id == "m2"


# All scripts

CODES = [1000, 1002, 1003, 1004, 1005, 1110, 1222, 999, None]


@given(updates=st.lists(st.sampled_from([*CODES, SENT, UNKNOWN, REFUSED]), max_size=8))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_message_never_goes_back_in_whatever_order_updates_come(
    books: Books, redis: Redis, updates: Sequence[int | Status | None]
) -> None:
    await redis.flushall()
    await books.claim()
    states = [MessageState.ACCEPTED]
    for update in updates:
        if update == UNKNOWN:
            message = await books.mark_uncertain()
        elif isinstance(update, Status):
            message = await books.settle(update)
        else:
            message = await books.moved(update)
        states.append(message.status.state)
    ranks = [state.rank for state in states]
    assert ranks == sorted(ranks)
    # Two states of one rank never replace each other.
    moves = [state for at, state in enumerate(states) if at == 0 or states[at - 1] is not state]
    assert len({state.rank for state in moves}) == len(moves)


@pytest.mark.parametrize("retention", [timedelta(hours=72), timedelta(days=30)])
async def test_every_key_of_the_ledger_expires_after_the_retention(
    books: Books, redis: Redis, clock: ManualClock, retention: timedelta
) -> None:
    books.ledger = Ledger(redis, clock, Fingerprints("key"), books.metrics, retention)
    books.uncertain = UncertainSends(redis, clock, books.metrics, retention)
    await books.claim()
    await books.settle(SENT, "mdr2-1")
    await books.lose_answer(OTHER, "t2")
    await books.uncertain.bind_record("m2", "mdr2-2")
    await books.receipt(1004, "", "mdr2-3")
    names = {name.decode() for name in cast("list[bytes]", await redis.keys())}
    assert names == {
        *map(keys.message, ("m1", "m2")),
        *map(keys.attempt, ("t1", "t2")),
        *map(keys.carrier, ("mdr2-1", "mdr2-2")),
        keys.parked("mdr2-3"),
    }
    most = retention // timedelta(milliseconds=1)
    for name in names:
        assert most - 10_000 < await redis.pttl(name) <= most
    # An update extends it.
    await redis.pexpire(keys.message("m1"), 60_000)
    await books.receipt(1004)
    assert await redis.pttl(keys.message("m1")) > KEEP_MS - 10_000


async def test_scripts_that_redis_forgot_are_loaded_again(books: Books, redis: Redis) -> None:
    await redis.script_flush()
    assert await books.claim() == Claimed()
    await redis.script_flush()
    await books.settle(SENT, "mdr2-1")
    assert (await books.moved(1004, "")).message_id == "m1"


async def test_a_server_that_takes_no_writes_is_unavailable(books: Books, redis: Redis) -> None:
    await redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(BackendUnavailable):
            await books.claim()
    finally:
        await redis.config_set("maxmemory", "0")


async def test_one_command_that_fails_does_not_fail_those_that_left_with_it(redis: Redis) -> None:
    scripts = Scripts(redis)
    await redis.set("a-string", "x")
    wrong, right = await asyncio.gather(
        scripts.run(("HGETALL", "a-string")),
        scripts.run(("GET", "a-string")),
        return_exceptions=True,
    )
    assert isinstance(wrong, BackendUnavailable)
    assert isinstance(wrong.__cause__, ResponseError)
    assert right == [b"x"]


def test_every_script_has_a_header_with_its_keys_arguments_and_returns() -> None:
    for path in (files("messaging_service.redis") / "lua").iterdir():
        header, code = path.read_text().split("]]", 1)
        assert header.startswith(f"--[[\n  {path.name.removesuffix('.lua')}: ")
        assert all(word in header for word in ("KEYS", "ARGV", "RETURNS"))
        assert "KEYS[1]" in code
        # Every key comes from the caller.
        assert "maskline" not in code


@given(identifier=st.text(min_size=1, max_size=64))
def test_the_keys_of_two_kinds_or_two_ids_never_meet_and_lie_in_the_slot_of_their_id(
    identifier: str,
) -> None:
    kinds = (keys.message, keys.attempt, keys.carrier, keys.parked)
    names = {kind(name) for kind in kinds for name in (identifier, f"{identifier}}}:message")}
    assert len(names) == len(kinds) * 2
    assert {key_slot(kind("m1").encode()) for kind in kinds} == {key_slot(b"m1")}
