"""Faults of a send: what the account learns of it, and whether the phone has the text."""

import asyncio
from typing import Any

import httpx
import pytest
from integration.simulator.running_simulator import ALICE, BOB, KEYS, OURS, RunningSimulator

from support.clock import ManualClock
from support.eventually import eventually

# Longer than any test: what waits for this is ended by something else.
LONG = 100
SOON = 0.01


def send(simulator: RunningSimulator) -> "asyncio.Task[httpx.Response]":
    return asyncio.create_task(simulator.send())


async def text_received(simulator: RunningSimulator) -> None:
    async def condition() -> bool:
        return bool(await simulator.texts())

    await eventually(condition)


async def fault_occurred(simulator: RunningSimulator) -> None:
    async def condition() -> bool:
        return bool(simulator.carrier.faults.occurrences)

    await eventually(condition)


async def assert_taken(simulator: RunningSimulator, clock: ManualClock) -> None:
    """It is on the phone, on record, and its receipts come."""
    [text] = await simulator.texts()
    [record] = await simulator.records(clock)
    assert record["id"] == text["id"]
    await simulator.deliver()
    assert len(simulator.gateway.received) == 2


async def assert_not_taken(simulator: RunningSimulator, clock: ManualClock) -> None:
    """Nothing of it is anywhere, and the next one goes its way."""
    assert await simulator.texts() == []
    assert await simulator.records(clock) == []
    assert (await simulator.send()).status_code == 202


@pytest.mark.parametrize("kind", ["accept_then_hang", "slow"])
async def test_a_text_is_taken_long_before_its_answer(
    simulator: RunningSimulator, clock: ManualClock, kind: str
) -> None:
    await simulator.fault(kind, seconds=LONG)
    sending = send(simulator)
    await text_received(simulator)
    await assert_taken(simulator, clock)
    assert not sending.done()
    sending.cancel()


async def test_a_slow_answer_comes_in_the_end(
    simulator: RunningSimulator, clock: ManualClock
) -> None:
    await simulator.fault("slow", seconds=SOON)
    assert (await simulator.send()).status_code == 202
    await assert_taken(simulator, clock)


async def test_a_text_that_is_taken_may_never_be_answered(
    simulator: RunningSimulator, clock: ManualClock
) -> None:
    await simulator.fault("accept_then_hang", seconds=SOON)
    with pytest.raises(httpx.TransportError):
        await simulator.send()
    await assert_taken(simulator, clock)


async def test_a_text_may_be_neither_taken_nor_answered(
    simulator: RunningSimulator, clock: ManualClock
) -> None:
    await simulator.fault("hang", seconds=LONG)
    sending = send(simulator)
    await fault_occurred(simulator)
    assert await simulator.texts() == []
    assert not sending.done()
    sending.cancel()
    await simulator.fault("hang", seconds=SOON)
    with pytest.raises(httpx.TransportError):
        await simulator.send()
    await assert_not_taken(simulator, clock)


async def test_a_connection_may_break_before_a_text_is_taken(
    simulator: RunningSimulator, clock: ManualClock
) -> None:
    await simulator.fault("reset")
    with pytest.raises(httpx.ReadError):
        await simulator.send()
    await assert_not_taken(simulator, clock)


async def test_a_connection_may_break_in_the_middle_of_an_answer(
    simulator: RunningSimulator, clock: ManualClock
) -> None:
    await simulator.fault("accept_then_reset")
    message = {"to": ALICE, "from": OURS, "body": "hi"}
    url = "/v2.2/messages"
    async with simulator.http.stream("POST", url, json=message, auth=KEYS) as answer:
        assert answer.status_code == 202
        with pytest.raises(httpx.ReadError):
            await answer.aread()
    await assert_taken(simulator, clock)


@pytest.mark.parametrize("status", [400, 401, 403, 422, 429, 500, 503])
async def test_any_error_may_be_answered_without_taking_the_text(
    simulator: RunningSimulator, clock: ManualClock, status: int
) -> None:
    await simulator.fault("status", status=status)
    response = await simulator.send()
    [error] = response.json()["errors"]
    assert (response.status_code, error["status"]) == (status, status)
    assert "retry-after" not in response.headers
    await assert_not_taken(simulator, clock)


async def test_an_error_may_say_when_to_come_back(simulator: RunningSimulator) -> None:
    await simulator.fault("status", status=429, retry_after=7)
    assert (await simulator.send()).headers["retry-after"] == "7"


async def test_an_error_may_be_answered_though_the_text_is_taken(
    simulator: RunningSimulator, clock: ManualClock
) -> None:
    await simulator.fault("accept_then_status", status=500)
    assert (await simulator.send()).status_code == 500
    await assert_taken(simulator, clock)


async def test_a_fault_waits_for_the_message_that_it_is_for(simulator: RunningSimulator) -> None:
    for_bob: dict[str, Any] = {"to": BOB, "from": OURS, "body": "hi"}
    await simulator.fault("status", status=503, match=for_bob)
    assert (await simulator.send()).status_code == 202
    assert (await simulator.send(to=BOB, body="hello")).status_code == 202
    assert (await simulator.send(to=BOB)).status_code == 503
    assert (await simulator.send(to=BOB)).status_code == 202


async def test_what_cannot_be_sent_anyway_uses_up_no_fault(simulator: RunningSimulator) -> None:
    await simulator.fault("status", status=503)
    assert (await simulator.send(**{"from": ALICE})).status_code == 403
    assert (await simulator.send(body="")).status_code == 422
    assert (await simulator.send()).status_code == 503


@pytest.mark.parametrize("kind", ["hang", "accept_then_hang"])
async def test_whoever_waits_is_let_go_when_the_simulator_stops(
    simulator: RunningSimulator, kind: str
) -> None:
    await simulator.fault(kind, seconds=LONG)
    sending = send(simulator)
    await fault_occurred(simulator)
    simulator.carrier.close()
    with pytest.raises(httpx.TransportError):
        await sending
