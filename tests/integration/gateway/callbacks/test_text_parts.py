"""Messages whose words are fetched first: they delay their own sender's messages only."""

import asyncio

import httpx
import pytest

from maskline.ingest.v1 import ingest_pb2
from support.eventually import eventually
from support.fakes.carrier_callbacks import flat_message, medium
from support.services.running_gateway import Context, RunningGateway, ScriptedConversations

SLOW, OTHER = "14255550111", "14255550122"


class WithSlowWords(ScriptedConversations):
    """The words of these messages cannot be fetched until they are `ready`."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = asyncio.Event()

    async def IngestMessages(
        self, request: ingest_pb2.IngestMessagesRequest, context: Context
    ) -> ingest_pb2.IngestMessagesResponse:
        response = await super().IngestMessages(request, context)
        if any(message.attachments for message in request.messages):
            await self.ready.wait()
        return response


@pytest.fixture
def scripted() -> WithSlowWords:
    return WithSlowWords()


def post(
    gateway: RunningGateway, body: str, *, sender: str = SLOW, has_part: bool = False
) -> "asyncio.Task[httpx.Response]":
    callback = flat_message(**{"id": f"mdr2-{body}", "from": sender, "body": body})
    if has_part:
        part = medium(0, mime_type="Text/Plain; charset=utf-8")
        callback = {"data": {"id": f"mdr2-{body}", "attributes": callback}, "included": [part]}
    return asyncio.create_task(gateway.http.post("/api/message", json=callback))


async def test_slow_words_delay_no_message_of_another_person(
    gateway: RunningGateway, scripted: WithSlowWords
) -> None:
    slow = [post(gateway, f"slow-{number}", has_part=True) for number in range(4)]
    await eventually(scripted.is_called(1))
    others = [post(gateway, f"text-{number}", sender=OTHER) for number in range(20)]
    assert {response.status_code for response in await asyncio.gather(*others)} == {200}
    assert not any(task.done() for task in slow)
    scripted.ready.set()
    assert {response.status_code for response in await asyncio.gather(*slow)} == {200}


async def test_the_senders_next_messages_wait_behind_it_in_their_order(
    gateway: RunningGateway, scripted: WithSlowWords
) -> None:
    posts = []
    for number, has_part in enumerate((True, False, True, False)):
        posts.append(post(gateway, f"{number}", has_part=has_part))
        await gateway.conversations.wait_for(number + 1)
    await eventually(scripted.is_called(1))
    assert [message.body for message in scripted.messages] == ["0"]
    scripted.ready.set()
    assert {response.status_code for response in await asyncio.gather(*posts)} == {200}
    assert [message.body for message in scripted.messages] == ["0", "1", "2", "3"]


async def test_one_sender_and_all_senders_have_a_limit_of_waiting_messages(
    gateway: RunningGateway, scripted: WithSlowWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.sender_queues.MESSAGES_LIMIT", 2)
    monkeypatch.setattr("gateway.sender_queues.SENDERS_LIMIT", 2)
    waiting = [post(gateway, f"slow-{number}", has_part=True) for number in range(2)]
    await gateway.conversations.wait_for(2)
    assert (await post(gateway, "third", has_part=True)).status_code == 503
    waiting.append(post(gateway, "other", sender=OTHER, has_part=True))
    await gateway.conversations.wait_for(4)
    assert (await post(gateway, "more", sender="14255550133", has_part=True)).status_code == 503
    scripted.ready.set()
    assert {response.status_code for response in await asyncio.gather(*waiting)} == {200}
