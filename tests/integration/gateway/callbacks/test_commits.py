"""A callback gets 200 after its commit; concurrent callbacks share a call."""

import asyncio

import httpx

from support.eventually import eventually
from support.fakes.carrier_callbacks import ALICE, MASKED_NUMBER, flat_message, receipt, sms
from support.services.running_gateway import RunningGateway, ScriptedConversations


async def post_message(gateway: RunningGateway, number: int) -> httpx.Response:
    message = flat_message(id=f"mdr2-{number}", body=f"text {number}")
    return await gateway.http.post("/api/message", json=message)


async def test_a_message_gets_its_response_after_its_commit(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.gate.clear()
    response = asyncio.create_task(gateway.http.post("/api/message", json=sms()))
    await eventually(scripted.is_called(1))
    assert not response.done()
    scripted.gate.set()
    assert ((await response).status_code, (await response).json()) == (200, {})
    [message] = scripted.messages
    assert (message.from_number, message.to_number) == (ALICE, MASKED_NUMBER)
    assert message.body == "hello"


async def test_the_content_type_is_ignored(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    content = b'{"id":"mdr2-1","from":"14255550111","to":"12065550100","body":"hi"}'
    for content_type in ("application/vnd.api+json", "application/json; charset=utf-8", "text/x"):
        headers = {"content-type": content_type}
        response = await gateway.http.post("/api/message", content=content, headers=headers)
        assert response.status_code == 200
    assert (await gateway.http.post("/api/message", content=content)).status_code == 200
    assert [message.body for message in scripted.messages] == ["hi"] * 4


async def test_waiting_messages_leave_in_few_calls(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.gate.clear()
    responses = [asyncio.create_task(post_message(gateway, number)) for number in range(150)]
    await gateway.conversations.wait_for(150)
    scripted.gate.set()
    assert {response.status_code for response in await asyncio.gather(*responses)} == {200}
    sizes = [len(batch) for batch in scripted.message_batches]
    assert sum(sizes) == 150
    assert max(sizes) == 64
    assert len(sizes) <= 2 + 3
    assert len({message.carrier_message_id for message in scripted.messages}) == 150


async def test_waiting_messages_leave_in_the_order_of_their_arrival(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.gate.clear()
    responses = []
    for number in range(30):
        responses.append(asyncio.create_task(post_message(gateway, number)))
        await gateway.conversations.wait_for(number + 1)
    scripted.gate.set()
    await asyncio.gather(*responses)
    assert [message.body for message in scripted.messages] == [f"text {n}" for n in range(30)]


async def test_a_refused_message_does_not_fail_others_of_its_batch(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    bad = gateway.http.post("/api/message", json=sms(to="nobody"))
    responses = await asyncio.gather(post_message(gateway, 1), bad, post_message(gateway, 2))
    assert [response.status_code for response in responses] == [200, 400, 200]


async def test_a_message_whose_client_disconnects_is_still_committed_once(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.gate.clear()
    response = asyncio.create_task(gateway.http.post("/api/message", json=sms()))
    await gateway.conversations.wait_for(1)
    response.cancel()
    await asyncio.gather(response, return_exceptions=True)
    scripted.gate.set()
    assert (await post_message(gateway, 2)).status_code == 200
    assert len(scripted.messages) == 2


async def test_a_receipt_is_passed_on_with_the_send_token_of_its_address(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    for address in ["/api/receipt/attempt/c2VuZC10b2tlbg", "/api/receipt", "/api/message"]:
        assert (await gateway.http.post(address, json=receipt())).status_code == 200
    assert [item.send_token for item in scripted.receipts] == ["c2VuZC10b2tlbg", "", ""]
    assert {item.carrier_code for item in scripted.receipts} == {"1003"}
    assert not scripted.messages


async def test_waiting_receipts_leave_in_few_calls(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.gate.clear()
    posts = [gateway.http.post("/api/receipt", json=receipt()) for _ in range(40)]
    responses = asyncio.gather(*posts)
    await eventually(scripted.is_called(1))
    scripted.gate.set()
    assert {response.status_code for response in await responses} == {200}
    assert len(scripted.receipts) == 40
    assert len(scripted.receipt_batches) < 40
