"""The main story, told by clients that have nothing of Maskline but its contracts."""

from uuid import uuid4

import pytest
from system.clients import methods
from system.clients.callers import Caller, Json, Refused

from support.fakes.phones import Phone

pytestmark = pytest.mark.asyncio(loop_scope="module")

POOL = {"pool_id": "main"}


def change(**fields: object) -> Json:
    """A request with a new id."""
    return {**POOL, "request_id": str(uuid4()), **fields}


async def test_two_people_are_connected_are_sent_messages_and_part(
    caller: Caller, phones: tuple[Phone, Phone]
) -> None:
    alice, bob = phones
    creating = change(participants=[{"phone_number": alice.number}])
    [started] = await caller.call(methods.CREATE, creating)
    waiting = started["conversation"]
    assert waiting["state"] == "CONVERSATION_STATE_WAITING"
    joining = change(join_code=started["join_code"], phone_number=bob.number)
    [joined] = await caller.call(methods.JOIN, joining)
    assert joined["conversation"]["state"] == "CONVERSATION_STATE_ACTIVE"

    of_conversation = {"conversation_id": waiting["conversation_id"]}
    author = waiting["participants"][0]["participant_id"]
    sending = change(**of_conversation, participant_id=author, body="hello Bob")
    [sent] = await caller.call(methods.SEND, sending)
    assert (await bob.received(2))[1] == "hello Bob"
    # The idempotency key makes the repetition harmless.
    assert await caller.call(methods.SEND, sending) == [sent]
    await caller.call(methods.SEND, change(**of_conversation, system={}, body="Ten minutes late."))
    assert (await bob.received(3))[2] == "Ten minutes late."

    [listed] = await caller.call(methods.LIST_MESSAGES, {**POOL, **of_conversation})
    authors = {message.get("author_participant_id", "") for message in listed["messages"]}
    assert authors == {author, ""}
    ending = change(**of_conversation, etag=await etag_of(caller, **of_conversation))
    [ended] = await caller.call(methods.END, ending)
    assert ended["conversation"]["state"] == "CONVERSATION_STATE_ENDED"
    with pytest.raises(Refused) as refused:
        await caller.call(methods.SEND, change(**of_conversation, system={}, body="gone"))
    assert (refused.value.code, refused.value.reason) == (
        "FAILED_PRECONDITION",
        "CONVERSATION_ENDED",
    )
    await the_events_tell_the_story(caller, **of_conversation)


async def etag_of(caller: Caller, conversation_id: str) -> str:
    """From a list of all conversations."""
    [page] = await caller.call(methods.LIST_CONVERSATIONS, {**POOL, "page_size": 500})
    etags = {item["conversation_id"]: item["etag"] for item in page["conversations"]}
    return str(etags[conversation_id])


async def the_events_tell_the_story(caller: Caller, conversation_id: str) -> None:
    """As a list and, the same ones, as a stream."""
    events = {**POOL, "conversation_id": conversation_id}
    [page] = await caller.call(methods.LIST_EVENTS, events)
    types = [event["type"].removeprefix("EVENT_TYPE_") for event in page["events"]]
    assert types[0] == "CONVERSATION_CREATED"
    story = {"CONVERSATION_JOINED", "MESSAGE_RELAYED", "CONVERSATION_ENDED"}
    assert story <= {*types}
    watching = {**events, "start_position": "START_POSITION_OLDEST"}
    responses = await caller.call(methods.WATCH_EVENTS, watching, responses=len(types))
    assert [response["event"] for response in responses] == page["events"]
