"""Faults of typed texts' callbacks and of records, as the account sees them."""

import json

import pytest
from integration.simulator.running_simulator import ALICE, BOB, KEYS, OURS, Simulator

from support.clock import ManualClock


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
