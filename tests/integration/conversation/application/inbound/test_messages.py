"""Inbound messages: executed once each, relayed in order, replied to."""

import asyncio
from datetime import timedelta

from prometheus_client import REGISTRY

from conversation_service.domain.templates.catalog import Template
from conversation_service.store.keyspace.keys import Keys
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.ingest.v1 import ingest_pb2
from maskline.messaging.v1 import messaging_pb2
from runtime.grpc.status import details_of
from support.builders.conversation_calls import ask, kinds, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    OTHER_MASKED,
    system_message,
)
from support.builders.decisions import PICTURE
from support.builders.unusual_bodies import UNUSUAL_BODIES
from support.services.conversation_service import RunningService

UNKNOWN_NUMBER = "+12065550199"
ATTACHMENT = messaging_pb2.Attachment(
    url=PICTURE.url, content_type=PICTURE.content_type, size_bytes=PICTURE.size_bytes
)


async def test_a_picture_is_relayed_with_or_without_a_body_and_after_a_pause(
    service: RunningService,
) -> None:
    name = (await service.open(ALICE_NUMBER, BOB_NUMBER)).conversation_id
    bare, described, held = (service.text(ALICE_NUMBER, body) for body in ("", "look", "held"))
    for text in (bare, described, held):
        text.attachments.add(url=PICTURE.url, content_type="image/png", size_bytes=14_832)
    await service.receive(bare)
    await service.receive(described)
    pause = pb.PauseConversationRequest(conversation_id=name)
    await ask(service.stub.PauseConversation, pause)
    await service.receive(held)
    resume = pb.ResumeConversationRequest(conversation_id=name)
    await ask(service.stub.ResumeConversation, resume)
    assert await service.heard(BOB_NUMBER, 3) == ["", "look", "held"]
    pictures = [sent for sent in service.sent() if sent.to_number == BOB_NUMBER]
    assert [list(picture.attachments) for picture in pictures] == [[ATTACHMENT]] * 3


async def test_unusual_bodies_are_relayed_unchanged(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    for body in UNUSUAL_BODIES:
        await service.deliver(ALICE_NUMBER, body)
    assert await service.heard(BOB_NUMBER, len(UNUSUAL_BODIES)) == UNUSUAL_BODIES


async def test_a_callback_that_comes_again_after_its_record_is_gone_is_not_relayed(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    message = service.text(ALICE_NUMBER, "hello")
    message.carrier_time.FromDatetime(service.clock.now() - timedelta(hours=5))
    await service.receive(message)
    assert await service.heard(BOB_NUMBER, 1) == ["hello"]
    async for key in service.redis.scan_iter(Keys("main").idempotency_prefix + "*"):
        await service.redis.delete(key)
    service.clock.move(hours=73)
    await service.receive(message)
    assert await service.heard(ALICE_NUMBER, 1) == [system_message(Template.MAYBE_NOT_DELIVERED)]
    assert await service.heard(BOB_NUMBER, 1) == ["hello"]
    events = kinds(await service.timeline(conversation.conversation_id))
    assert ("MESSAGE_NOT_RELAYED", "TOO_OLD") in events


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
        ingest_pb2.InboundMessage(
            carrier_message_id="", from_number="junk", to_number="", body="x"
        ),
        service.text(ALICE_NUMBER, "two"),
        reused,
        service.text(BOB_NUMBER, "three"),
    ]
    counted = REGISTRY.get_sample_value("maskline_reused_message_ids_total") or 0
    results = (await service.receive(*batch)).results
    assert REGISTRY.get_sample_value("maskline_reused_message_ids_total") == counted + 1
    assert [details_of(result.error).reason for result in results] == [
        "",
        "MASKED_NUMBER_NOT_FOUND",
        "INVALID_ARGUMENT",
        "",
        "REQUEST_ID_REUSED",
        "",
    ]
    refusals = [result.outcome == ingest_pb2.INGEST_OUTCOME_REFUSED for result in results]
    assert refusals == [result.HasField("error") for result in results]
    assert await service.heard(BOB_NUMBER, 2) == ["one", "two"]
    assert await service.heard(ALICE_NUMBER, 1) == ["three"]


async def test_many_messages_of_one_conversation_arrive_in_order(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    bodies = [str(number) for number in range(120)]
    for batch in (bodies[:50], bodies[50:]):
        results = await service.receive(*(service.text(ALICE_NUMBER, body) for body in batch))
        assert {result.outcome for result in results.results} == {
            ingest_pb2.INGEST_OUTCOME_ACCEPTED
        }
    assert await service.heard(BOB_NUMBER, 120) == bodies


async def test_concurrent_messages_of_both_participants_all_arrive(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    bodies = [str(number) for number in range(20)]
    outcomes = await asyncio.gather(
        *(service.deliver(number, body) for body in bodies for number in (ALICE_NUMBER, BOB_NUMBER))
    )
    assert {result.outcome for result in outcomes} == {ingest_pb2.INGEST_OUTCOME_ACCEPTED}
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
    assert (
        await service.deliver(ALICE_NUMBER, "start")
    ).outcome == ingest_pb2.INGEST_OUTCOME_ACCEPTED
    with refused("BACKEND_UNAVAILABLE"):
        await service.receipts("any")
    service.messaging.is_down = False
    service.clock.move(seconds=2)
    assert len(await service.heard(ALICE_NUMBER, 1)) == 1


async def test_the_same_id_from_another_carrier_account_is_another_message(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    messages = [service.text(ALICE_NUMBER, body) for body in ("one", "two", "one")]
    for message, account in zip(messages, ("", "second", "second"), strict=True):
        message.carrier_message_id = "mdr2-of-both"
        message.carrier_account_id = account
    for message in messages[:2]:
        [result] = (await service.receive(message)).results
        assert result.outcome == ingest_pb2.INGEST_OUTCOME_ACCEPTED
    [again] = (await service.receive(messages[1])).results
    assert again.outcome == ingest_pb2.INGEST_OUTCOME_REPEATED
    [reused] = (await service.receive(messages[2])).results
    assert details_of(reused.error).reason == "REQUEST_ID_REUSED"
    assert await service.heard(BOB_NUMBER, 2) == ["one", "two"]
