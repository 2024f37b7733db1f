"""Texts that cannot be processed, over real gRPC: seen, sent again, dropped."""

from typing import TYPE_CHECKING

import pytest

from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import dead_letter_pb2 as pb
from maskline.conversation.v1.dead_letter_pb2_grpc import DeadLetterServiceStub
from maskline.messaging.v1 import error_reason_pb2, messaging_pb2
from support.conversation_calls import ask, kinds, refused
from support.conversation_service import RunningService
from support.conversations import ALICE_NUMBER, BOB_NUMBER, says
from support.dead_letters import damaged, dead_letters
from support.eventually import eventually

if TYPE_CHECKING:
    from maskline.conversation.v1.dead_letter_pb2_grpc import DeadLetterServiceAsyncStub

NOT_TAKEN = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_REFUSED,
    state=messaging_pb2.MESSAGE_STATE_REFUSED,
    error=messaging_pb2.ItemError(reason=error_reason_pb2.ERROR_REASON_INVALID_ARGUMENT),
)


def desk(service: RunningService) -> "DeadLetterServiceAsyncStub":
    return DeadLetterServiceStub(service.channel)


async def replay(service: RunningService, name: str, request_id: str = "") -> str:
    request = pb.ReplayDeadLetterRequest(dead_letter_id=name, request_id=request_id)
    return (await ask(desk(service).ReplayDeadLetter, request)).message_id


async def drop(service: RunningService, name: str, request_id: str = "") -> str:
    request = pb.DropDeadLetterRequest(dead_letter_id=name, request_id=request_id)
    return (await ask(desk(service).DropDeadLetter, request)).message_id


async def dead(service: RunningService) -> tuple[str, pb.DeadLetter]:
    """A conversation, and a text of Bob's in it that the messaging service did not take."""
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.messaging.answers["bad"] = [NOT_TAKEN]
    await service.says(BOB_NUMBER, "bad")
    [letter] = await dead_letters(service, 1)
    return conversation.conversation_id, letter


async def test_a_text_that_is_not_taken_is_listed_and_holds_up_nothing(
    service: RunningService,
) -> None:
    name, letter = await dead(service)
    await service.says(BOB_NUMBER, "good")
    assert await service.heard(ALICE_NUMBER, 1) == ["good"]
    assert letter.reason == pb.DEAD_LETTER_REASON_INVALID
    assert letter.conversation_id == name
    assert letter.accept_time == letter.death_time
    assert ("MESSAGE_DEAD_LETTERED", "INVALID") in kinds(await service.timeline(name))
    told = await service.heard(BOB_NUMBER, 1)
    assert told == [says(Template.MAYBE_NOT_DELIVERED)], "it may still be sent"


async def test_a_replayed_text_is_sent_once_however_often_that_is_asked_for(
    service: RunningService,
) -> None:
    name, letter = await dead(service)
    for _ in range(3):
        assert await replay(service, letter.dead_letter_id, "r1") == letter.message_id
    assert await service.heard(ALICE_NUMBER, 1) == ["bad"]
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == ["bad"]
    assert list(await dead_letters(service, 0)) == []
    told = kinds(await service.timeline(name))
    assert told.count(("MESSAGE_REPLAYED", "")) == 1
    with refused("DEAD_LETTER_NOT_FOUND"):
        await replay(service, letter.dead_letter_id, "r2")


async def test_a_dropped_text_is_refused_and_never_sent(service: RunningService) -> None:
    name, letter = await dead(service)
    for _ in range(2):
        assert await drop(service, letter.dead_letter_id, "r1") == letter.message_id
    assert kinds(await service.timeline(name))[-1] == ("MESSAGE_REFUSED", "DROPPED_BY_OPERATOR")
    with refused("DEAD_LETTER_NOT_FOUND"):
        await replay(service, letter.dead_letter_id)
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []


async def test_what_cannot_be_read_can_only_be_dropped(service: RunningService) -> None:
    await damaged(service, "m9")
    [letter] = await dead_letters(service, 1)
    assert (letter.message_id, letter.conversation_id) == ("m9", "")
    assert letter.reason == pb.DEAD_LETTER_REASON_UNREADABLE
    assert not letter.HasField("accept_time")
    with refused("DEAD_LETTER_UNREADABLE"):
        await replay(service, letter.dead_letter_id)
    assert await drop(service, letter.dead_letter_id) == "m9"
    assert list(await dead_letters(service, 0)) == []


@pytest.mark.parametrize("size", [1, 2, 50])
async def test_pages_hold_every_letter_once_and_in_order(
    service: RunningService, size: int
) -> None:
    for at in range(5):
        await damaged(service, f"m{at}")
    every = await dead_letters(service, 5)
    found: list[pb.DeadLetter] = []
    token = ""
    for _ in range(10):
        request = pb.ListDeadLettersRequest(page_size=size, page_token=token)
        page = await ask(desk(service).ListDeadLetters, request)
        assert len(page.dead_letters) <= size
        found += page.dead_letters
        token = page.next_page_token
        if not token:
            break
    assert found == list(every)
    assert [one.message_id for one in found] == [f"m{at}" for at in range(5)]


async def test_a_dead_letter_can_be_replayed_by_any_replica(
    service: RunningService, another: RunningService
) -> None:
    _, letter = await dead(service)
    await replay(another, letter.dead_letter_id)

    async def arrived() -> bool:
        return service.sent_to(ALICE_NUMBER) == ["bad"]

    await eventually(arrived)
