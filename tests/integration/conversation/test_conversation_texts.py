"""Texts that come in, over real gRPC on a real Redis: taken once each, in order, and passed on."""

import asyncio
from datetime import timedelta

import pytest

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
    says,
)
from support.decisions import CARD, PICTURE
from support.unusual_bodies import ODD

NOBODYS = "+12065550199"
ON_THE_WIRE = messaging_pb2.Attachment(
    url=PICTURE.url, content_type=PICTURE.content_type, size_bytes=PICTURE.size_bytes
)


async def test_two_people_talk_and_part_by_text(service: RunningService) -> None:
    await service.says(ALICE_NUMBER, "Start")
    [invitation] = await service.heard(ALICE_NUMBER, 1)
    code = invitation.removeprefix("Your code is ")[:6]
    assert invitation == says(Template.CODE, code=code, span=SETTINGS.code_lifetime)
    await service.says(BOB_NUMBER, f"Join {code.lower()}")
    await service.says(BOB_NUMBER, "hello")
    await service.says(ALICE_NUMBER, "hello yourself")
    await service.says(BOB_NUMBER, "End")
    assert await service.heard(ALICE_NUMBER, 4) == [
        invitation,
        says(Template.SOMEBODY_JOINED),
        "hello",
        says(Template.ENDED),
    ]
    assert await service.heard(BOB_NUMBER, 3) == [
        says(Template.YOU_JOINED),
        "hello yourself",
        says(Template.ENDED),
    ]
    assert {one.from_number for one in service.messaging.sent} == {MASKED}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("start", Template.ALREADY_TALKING),
        ("join ABC234", Template.ALREADY_TALKING),
        ("help", Template.HELP),
        ("end ABC234", Template.END_OF_ANOTHER),
        (" ", Template.EMPTY),
    ],
)
async def test_what_is_not_passed_on_is_answered(
    service: RunningService, body: str, told: Template
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.says(ALICE_NUMBER, body)
    assert await service.heard(ALICE_NUMBER, 1) == [says(told)]
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == []


async def test_a_picture_is_passed_on_with_its_words_or_without(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    bare, described = service.text(ALICE_NUMBER, ""), service.text(ALICE_NUMBER, "look")
    for text in (bare, described):
        text.attachments.add(url=PICTURE.url, content_type="image/png", size_bytes=14_832)
        await service.receive(text)
    assert await service.heard(BOB_NUMBER, 2) == ["", "look"]
    assert [list(one.attachments) for one in service.sent()] == [[ON_THE_WIRE]] * 2
    assert service.sent_to(ALICE_NUMBER) == []


async def test_a_picture_is_held_in_a_pause_and_goes_out_behind_it(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    pause = pb.PauseConversationRequest(conversation_id=conversation.conversation_id)
    await ask(service.stub.PauseConversation, pause)
    text = service.text(ALICE_NUMBER, "look")
    text.attachments.add(url=PICTURE.url, content_type="image/png", size_bytes=14_832)
    await service.receive(text)
    resume = pb.ResumeConversationRequest(conversation_id=conversation.conversation_id)
    await ask(service.stub.ResumeConversation, resume)
    assert await service.heard(BOB_NUMBER, 1) == ["look"]
    [sent] = (one for one in service.sent() if one.to_number == BOB_NUMBER)
    assert list(sent.attachments) == [ON_THE_WIRE]


async def test_a_file_that_is_not_passed_on_is_told_to_who_sent_it(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    text = service.text(ALICE_NUMBER, "my card")
    text.attachments.add(url=CARD.url, content_type="text/x-vcard", size_bytes=312)
    await service.receive(text)
    assert await service.heard(BOB_NUMBER, 1) == ["my card"]
    told = says(Template.ATTACHMENT_NOT_PASSED_ON)
    assert await service.heard(ALICE_NUMBER, 1) == [told]
    happened = kinds(await service.timeline(conversation.conversation_id))
    assert ("ATTACHMENTS_REFUSED", "") in happened


async def test_an_odd_text_arrives_as_it_was_texted(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    for body in ODD:
        await service.says(ALICE_NUMBER, body)
    assert await service.heard(BOB_NUMBER, len(ODD)) == ODD


async def test_a_text_that_cannot_be_texted_is_answered(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.says(ALICE_NUMBER, "a\0b")
    assert await service.heard(ALICE_NUMBER, 1) == [says(Template.UNSUITABLE)]
    assert service.sent_to(BOB_NUMBER) == []


async def test_a_text_from_before_the_conversation_does_not_reach_its_partner(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    late, fresh = service.text(ALICE_NUMBER, "for Carol"), service.text(ALICE_NUMBER, "for Bob")
    late.carrier_time.FromDatetime(service.clock.now() - timedelta(minutes=2))
    fresh.carrier_time.FromDatetime(service.clock.now())
    await service.receive(late, fresh)
    assert await service.heard(BOB_NUMBER, 1) == ["for Bob"]
    assert await service.heard(ALICE_NUMBER, 1) == [says(Template.NOT_DELIVERED)]
    happened = kinds(await service.timeline(conversation.conversation_id))
    assert ("MESSAGE_NOT_RELAYED", "TOO_LATE") in happened


async def test_a_callback_sent_again_is_answered_as_a_repetition(service: RunningService) -> None:
    text = service.text(ALICE_NUMBER, "start")
    outcomes = [(await service.receive(text)).results[0].outcome for _ in range(3)]
    assert outcomes == [
        pb.RECEIVE_OUTCOME_ACCEPTED,
        pb.RECEIVE_OUTCOME_REPEATED,
        pb.RECEIVE_OUTCOME_REPEATED,
    ]
    both = (await service.receive(text, text)).results
    assert {one.outcome for one in both} == {pb.RECEIVE_OUTCOME_REPEATED}
    await service.quiet()
    assert len(service.sent_to(ALICE_NUMBER)) == 1


async def test_one_callback_twice_in_a_batch_is_taken_once(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    text = service.text(ALICE_NUMBER, "hello")
    outcomes = [one.outcome for one in (await service.receive(text, text)).results]
    assert outcomes == [pb.RECEIVE_OUTCOME_ACCEPTED, pb.RECEIVE_OUTCOME_REPEATED]
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == ["hello"]


async def test_one_bad_item_fails_neither_its_neighbours_nor_their_order(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    one = service.text(ALICE_NUMBER, "one")
    reused = service.text(ALICE_NUMBER, "another text under the same id")
    reused.carrier_message_id = one.carrier_message_id
    batch = [
        one,
        service.text(ALICE_NUMBER, "lost", to=NOBODYS),
        pb.InboundMessage(carrier_message_id="", from_number="junk", to_number="", body="x"),
        service.text(ALICE_NUMBER, "two"),
        reused,
        service.text(BOB_NUMBER, "three"),
    ]
    results = (await service.receive(*batch)).results
    assert [one.error.reason for one in results] == [
        error_reason_pb2.ERROR_REASON_UNSPECIFIED,
        error_reason_pb2.ERROR_REASON_UNKNOWN_MASKED_NUMBER,
        error_reason_pb2.ERROR_REASON_INVALID_ARGUMENT,
        error_reason_pb2.ERROR_REASON_UNSPECIFIED,
        error_reason_pb2.ERROR_REASON_REQUEST_ID_REUSED,
        error_reason_pb2.ERROR_REASON_UNSPECIFIED,
    ]
    refusals = [one.outcome == pb.RECEIVE_OUTCOME_REFUSED for one in results]
    assert refusals == [one.HasField("error") for one in results]
    assert await service.heard(BOB_NUMBER, 2) == ["one", "two"]
    assert await service.heard(ALICE_NUMBER, 1) == ["three"]


async def test_many_texts_of_one_conversation_arrive_all_and_in_order(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    said = [str(number) for number in range(120)]
    for batch in (said[:50], said[50:]):
        results = await service.receive(*(service.text(ALICE_NUMBER, body) for body in batch))
        assert {one.outcome for one in results.results} == {pb.RECEIVE_OUTCOME_ACCEPTED}
    assert await service.heard(BOB_NUMBER, 120) == said


async def test_both_talking_at_once_lose_nothing(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    said = [str(number) for number in range(20)]
    outcomes = await asyncio.gather(
        *(service.says(number, body) for body in said for number in (ALICE_NUMBER, BOB_NUMBER))
    )
    assert {one.outcome for one in outcomes} == {pb.RECEIVE_OUTCOME_ACCEPTED}
    assert sorted(await service.heard(ALICE_NUMBER, 20)) == sorted(said)
    assert sorted(await service.heard(BOB_NUMBER, 20)) == sorted(said)


async def test_one_person_talks_with_different_people_on_different_numbers(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.open(ALICE_NUMBER, CAROL_NUMBER, masked_number=OTHER_MASKED)
    await service.says(ALICE_NUMBER, "for Bob")
    await service.says(ALICE_NUMBER, "for Carol", to=OTHER_MASKED)
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == ["for Bob"]
    assert service.sent_to(CAROL_NUMBER) == ["for Carol"]


async def test_texts_are_taken_while_nothing_can_be_sent_and_leave_afterwards(
    service: RunningService,
) -> None:
    service.messaging.is_down = True
    assert (await service.says(ALICE_NUMBER, "start")).outcome == pb.RECEIVE_OUTCOME_ACCEPTED
    with refused("BACKEND_UNAVAILABLE"):
        await service.receipts("any")
    service.messaging.is_down = False
    service.clock.move(seconds=2)
    assert len(await service.heard(ALICE_NUMBER, 1)) == 1
