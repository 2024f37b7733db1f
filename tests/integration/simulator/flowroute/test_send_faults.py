"""Faults of a send: what the account learns of it, and whether the phone has the text."""

import asyncio

import httpx
import pytest
from integration.simulator.running_simulator import (
    ALICE,
    BOB,
    KEYS,
    OURS,
    Simulator,
    running_simulator,
)

from support.clock import ManualClock
from support.eventually import eventually

# Longer than any test: what waits for this is ended by something else.
LONG = 100
SOON = 0.01


async def fault_occurred(simulator: Simulator) -> None:
    async def condition() -> bool:
        return bool(simulator.carrier.faults.occurrences)

    await eventually(condition)


async def assert_taken(simulator: Simulator, clock: ManualClock) -> None:
    """It is on the phone, on record, and its receipts come."""
    [text] = await simulator.texts()
    [record] = await simulator.records(clock)
    assert record["id"] == text["id"]
    await simulator.deliver()
    assert len(simulator.gateway.received) == 2


async def assert_not_taken(simulator: Simulator, clock: ManualClock) -> None:
    """Nothing of it is anywhere, and the next one goes its way."""
    assert await simulator.texts() == []
    assert await simulator.records(clock) == []
    assert (await simulator.send()).status_code == 202


@pytest.mark.parametrize(
    ("kind", "fields", "status", "is_taken"),
    [
        ("slow", {"seconds": SOON}, 202, True),
        ("status", {"status": 400}, 400, False),
        ("status", {"status": 429, "retry_after": 7}, 429, False),
        ("status", {"status": 503}, 503, False),
        ("accept_then_status", {"status": 500}, 500, True),
        ("accept_then_hang", {"seconds": SOON}, None, True),
        ("hang", {"seconds": SOON}, None, False),
        ("reset", {}, None, False),
    ],
)
async def test_a_send_may_go_wrong_before_or_after_the_text_is_taken(
    simulator: Simulator,
    clock: ManualClock,
    kind: str,
    fields: dict[str, float],
    status: int | None,
    is_taken: bool,
) -> None:
    await simulator.fault(kind, **fields)
    if status is None:
        with pytest.raises(httpx.TransportError):
            await simulator.send()
    else:
        response = await simulator.send()
        assert response.status_code == status
        assert response.headers.get("retry-after") == ("7" if "retry_after" in fields else None)
        if status != 202:
            assert [error["status"] for error in response.json()["errors"]] == [status]
    await (assert_taken if is_taken else assert_not_taken)(simulator, clock)


@pytest.mark.parametrize(
    ("kind", "is_taken"), [("accept_then_hang", True), ("slow", True), ("hang", False)]
)
async def test_a_text_is_taken_long_before_its_answer_or_not_at_all(
    simulator: Simulator, clock: ManualClock, kind: str, is_taken: bool
) -> None:
    await simulator.fault(kind, seconds=LONG)
    sending = asyncio.create_task(simulator.send())
    await fault_occurred(simulator)
    await (assert_taken if is_taken else assert_not_taken)(simulator, clock)
    assert not sending.done()
    sending.cancel()


async def test_a_connection_may_break_within_an_answer(
    simulator: Simulator, clock: ManualClock
) -> None:
    await simulator.fault("accept_then_reset")
    message = {"to": ALICE, "from": OURS, "body": "hi"}
    async with simulator.http.stream("POST", "/v2.2/messages", json=message, auth=KEYS) as answer:
        assert answer.status_code == 202
        with pytest.raises(httpx.ReadError):
            await answer.aread()
    await assert_taken(simulator, clock)


async def test_a_fault_waits_for_the_message_that_it_is_for(simulator: Simulator) -> None:
    await simulator.fault("status", status=503, match={"to": BOB, "from": OURS, "body": "hi"})
    assert (await simulator.send(**{"to": BOB, "from": ALICE})).status_code == 403
    sends = [{}, {"to": BOB, "body": "hello"}, {"to": BOB, "body": ""}, {"to": BOB}, {"to": BOB}]
    statuses = [(await simulator.send(**changes)).status_code for changes in sends]
    assert statuses == [202, 202, 422, 503, 202]


@pytest.mark.parametrize("kind", ["hang", "accept_then_hang"])
async def test_a_stop_of_the_simulator_ends_every_wait(simulator: Simulator, kind: str) -> None:
    await simulator.fault(kind, seconds=LONG)
    sending = asyncio.create_task(simulator.send())
    await fault_occurred(simulator)
    simulator.carrier.close()
    with pytest.raises(httpx.TransportError):
        await sending


async def test_an_account_with_a_limit_gets_429_beyond_it_in_any_second(
    clock: ManualClock,
) -> None:
    async with running_simulator(clock, sms_per_second=2) as simulator:

        async def statuses(*requests: dict[str, object]) -> list[int]:
            return [(await simulator.send(**request)).status_code for request in requests]

        assert await statuses({}, {}, {}, {"is_mms": True}) == [202, 202, 429, 202]
        message = {"to": ALICE, "from": OURS, "body": "hi"}
        older = await simulator.http.post("/v2.1/messages", json=message, auth=KEYS)
        assert older.status_code == 429, "both versions count together"
        clock.move(seconds=1)
        assert await statuses({}, {}, {}) == [202, 202, 429]
