"""Inbound messages: executed once each, relayed in order, replied to."""

import asyncio
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import error_reason_pb2
from maskline.messaging.v1 import messaging_pb2
from support.conversation_calls import ask, kinds, refused
from support.conversation_service import RunningService
from support.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    SETTINGS,
    system_message,
)
from support.decisions import CARD, PICTURE
from support.unusual_bodies import UNUSUAL_BODIES

UNKNOWN_NUMBER = "+12065550199"
ATTACHMENT = messaging_pb2.Attachment(
    url=PICTURE.url, content_type=PICTURE.content_type, size_bytes=PICTURE.size_bytes
)


async def test_two_people_start_join_and_end_by_message(service: RunningService) -> None:
    await service.deliver(ALICE_NUMBER, "Start")
    [invitation] = await service.heard(ALICE_NUMBER, 1)
    code = invitation.removeprefix("Your code is ")[:6]
    assert invitation == system_message(Template.CODE, code=code, span=SETTINGS.code_lifetime)
    await service.deliver(BOB_NUMBER, f"Join {code.lower()}")
    await service.deliver(BOB_NUMBER, "hello")
    await service.deliver(ALICE_NUMBER, "hello yourself")
    await service.deliver(BOB_NUMBER, "End")
    assert await service.heard(ALICE_NUMBER, 4) == [
        invitation,
        system_message(Template.SOMEBODY_JOINED),
        "hello",
        system_message(Template.ENDED),
    ]
    assert await service.heard(BOB_NUMBER, 3) == [
        system_message(Template.YOU_JOINED),
        "hello yourself",
        system_message(Template.ENDED),
    ]
    assert {message.from_number for message in service.messaging.sent} == {MASKED}


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        ("start", Template.ALREADY_TALKING),
        ("join ABC234", Template.ALREADY_TALKING),
        ("help", Template.HELP),
        ("end ABC234", Template.END_OF_ANOTHER),
        (" ", Template.EMPTY),
    ],
)
async def test_a_message_that_is_not_relayed_gets_a_reply(
    service: RunningService, body: str, reply: Template
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(ALICE_NUMBER, body)
    assert await service.heard(ALICE_NUMBER, 1) == [system_message(reply)]
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == []


async def test_a_picture_is_relayed_with_or_without_a_body(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    bare, described = service.text(ALICE_NUMBER, ""), service.text(ALICE_NUMBER, "look")
    for text in (bare, described):
        text.attachments.add(url=PICTURE.url, content_type="image/png", size_bytes=14_832)
        await service.receive(text)
    assert await service.heard(BOB_NUMBER, 2) == ["", "look"]
    assert [list(message.attachments) for message in service.sent()] == [[ATTACHMENT]] * 2
    assert service.sent_to(ALICE_NUMBER) == []


async def test_a_picture_is_held_during_a_pause(service: RunningService) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    pause = pb.PauseConversationRequest(conversation_id=conversation.conversation_id)
    await ask(service.stub.PauseConversation, pause)
    text = service.text(ALICE_NUMBER, "look")
    text.attachments.add(url=PICTURE.url, content_type="image/png", size_bytes=14_832)
    await service.receive(text)
    resume = pb.ResumeConversationRequest(conversation_id=conversation.conversation_id)
    await ask(service.stub.ResumeConversation, resume)
    assert await service.heard(BOB_NUMBER, 1) == ["look"]
    [sent] = (message for message in service.sent() if message.to_number == BOB_NUMBER)
    assert list(sent.attachments) == [ATTACHMENT]


async def test_the_sender_of_a_rejected_file_is_notified(service: RunningService) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    text = service.text(ALICE_NUMBER, "my card")
    text.attachments.add(url=CARD.url, content_type="text/x-vcard", size_bytes=312)
    await service.receive(text)
    assert await service.heard(BOB_NUMBER, 1) == ["my card"]
    notice = system_message(Template.ATTACHMENT_NOT_PASSED_ON)
    assert await service.heard(ALICE_NUMBER, 1) == [notice]
    events = kinds(await service.timeline(conversation.conversation_id))
    assert ("ATTACHMENTS_REFUSED", "") in events


async def test_unusual_bodies_are_relayed_unchanged(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    for body in UNUSUAL_BODIES:
        await service.deliver(ALICE_NUMBER, body)
    assert await service.heard(BOB_NUMBER, len(UNUSUAL_BODIES)) == UNUSUAL_BODIES


async def test_a_body_that_cannot_be_sent_gets_a_reply(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(ALICE_NUMBER, "a\0b")
    assert await service.heard(ALICE_NUMBER, 1) == [system_message(Template.UNSUITABLE)]
    assert service.sent_to(BOB_NUMBER) == []


async def test_a_message_sent_before_the_conversation_is_not_relayed(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    late, fresh = service.text(ALICE_NUMBER, "for Carol"), service.text(ALICE_NUMBER, "for Bob")
    late.carrier_time.FromDatetime(service.clock.now() - timedelta(minutes=2))
    fresh.carrier_time.FromDatetime(service.clock.now())
    await service.receive(late, fresh)
    assert await service.heard(BOB_NUMBER, 1) == ["for Bob"]
    assert await service.heard(ALICE_NUMBER, 1) == [system_message(Template.NOT_DELIVERED)]
    events = kinds(await service.timeline(conversation.conversation_id))
    assert ("MESSAGE_NOT_RELAYED", "TOO_LATE") in events


async def test_a_repeated_delivery_is_reported_as_repeated(service: RunningService) -> None:
    text = service.text(ALICE_NUMBER, "start")
    outcomes = [(await service.receive(text)).results[0].outcome for _ in range(3)]
    assert outcomes == [
        pb.RECEIVE_OUTCOME_ACCEPTED,
        pb.RECEIVE_OUTCOME_REPEATED,
        pb.RECEIVE_OUTCOME_REPEATED,
    ]
    both = (await service.receive(text, text)).results
    assert {result.outcome for result in both} == {pb.RECEIVE_OUTCOME_REPEATED}
    await service.quiet()
    assert len(service.sent_to(ALICE_NUMBER)) == 1


async def test_a_message_twice_in_a_batch_is_executed_once(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    text = service.text(ALICE_NUMBER, "hello")
    outcomes = [result.outcome for result in (await service.receive(text, text)).results]
    assert outcomes == [pb.RECEIVE_OUTCOME_ACCEPTED, pb.RECEIVE_OUTCOME_REPEATED]
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == ["hello"]


async def test_an_invalid_item_affects_neither_the_others_nor_their_order(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    first = service.text(ALICE_NUMBER, "one")
    reused = service.text(ALICE_NUMBER, "another text under the same id")
    reused.carrier_message_id = first.carrier_message_id
    batch = [
        first,
        service.text(ALICE_NUMBER, "lost", to=UNKNOWN_NUMBER),
        pb.InboundMessage(carrier_message_id="", from_number="junk", to_number="", body="x"),
        service.text(ALICE_NUMBER, "two"),
        reused,
        service.text(BOB_NUMBER, "three"),
    ]
    counted = REGISTRY.get_sample_value("maskline_reused_message_ids_total") or 0
    results = (await service.receive(*batch)).results
    assert REGISTRY.get_sample_value("maskline_reused_message_ids_total") == counted + 1
    assert [result.error.reason for result in results] == [
        error_reason_pb2.ERROR_REASON_UNSPECIFIED,
        error_reason_pb2.ERROR_REASON_UNKNOWN_MASKED_NUMBER,
        error_reason_pb2.ERROR_REASON_INVALID_ARGUMENT,
        error_reason_pb2.ERROR_REASON_UNSPECIFIED,
        error_reason_pb2.ERROR_REASON_REQUEST_ID_REUSED,
        error_reason_pb2.ERROR_REASON_UNSPECIFIED,
    ]
    refusals = [result.outcome == pb.RECEIVE_OUTCOME_REFUSED for result in results]
    assert refusals == [result.HasField("error") for result in results]
    assert await service.heard(BOB_NUMBER, 2) == ["one", "two"]
    assert await service.heard(ALICE_NUMBER, 1) == ["three"]


async def test_many_messages_of_one_conversation_arrive_in_order(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    bodies = [str(number) for number in range(120)]
    for batch in (bodies[:50], bodies[50:]):
        results = await service.receive(*(service.text(ALICE_NUMBER, body) for body in batch))
        assert {result.outcome for result in results.results} == {pb.RECEIVE_OUTCOME_ACCEPTED}
    assert await service.heard(BOB_NUMBER, 120) == bodies


async def test_concurrent_messages_of_both_participants_all_arrive(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    bodies = [str(number) for number in range(20)]
    outcomes = await asyncio.gather(
        *(service.deliver(number, body) for body in bodies for number in (ALICE_NUMBER, BOB_NUMBER))
    )
    assert {result.outcome for result in outcomes} == {pb.RECEIVE_OUTCOME_ACCEPTED}
    assert sorted(await service.heard(ALICE_NUMBER, 20)) == sorted(bodies)
    assert sorted(await service.heard(BOB_NUMBER, 20)) == sorted(bodies)


async def test_the_masked_number_determines_the_partner(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.open(ALICE_NUMBER, CAROL_NUMBER, masked_number=OTHER_MASKED)
    await service.deliver(ALICE_NUMBER, "for Bob")
    await service.deliver(ALICE_NUMBER, "for Carol", to=OTHER_MASKED)
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == ["for Bob"]
    assert service.sent_to(CAROL_NUMBER) == ["for Carol"]


async def test_messages_are_accepted_while_messaging_is_down_and_sent_afterwards(
    service: RunningService,
) -> None:
    service.messaging.is_down = True
    assert (await service.deliver(ALICE_NUMBER, "start")).outcome == pb.RECEIVE_OUTCOME_ACCEPTED
    with refused("BACKEND_UNAVAILABLE"):
        await service.receipts("any")
    service.messaging.is_down = False
    service.clock.move(seconds=2)
    assert len(await service.heard(ALICE_NUMBER, 1)) == 1
