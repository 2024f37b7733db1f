import asyncio
import json
from typing import Any

import pytest
from integration.simulator.running_simulator import ALICE, BOB, KEYS, OURS, Simulator

from support.clock import ManualClock
from support.eventually import eventually


async def received_bodies(simulator: Simulator) -> list[str]:
    """The words of all callbacks by now, in the order in which they came."""
    await simulator.deliver()
    received = [json.loads(callback.content) for callback in simulator.gateway.received]
    return [callback["data"]["attributes"]["body"] for callback in received]


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [("callback_twice", {}, [2, 2, 2, 2]),
     ("callback_again", {"times": 2, "seconds": 10}, [1, 2, 3, 3])],
)  # fmt: skip
async def test_a_callback_may_come_again_though_it_was_accepted(
    simulator: Simulator, clock: ManualClock, kind: str, fields: dict[str, int], expected: list[int]
) -> None:
    await simulator.fault(kind, **fields)
    await simulator.type_text("hello")
    counts = []
    for _ in range(4):
        counts.append(len(await received_bodies(simulator)))
        clock.move(seconds=10)
    assert counts == expected
    assert len({callback.content for callback in simulator.gateway.received}) == 1
    [text] = await simulator.texts()
    assert (text["state"], text["attempts"]) == ("accepted", expected[-1])


async def test_texts_may_be_delivered_in_another_order(
    simulator: Simulator, clock: ManualClock
) -> None:
    await simulator.fault("callback_late", seconds=5, match={"body": "first"})
    await simulator.type_text("first")
    await simulator.type_text("second")
    assert await received_bodies(simulator) == ["second"]
    clock.move(seconds=5)
    assert await received_bodies(simulator) == ["second", "first"]


async def test_a_callback_may_be_lost_and_its_text_is_on_record_only(
    simulator: Simulator, clock: ManualClock
) -> None:
    await simulator.fault("callback_lost", match={"from": ALICE, "to": OURS})
    await simulator.type_text("from bob", phone=BOB)
    text_id = await simulator.type_text("hello")
    clock.move(days=1)
    assert await received_bodies(simulator) == ["from bob"]
    [text] = await simulator.texts()
    assert (text["state"], text["attempts"]) == ("not_accepted", 0)
    response = await simulator.http.get(f"/v2.2/messages/{text_id}", auth=KEYS)
    assert response.json()["data"]["attributes"]["body"] == "hello"


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
async def test_a_message_may_be_on_record_only_later(
    simulator: Simulator, clock: ManualClock, direction: str
) -> None:
    await simulator.fault("records_late", seconds=60)
    if direction == "inbound":
        message_id = await simulator.type_text("hello")
    else:
        message_id = (await simulator.send()).json()["data"]["id"]
    await simulator.send(body="another")
    clock.move(seconds=59)
    assert len(await simulator.records(clock)) == 1
    url = f"/v2.2/messages/{message_id}"
    assert (await simulator.http.get(url, auth=KEYS)).status_code == 404
    clock.move(seconds=1)
    assert [record["id"] for record in await simulator.records(clock)][1:] == [message_id]
    assert (await simulator.http.get(url, auth=KEYS)).status_code == 200


async def test_records_may_be_unavailable(simulator: Simulator, clock: ManualClock) -> None:
    message_id = (await simulator.send()).json()["data"]["id"]
    await simulator.fault("records_unavailable", status=503, count=2)
    query = {"start_date": f"{clock.now():%Y-%m-%d}"}
    listing = await simulator.http.get("/v2.2/messages", params=query, auth=KEYS)
    single = await simulator.http.get(f"/v2.2/messages/{message_id}", auth=KEYS)
    assert (listing.status_code, single.status_code) == (503, 503)
    assert listing.json()["errors"][0]["status"] == 503
    assert len(await simulator.records(clock)) == 1


async def receipts(simulator: Simulator) -> list[dict[str, Any]]:
    await simulator.deliver()
    return [json.loads(callback.content) for callback in simulator.gateway.received]


def levels(receipts: list[dict[str, Any]]) -> list[int | None]:
    """Their levels; None for receipts without a wrapper."""
    return [r["data"]["attributes"]["level"] if "data" in r else None for r in receipts]


async def test_receipts_may_come_before_the_send_is_answered(simulator: Simulator) -> None:
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


async def test_early_receipts_that_nobody_takes_delay_no_answer(simulator: Simulator) -> None:
    simulator.gateway.status = 503
    await simulator.fault("receipts_early")
    assert (await simulator.send()).status_code == 202
    await simulator.fault("receipts_early")
    await simulator.http.delete("/v2.2/messages/sms_dlr_callback", auth=KEYS)
    assert (await simulator.send()).status_code == 202


@pytest.mark.parametrize(
    ("kind", "fields", "seconds", "before", "after"),
    [
        ("receipts_late", {"seconds": 60}, 60, [], [1, 2]),
        ("receipts_never", {}, 86_400, [], []),
        ("receipts_twice", {}, 60, [1, 2, 1, 2], [1, 2, 1, 2]),
        ("receipts_reordered", {}, 60, [2, 1], [2, 1]),
        ("receipts_unwrapped", {}, 60, [None, None], [None, None]),
    ],
)
async def test_receipts_of_one_send_may_go_wrong(
    simulator: Simulator, clock: ManualClock, kind: str, fields: dict[str, float],
    seconds: int, before: list[int | None], after: list[int | None],
) -> None:  # fmt: skip
    await simulator.fault(kind, **fields)
    await simulator.send()
    clock.move(seconds=seconds - 1)
    assert levels(await receipts(simulator)) == before
    clock.move(seconds=1)
    assert levels(await receipts(simulator)) == after
    simulator.gateway.received.clear()
    await simulator.send()
    assert levels(await receipts(simulator)) == [1, 2]


@pytest.mark.parametrize(
    ("code", "status", "arrives"),
    [(1004, "delivered", True), (1110, "smsc reject", False), (1204, "delivery failure", False)],
)
async def test_the_last_receipt_may_say_whether_the_text_arrived(
    simulator: Simulator, clock: ManualClock, code: int, status: str, arrives: bool
) -> None:
    await simulator.fault("receipts_failing", status_code=code)
    assert (await simulator.send()).status_code == 202
    _, last = [receipt["data"]["attributes"] for receipt in await receipts(simulator)]
    assert (last["level"], last["status"], last["status_code"]) == (2, status, code)
    [record] = await simulator.records(clock)
    assert isinstance(record["attributes"], dict)
    assert record["attributes"]["status"] == status
    assert bool(await simulator.texts()) is arrives


async def test_receipts_may_go_to_the_address_of_the_account(simulator: Simulator) -> None:
    await simulator.fault("receipts_without_token")
    for _ in range(2):
        await simulator.send(dlr_callback=f"{simulator.gateway.url}/api/receipt/attempt/token")
        await simulator.deliver()
    paths = [callback.path for callback in simulator.gateway.received]
    assert paths == ["/api/receipt"] * 2 + ["/api/receipt/attempt/token"] * 2
