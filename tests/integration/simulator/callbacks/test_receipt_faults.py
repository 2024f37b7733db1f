"""Faults of receipts, as the gateway sees them."""

import asyncio
import json
from typing import Any

from integration.simulator.running_simulator import KEYS, RunningSimulator

from support.clock import ManualClock
from support.eventually import eventually


async def receipts(simulator: RunningSimulator) -> list[dict[str, Any]]:
    """What was called back by now."""
    await simulator.deliver()
    return [json.loads(callback.content) for callback in simulator.gateway.received]


def levels(receipts: list[dict[str, Any]]) -> list[int]:
    return [receipt["data"]["attributes"]["level"] for receipt in receipts]


async def test_receipts_may_come_before_the_send_is_answered(simulator: RunningSimulator) -> None:
    simulator.gateway.answers.clear()
    await simulator.fault("receipts_early")
    sending = asyncio.create_task(simulator.send())

    async def first_came() -> bool:
        return bool(simulator.gateway.received)

    await eventually(first_came)
    assert len(await simulator.texts()) == 1
    assert not sending.done()
    simulator.gateway.answers.set()
    assert (await sending).status_code == 202
    assert len(simulator.gateway.received) == 2


async def test_early_receipts_that_nobody_takes_do_not_hold_up_the_answer(
    simulator: RunningSimulator,
) -> None:
    simulator.gateway.status = 503
    await simulator.fault("receipts_early")
    assert (await simulator.send()).status_code == 202
    await simulator.fault("receipts_early")
    await simulator.http.delete("/v2.2/messages/sms_dlr_callback", auth=KEYS)
    assert (await simulator.send()).status_code == 202


async def test_receipts_may_come_late(simulator: RunningSimulator, clock: ManualClock) -> None:
    await simulator.fault("receipts_late", seconds=60)
    await simulator.send()
    clock.move(seconds=59)
    assert await receipts(simulator) == []
    clock.move(seconds=1)
    assert levels(await receipts(simulator)) == [1, 2]


async def test_receipts_may_never_come(simulator: RunningSimulator, clock: ManualClock) -> None:
    await simulator.fault("receipts_never")
    await simulator.send()
    clock.move(days=1)
    assert await receipts(simulator) == []
    await simulator.send()
    assert levels(await receipts(simulator)) == [1, 2]


async def test_receipts_may_come_twice(simulator: RunningSimulator) -> None:
    await simulator.fault("receipts_twice")
    await simulator.send()
    assert levels(await receipts(simulator)) == [1, 2, 1, 2]


async def test_receipts_of_one_send_may_be_unwrapped(simulator: RunningSimulator) -> None:
    await simulator.fault("receipts_unwrapped")
    await simulator.send()
    await simulator.send()
    assert ["data" in receipt for receipt in await receipts(simulator)].count(False) == 2


async def test_level_2_may_come_before_level_1(simulator: RunningSimulator) -> None:
    await simulator.fault("receipts_reordered")
    await simulator.send()
    assert levels(await receipts(simulator)) == [2, 1]


async def test_the_last_receipt_may_say_that_the_text_did_not_arrive(
    simulator: RunningSimulator, clock: ManualClock
) -> None:
    await simulator.fault("receipts_failing", status_code=1110)
    assert (await simulator.send()).status_code == 202
    _, last = [receipt["data"]["attributes"] for receipt in await receipts(simulator)]
    assert (last["status"], last["status_code"]) == ("smsc reject", 1110)
    [record] = await simulator.records(clock)
    assert isinstance(record["attributes"], dict)
    assert record["attributes"]["status"] == "smsc reject"
    assert await simulator.texts() == []


async def test_receipts_may_go_to_the_account_s_address_though_the_send_named_its_own(
    simulator: RunningSimulator,
) -> None:
    await simulator.fault("receipts_without_token")
    for _ in range(2):
        await simulator.send(dlr_callback=f"{simulator.gateway.url}/api/receipt/token")
        await simulator.deliver()
    paths = [callback.path for callback in simulator.gateway.received]
    assert paths == ["/api/receipt"] * 2 + ["/api/receipt/token"] * 2


async def test_a_send_and_its_receipts_may_both_go_wrong(simulator: RunningSimulator) -> None:
    await simulator.fault("accept_then_status", status=500)
    await simulator.fault("receipts_early")
    assert (await simulator.send()).status_code == 500
    assert len(simulator.gateway.received) == 2
