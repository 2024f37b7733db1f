"""advance.lua, and what holds for all scripts, on a real server."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib.resources import files
from typing import cast

import pytest
from contract.messaging.lua.ledger_parts import (
    AGAIN,
    KEEP_MS,
    OTHER,
    REFUSED,
    SENT,
    TEXT,
    UNKNOWN,
    RememberingMetrics,
    existing,
    lost_answer,
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
from messaging_service.model.message import MessageRecord, MessageState, Status, UnknownResolution
from messaging_service.model.receipt import Receipt
from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from support.clock import ManualClock

# advance.lua


async def test_advance_moved_changes_state_id_and_time(ledger: Ledger, clock: ManualClock) -> None:
    taken = clock.now()
    await ledger.claim(TEXT, "t1")
    clock.move(seconds=1)
    message = existing(await ledger.settle("m1", "t1", SENT, "mdr2-1"))
    assert (message.status, message.carrier_message_id) == (SENT, "mdr2-1")
    assert (message.accept_time, message.update_time) == (taken, clock.now())


async def test_advance_kept_a_message_that_was_as_far(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.claim(TEXT, "t1")
    first = await ledger.settle("m1", "t1", SENT, "mdr2-1")
    clock.move(seconds=1)
    assert await ledger.settle("m1", "t1", SENT, "mdr2-1") == first


async def test_advance_kept_a_message_that_another_attempt_has_claimed(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.release("m1", "t1")
    await ledger.claim(TEXT, "t2")
    message = existing(await ledger.settle("m1", "t1", REFUSED))
    assert message.status.state is MessageState.ACCEPTED


async def test_advance_resolved_an_uncertain_send(
    ledger: Ledger, metrics: RememberingMetrics
) -> None:
    await lost_answer(ledger)
    message = existing(await ledger.record_receipt(Receipt("mdr2-1", "", 1003, ""), "t1"))
    assert (message.status, message.uncertain_send) == (SENT, None)
    assert message.resolution is UnknownResolution.RECEIPT
    # What comes later moves it, and is counted no more.
    later = existing(await ledger.record_receipt(Receipt("mdr2-1", "", 1004, ""), "t1"))
    assert later.resolution is UnknownResolution.RECEIPT
    assert metrics.resolved_so_far == [UnknownResolution.RECEIPT]


async def test_advance_moved_a_message_that_is_sent_again_keeps_its_resolution(
    ledger: Ledger, uncertain_sends: UncertainSends
) -> None:
    _, uncertain_send = await lost_answer(ledger)
    await uncertain_sends.allow_resend("m1", uncertain_send, AGAIN)
    await ledger.claim(TEXT, "t2")
    message = existing(await ledger.record_receipt(Receipt("mdr2-2", "", 1003, ""), "t2"))
    assert (message.status, message.resolution) == (SENT, AGAIN)


async def test_advance_kept_a_message_may_still_learn_the_carriers_id(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.record_receipt(Receipt("", "", 1004, ""), "t1")
    message = existing(await ledger.settle("m1", "t1", SENT, "mdr2-1"))
    assert message.status.state is MessageState.DELIVERED
    assert message.carrier_message_id == "mdr2-1"


async def test_advance_absent_of_a_message_that_is_not_kept(ledger: Ledger, redis: Redis) -> None:
    assert await ledger.settle("m1", "t1", SENT) is None
    assert await redis.keys() == []


async def test_the_carriers_first_id_stays(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.settle("m1", "t1", SENT, "mdr2-1")
    message = existing(await ledger.record_receipt(Receipt("mdr2-2", "", 1004, ""), "t1"))
    assert message.carrier_message_id == "mdr2-1"


async def test_the_attempt_counts_more_than_the_carriers_id(ledger: Ledger) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.settle("m1", "t1", SENT, "mdr2-1")
    await ledger.claim(OTHER, "t2")
    message = existing(await ledger.record_receipt(Receipt("mdr2-1", "", 1004, ""), "t2"))
    assert message.message_id == "m2"


# All scripts


NEWS = st.lists(
    st.one_of(
        st.sampled_from([1000, 1002, 1003, 1004, 1005, 1110, 1222, 999, None]),
        st.sampled_from([SENT, UNKNOWN, REFUSED]),
    ),
    max_size=8,
)


@given(news=NEWS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_message_never_goes_back_in_whatever_order_updates_come(
    ledger: Ledger, redis: Redis, news: Sequence[int | Status | None]
) -> None:
    await redis.flushall()
    await ledger.claim(TEXT, "t1")
    states = [MessageState.ACCEPTED]
    for item in news:
        if item == UNKNOWN:
            message = await ledger.mark_uncertain("m1", "t1")
        elif isinstance(item, Status):
            message = await ledger.settle("m1", "t1", item)
        else:
            recorded = await ledger.record_receipt(Receipt("mdr2-1", "", item, "mislaid"), "t1")
            message = recorded if isinstance(recorded, MessageRecord) else None
        assert message is not None
        states.append(message.status.state)
    ranks = [state.rank for state in states]
    assert ranks == sorted(ranks)
    # Two of one rank never replace each other.
    moves = [state for at, state in enumerate(states) if at == 0 or states[at - 1] is not state]
    assert len({state.rank for state in moves}) == len(moves)


async def test_every_key_of_the_ledger_expires_after_72_hours(ledger: Ledger, redis: Redis) -> None:
    await ledger.claim(TEXT, "t1")
    await ledger.settle("m1", "t1", SENT, "mdr2-1")
    names = cast("list[bytes]", await redis.keys())
    assert {name.decode() for name in names} == {
        keys.message("m1"),
        keys.attempt("t1"),
        keys.carrier("mdr2-1"),
    }
    for name in names:
        assert KEEP_MS - 10_000 < await redis.pttl(name) <= KEEP_MS


async def test_a_longer_retention_holds_for_every_key_of_the_ledger(
    redis: Redis, clock: ManualClock, metrics: RememberingMetrics
) -> None:
    retention = timedelta(days=30)
    ledger = Ledger(redis, clock, Fingerprints("key"), metrics, retention)
    uncertain_sends = UncertainSends(redis, clock, metrics, retention)
    await lost_answer(ledger)
    await uncertain_sends.bind_record("m1", "mdr2-1")
    await ledger.record_receipt(Receipt("mdr2-2", "", 1004, ""), "")
    names = cast("list[bytes]", await redis.keys())
    kinds = {name.decode().rpartition(":")[2] for name in names}
    assert kinds == {"message", "attempt", "carrier", "parked"}
    for name in names:
        assert 29 * 24 * 3600 * 1000 < await redis.pttl(name) <= 30 * 24 * 3600 * 1000


async def test_an_update_extends_the_retention_of_a_message(ledger: Ledger, redis: Redis) -> None:
    await ledger.claim(TEXT, "t1")
    assert await redis.pttl(keys.message("m1")) > 60_000
    await redis.pexpire(keys.message("m1"), 60_000)
    await ledger.settle("m1", "t1", SENT)
    assert await redis.pttl(keys.message("m1")) > 60_000


async def test_scripts_that_redis_forgot_are_loaded_again(ledger: Ledger, redis: Redis) -> None:
    await redis.script_flush()
    assert await ledger.claim(TEXT, "t1") == Claimed()
    await redis.script_flush()
    assert await ledger.settle("m1", "t1", SENT, "mdr2-1") is not None
    assert await ledger.record_receipt(Receipt("mdr2-1", "", 1004, ""), "") is not None


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


def test_every_script_has_a_header_with_its_keys_arguments_and_returns() -> None:
    for name, source in _sources().items():
        header, code = source.split("]]", 1)
        assert header.startswith(f"--[[\n  {name}: ")
        assert all(word in header for word in ("KEYS", "ARGV", "RETURNS"))
        assert "KEYS[1]" in code
        # It makes up no key of its own.
        assert "maskline" not in code


@given(identifier=st.text(min_size=1, max_size=64))
def test_the_keys_of_two_kinds_or_two_ids_never_meet(identifier: str) -> None:
    kinds = (keys.message, keys.attempt, keys.carrier, keys.parked)
    names = {kind(name) for kind in kinds for name in (identifier, f"{identifier}}}:message")}
    assert len(names) == len(kinds) * 2


def test_a_key_lies_in_the_slot_of_its_own_id() -> None:
    for kind in (keys.message, keys.attempt, keys.carrier, keys.parked):
        assert key_slot(kind("m1").encode()) == key_slot(b"m1")


def _sources() -> Mapping[str, str]:
    lua = files("messaging_service.redis") / "lua"
    return {path.name.removesuffix(".lua"): path.read_text() for path in lua.iterdir()}
