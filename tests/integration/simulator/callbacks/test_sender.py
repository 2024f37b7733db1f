"""Callbacks over real HTTP."""

import json

import pytest
from integration.simulator.running_simulator import ALICE, OURS, RunningSimulator, running_simulator

from support.clock import ManualClock
from support.eventually import eventually


async def test_a_typed_text_reaches_the_gateway_without_being_asked_for(
    simulator: RunningSimulator,
) -> None:
    text_id = await simulator.type_text("start")

    async def arrived() -> bool:
        return bool(simulator.gateway.received)

    await eventually(arrived)
    [callback] = simulator.gateway.received
    assert callback.path == "/api/message"
    assert callback.headers["content-type"] == "application/json"
    data = json.loads(callback.content)["data"]
    assert (data["id"], data["attributes"]["body"]) == (text_id, "start")
    assert data["attributes"]["message_callback_url"] == f"{simulator.gateway.url}/api/message"


@pytest.mark.parametrize(("shape", "prefix"), [("flat-mdr1", "mdr1-"), ("flat-mdr2", "mdr2-")])
async def test_the_shape_of_callbacks_can_be_chosen(
    simulator: RunningSimulator, shape: str, prefix: str
) -> None:
    await simulator.http.put("/simulator/settings", json={"callback_shape": shape})
    text_id = await simulator.type_text("start")
    await simulator.deliver()
    [callback] = simulator.gateway.received
    assert text_id.startswith(prefix)
    assert json.loads(callback.content) == {
        "to": "12065550100",
        "from": "14255550111",
        "body": "start",
        "id": text_id,
    }


async def test_a_gateway_that_does_not_answer_in_time_gets_it_again(clock: ManualClock) -> None:
    async with running_simulator(clock, response_timeout_seconds=0.05) as simulator:
        simulator.gateway.answers.clear()
        await simulator.type_text("start")
        await simulator.deliver()
        [text] = await simulator.texts()
        assert (text["state"], text["attempts"]) == ("resending", 1)


async def test_a_gateway_that_is_down_gets_it_when_it_is_back(
    simulator: RunningSimulator, clock: ManualClock
) -> None:
    port_that_nobody_has = "http://127.0.0.1:1/dlr"
    await simulator.send(dlr_callback=port_that_nobody_has)
    simulator.gateway.status = 503
    await simulator.type_text("start")
    await simulator.deliver()
    simulator.gateway.status = 200
    clock.move(seconds=30)
    await simulator.deliver()
    sent = [text for text in await simulator.texts() if text["direction"] == "sent"]
    assert [(text["state"], text["attempts"]) for text in sent] == [("accepted", 2)]


async def test_receipts_come_in_order_to_the_address_of_their_message(
    simulator: RunningSimulator,
) -> None:
    response = await simulator.send(dlr_callback=f"{simulator.gateway.url}/api/receipt/token")
    await simulator.deliver()
    assert [c.path for c in simulator.gateway.received] == ["/api/receipt/token"] * 2
    receipts = [json.loads(c.content)["data"] for c in simulator.gateway.received]
    assert {receipt["id"] for receipt in receipts} == {response.json()["data"]["id"]}
    steps = [(r["attributes"]["level"], r["attributes"]["status_code"]) for r in receipts]
    assert steps == [(1, None), (2, 1003)]


async def test_receipts_without_an_address_go_to_the_account_s(simulator: RunningSimulator) -> None:
    chosen = {"receipt_shape": "unwrapped", "handset_receipts": True}
    await simulator.http.put("/simulator/settings", json=chosen)
    await simulator.send()
    await simulator.deliver()
    assert {c.path for c in simulator.gateway.received} == {"/api/receipt"}
    attributes = [json.loads(c.content)["attributes"] for c in simulator.gateway.received]
    assert [a["status"] for a in attributes] == ["smsc submit", "message buffered", "delivered"]
    assert [a.get("status_code") for a in attributes] == [None, 1003, 1004]


async def test_the_same_callback_can_be_sent_again_and_an_accepted_text_stays_accepted(
    simulator: RunningSimulator,
) -> None:
    text_id = await simulator.type_text("start")
    await simulator.deliver()
    simulator.gateway.status = 503
    response = await simulator.http.post(f"/simulator/texts/{text_id}/resend")
    assert response.status_code == 202
    await simulator.deliver()
    first, second = simulator.gateway.received
    assert first.content == second.content
    [text] = await simulator.texts(ALICE)
    assert (text["state"], text["attempts"]) == ("accepted", 2)


async def test_hundreds_of_callbacks_all_arrive_once(simulator: RunningSimulator) -> None:
    ids = {simulator.carrier.type_text(ALICE, OURS, f"{n}", ()).id for n in range(300)}
    await simulator.deliver()
    arrived = [json.loads(c.content)["data"]["id"] for c in simulator.gateway.received]
    assert (len(arrived), set(arrived)) == (300, ids)
