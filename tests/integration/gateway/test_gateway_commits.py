"""200 means committed, and callbacks that arrive together travel together."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from maskline.conversation.v1 import conversation_pb2 as pb
from support.carrier_callbacks import ALICE, MASKED_NUMBER, flat_message, receipt, sms
from support.eventually import eventually
from support.running_gateway import (
    RunningGateway,
    ScriptedConversations,
    running_gateway,
    serving_conversations,
)


@pytest.fixture
def scripted() -> ScriptedConversations:
    return ScriptedConversations()


@pytest.fixture
async def gateway(scripted: ScriptedConversations) -> AsyncIterator[RunningGateway]:
    async with (
        serving_conversations(scripted) as server,
        running_gateway(f"127.0.0.1:{server.port}") as gateway,
    ):
        yield gateway


async def post_text(gateway: RunningGateway, number: int) -> httpx.Response:
    message = flat_message(id=f"mdr2-{number}", body=f"text {number}")
    return await gateway.http.post("/api/message", json=message)


async def test_a_text_is_answered_after_its_commit_and_not_before(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.gate.clear()
    answer = asyncio.create_task(gateway.http.post("/api/message", json=sms()))
    await eventually(scripted.is_asked(1))
    assert not answer.done()
    scripted.gate.set()
    assert ((await answer).status_code, (await answer).json()) == (200, {})
    [message] = scripted.messages
    assert (message.from_number, message.to_number) == (ALICE, MASKED_NUMBER)
    assert message.body == "hello"


async def test_a_repeated_text_is_answered_200(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.message_result = pb.ReceiveMessageResult(outcome=pb.RECEIVE_OUTCOME_REPEATED)
    assert (await gateway.http.post("/api/message", json=sms())).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/vnd.api+json",
        "application/json; charset=utf-8",
        "text/plain",
        "",
    ],
)
async def test_the_content_type_does_not_matter(
    gateway: RunningGateway, scripted: ScriptedConversations, content_type: str
) -> None:
    content = b'{"id":"mdr2-1","from":"14255550111","to":"12065550100","body":"hi"}'
    headers = {"content-type": content_type} if content_type else {}
    answer = await gateway.http.post("/api/message", content=content, headers=headers)
    assert answer.status_code == 200
    assert scripted.messages[0].body == "hi"


@pytest.mark.parametrize("body", ["nul \x00 inside", "lone \ud800 half", "🙂" * 5000, ""])
async def test_awkward_texts_get_through(
    gateway: RunningGateway, scripted: ScriptedConversations, body: str
) -> None:
    # Escaped, as JSON has it: a lone surrogate has no bytes of its own.
    answer = await gateway.http.post("/api/message", content=json.dumps(sms(body=body)))
    assert answer.status_code == 200
    assert scripted.messages[0].body == body.replace("\ud800", "\ufffd")


async def test_texts_that_wait_together_leave_in_few_calls(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.gate.clear()
    answers = [asyncio.create_task(post_text(gateway, number)) for number in range(150)]
    await gateway.conversations.has_seen(150)
    scripted.gate.set()
    assert {answer.status_code for answer in await asyncio.gather(*answers)} == {200}
    sizes = [len(batch) for batch in scripted.message_batches]
    assert sum(sizes) == 150
    assert max(sizes) == 64
    assert len(sizes) <= 2 + 3
    assert len({message.carrier_message_id for message in scripted.messages}) == 150


async def test_texts_that_wait_for_each_other_keep_their_order(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    for number in range(20):
        assert (await post_text(gateway, number)).status_code == 200
    assert [message.body for message in scripted.messages] == [f"text {n}" for n in range(20)]


async def test_waiting_texts_leave_in_the_order_of_their_arrival(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.gate.clear()
    answers = []
    for number in range(30):
        answers.append(asyncio.create_task(post_text(gateway, number)))
        await gateway.conversations.has_seen(number + 1)
    scripted.gate.set()
    await asyncio.gather(*answers)
    assert [message.body for message in scripted.messages] == [f"text {n}" for n in range(30)]


async def test_a_refused_text_does_not_fail_its_neighbours(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    bad = gateway.http.post("/api/message", json=sms(to="nobody"))
    answers = await asyncio.gather(post_text(gateway, 1), bad, post_text(gateway, 2))
    assert [answer.status_code for answer in answers] == [200, 400, 200]


async def test_a_text_whose_caller_hangs_up_is_committed_once_and_can_be_repeated(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.gate.clear()
    answer = asyncio.create_task(gateway.http.post("/api/message", json=sms()))
    await gateway.conversations.has_seen(1)
    answer.cancel()
    await asyncio.gather(answer, return_exceptions=True)
    scripted.gate.set()
    assert (await post_text(gateway, 2)).status_code == 200
    assert len(scripted.messages) == 2


async def test_a_receipt_reaches_the_service_with_the_token_of_its_address(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    for address in ["/api/receipt/c2VuZC10b2tlbg", "/api/receipt", "/api/message"]:
        assert (await gateway.http.post(address, json=receipt())).status_code == 200
    assert [one.send_token for one in scripted.receipts] == ["c2VuZC10b2tlbg", "", ""]
    assert {one.status_code for one in scripted.receipts} == {1003}
    assert not scripted.messages


async def test_receipts_that_wait_together_leave_in_few_calls(
    gateway: RunningGateway, scripted: ScriptedConversations
) -> None:
    scripted.gate.clear()
    posts = [gateway.http.post("/api/receipt", json=receipt()) for _ in range(40)]
    answers = asyncio.gather(*posts)
    await eventually(scripted.is_asked(1))
    scripted.gate.set()
    assert {answer.status_code for answer in await answers} == {200}
    assert len(scripted.receipts) == 40
    assert len(scripted.receipt_batches) < 40
