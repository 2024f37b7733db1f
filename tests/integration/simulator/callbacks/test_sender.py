import json

from integration.simulator.running_simulator import ALICE, Simulator, running_simulator

from support.clock import ManualClock
from support.eventually import eventually


async def test_a_typed_text_reaches_the_gateway_by_itself(simulator: Simulator) -> None:
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


async def test_a_gateway_that_does_not_answer_in_time_gets_it_again(clock: ManualClock) -> None:
    async with running_simulator(clock, response_timeout_seconds=0.05) as simulator:
        simulator.gateway.answers.clear()
        await simulator.type_text("start")
        await simulator.deliver()
        [text] = await simulator.texts()
        assert (text["state"], text["attempts"]) == ("resending", 1)


async def test_receipts_come_in_order_to_the_address_of_their_message(simulator: Simulator) -> None:
    response = await simulator.send(
        dlr_callback=f"{simulator.gateway.url}/api/receipt/attempt/token"
    )
    await simulator.deliver()
    assert [c.path for c in simulator.gateway.received] == ["/api/receipt/attempt/token"] * 2
    receipts = [json.loads(c.content)["data"] for c in simulator.gateway.received]
    assert {receipt["id"] for receipt in receipts} == {response.json()["data"]["id"]}
    steps = [(r["attributes"]["level"], r["attributes"]["status_code"]) for r in receipts]
    assert steps == [(1, None), (2, 1003)]


async def test_receipts_without_an_address_go_to_the_account_s(simulator: Simulator) -> None:
    chosen = {"receipt_shape": "unwrapped", "handset_receipts": True}
    await simulator.http.put("/simulator/settings", json=chosen)
    await simulator.send()
    await simulator.deliver()
    assert {c.path for c in simulator.gateway.received} == {"/api/receipt"}
    attributes = [json.loads(c.content)["attributes"] for c in simulator.gateway.received]
    assert [(a["status"], a.get("status_code")) for a in attributes] == [
        ("smsc submit", None), ("message buffered", 1003), ("delivered", 1004)
    ]  # fmt: skip


async def test_an_accepted_text_can_be_resent_and_stays_accepted(simulator: Simulator) -> None:
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
