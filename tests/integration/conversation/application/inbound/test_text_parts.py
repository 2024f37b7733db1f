"""Messages whose words are in a text part: decided by these words, once each, or told."""

import asyncio

import pytest

from conversation_service.application.inbound import text_parts
from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.ingest.v1 import ingest_pb2
from runtime.grpc.status import details_of
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    OTHER_MASKED,
    system_message,
)
from support.builders.decisions import PICTURE
from support.services.conversation_service import RunningService

ACCEPTED, REPEATED = ingest_pb2.INGEST_OUTCOME_ACCEPTED, ingest_pb2.INGEST_OUTCOME_REPEATED
REFUSED = ingest_pb2.INGEST_OUTCOME_REFUSED
URL = "https://media.example.net/text"


def with_part(
    service: RunningService, number: str, words: str = "", *, body: str = "", url: str = URL
) -> ingest_pb2.InboundMessage:
    """A message, accepted by the carrier just now, with a text part."""
    message = service.text(number, body)
    message.attachments.add(url=url, content_type="text/plain")
    message.carrier_time.FromDatetime(service.clock.now())
    if words:
        service.messaging.texts[url] = words
    return message


async def outcomes(
    service: RunningService, *messages: ingest_pb2.InboundMessage
) -> list[ingest_pb2.IngestOutcome.ValueType]:
    return [result.outcome for result in (await service.receive(*messages)).results]


@pytest.mark.parametrize("words", ["STOP", "\u201cstop\u201d", "ST\0OP"])
@pytest.mark.parametrize("has_picture", [False, True])
async def test_an_opt_out_in_a_text_part_opts_out_and_is_never_relayed(
    service: RunningService, words: str, has_picture: bool
) -> None:
    here = await service.open(ALICE_NUMBER, BOB_NUMBER)
    there = await service.open(ALICE_NUMBER, CAROL_NUMBER, masked_number=OTHER_MASKED)
    message = with_part(service, ALICE_NUMBER, words)
    if has_picture:
        message.attachments.add(url=PICTURE.url, content_type="image/png")
    assert await outcomes(service, message) == [ACCEPTED]
    for conversation in (here, there):
        ended = await service.get(conversation.conversation_id)
        assert ended.state == pb.CONVERSATION_STATE_ENDED
    # However often it comes, its words are fetched once.
    assert await outcomes(service, message) == [REPEATED]
    assert service.messaging.fetched == [URL]
    await service.quiet()
    assert not [sent for sent in service.sent() if sent.attachments or sent.body == words]
    # The carrier confirms what it reads itself, and it reads no files.
    [confirmation] = service.sent_to(ALICE_NUMBER)
    assert confirmation.startswith(system_message(Template.OPTED_OUT))


async def test_a_code_in_a_text_part_joins_and_the_words_of_one_are_relayed(
    service: RunningService,
) -> None:
    code = (await service.start(ALICE_NUMBER)).join_code
    assert await outcomes(service, with_part(service, BOB_NUMBER, f"join {code}")) == [ACCEPTED]
    words = with_part(service, BOB_NUMBER, "the words", url=f"{URL}/2")
    more = with_part(service, BOB_NUMBER, "the words", body="look", url=f"{URL}/2")
    assert await outcomes(service, words, more, service.text(BOB_NUMBER, "next")) == [ACCEPTED] * 3
    relayed = ["the words", "look\nthe words", "next"]
    await service.quiet()
    assert [body for body in service.sent_to(ALICE_NUMBER) if body in relayed] == relayed


async def test_a_body_that_opts_out_waits_for_no_text_part(service: RunningService) -> None:
    name = (await service.open(ALICE_NUMBER, BOB_NUMBER)).conversation_id
    service.messaging.store_is_down = True
    message = with_part(service, ALICE_NUMBER, "more words", body="Stop.")
    assert await outcomes(service, message) == [ACCEPTED]
    assert (await service.get(name)).state == pb.CONVERSATION_STATE_ENDED
    assert service.messaging.fetched == []


async def test_a_store_that_is_down_delays_a_message_and_no_other_one_of_its_batch(
    service: RunningService,
) -> None:
    name = (await service.open(ALICE_NUMBER, BOB_NUMBER)).conversation_id
    service.messaging.store_is_down = True
    waits, other = with_part(service, ALICE_NUMBER, "STOP"), service.text(BOB_NUMBER, "hello")
    response = await service.receive(waits, other)
    assert [result.outcome for result in response.results] == [REFUSED, ACCEPTED]
    error = response.results[0].error
    assert details_of(error).reason == "BACKEND_UNAVAILABLE"
    assert await service.heard(ALICE_NUMBER, 1) == ["hello"]
    service.messaging.store_is_down = False
    assert await outcomes(service, waits, waits) == [ACCEPTED, REPEATED]
    assert (await service.get(name)).state == pb.CONVERSATION_STATE_ENDED


async def test_words_that_stay_unavailable_are_refused_and_their_sender_is_told(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.messaging.store_is_down = True
    empty, look = (with_part(service, ALICE_NUMBER, "w", body=body) for body in ("", "look"))
    assert await outcomes(service, empty, look) == [REFUSED, REFUSED]
    service.clock.move(seconds=text_parts.MAX_WAIT.total_seconds() - 1)
    assert await outcomes(service, empty, look) == [REFUSED, REFUSED]
    service.clock.move(seconds=1)
    assert await outcomes(service, empty, look) == [ACCEPTED, ACCEPTED]
    notice = system_message(Template.ATTACHMENT_NOT_PASSED_ON)
    assert await service.heard(ALICE_NUMBER, 2) == [notice, notice]
    assert await service.heard(BOB_NUMBER, 1) == ["look"]


async def test_a_text_part_that_is_gone_is_refused_at_once(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    assert await outcomes(service, with_part(service, ALICE_NUMBER)) == [ACCEPTED]
    notice = system_message(Template.ATTACHMENT_NOT_PASSED_ON)
    assert await service.heard(ALICE_NUMBER, 1) == [notice]


async def test_words_wait_for_a_messaging_service_that_is_down_however_long(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    message = with_part(service, ALICE_NUMBER, "the words")
    service.messaging.is_down = True
    service.clock.move(hours=1)
    assert await outcomes(service, message) == [REFUSED]
    service.messaging.is_down = False
    assert await outcomes(service, message) == [ACCEPTED]
    assert await service.heard(BOB_NUMBER, 1) == ["the words"]


async def test_a_text_part_that_hangs_delays_its_own_message_only(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    monkeypatch.setattr(text_parts, "FETCH_SECONDS", 0.5)
    service.messaging.store_hangs = True
    slow = asyncio.create_task(outcomes(service, with_part(service, ALICE_NUMBER, "the words")))
    assert await outcomes(service, service.text(BOB_NUMBER, "hello")) == [ACCEPTED]
    assert not slow.done()
    assert await slow == [REFUSED]
