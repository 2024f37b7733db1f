from collections.abc import AsyncIterator
from io import BytesIO

import grpc
import pytest
from PIL import Image
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.fakes.scripted_carrier import (
    CarrierRequest,
    ScriptedCarrier,
    record,
    response,
    scripted_carrier,
)
from support.services.messaging_service import (
    Messaging,
    delay_of,
    reason_of,
    refusal_of,
    serving,
    settings_for,
    text,
)

ACCEPTED, REFUSED = pb.SEND_OUTCOME_SENT, pb.SEND_OUTCOME_REJECTED


@pytest.fixture
async def store() -> AsyncIterator[ScriptedCarrier]:
    """Where the carrier offers the files that were sent to us."""
    written = BytesIO()
    Image.new("RGB", (8, 8), (0, 90, 200)).save(written, "PNG")
    files = {"/card": b"BEGIN:VCARD\nFN:Somebody\nEND:VCARD\n", "/picture": written.getvalue()}

    async def offers(request: CarrierRequest) -> bytes:
        return response(200, files[request.path])

    async with scripted_carrier() as running:
        running.script = offers
        yield running


@pytest.fixture
async def messaging(
    redis: Redis,
    redis_url: str,
    carrier: ScriptedCarrier,
    store: ScriptedCarrier,
    clock: ManualClock,
) -> AsyncIterator[Messaging]:
    """The service, which fetches from the store."""
    settings = settings_for(redis_url, carrier.url, media_origins=store.url)
    async with serving(settings, clock) as running:
        yield running


def with_file(store: ScriptedCarrier, path: str, body: str = "look") -> pb.OutboundMessage:
    message = text("m1", body)
    message.attachments.add(url=f"{store.url}{path}")
    return message


async def test_a_picture_is_sent_as_a_url_of_the_gateway_that_leads_to_it(
    messaging: Messaging, carrier: ScriptedCarrier, store: ScriptedCarrier
) -> None:
    message = with_file(store, "/picture")
    result = await messaging.send_one(message)
    assert (result.outcome, result.segment_count, result.refused_attachment_count) == (
        ACCEPTED,
        0,
        0,
    )
    [request] = carrier.requests
    assert request.attributes["is_mms"] is True
    [url] = request.attributes["media_urls"]
    assert url.startswith("https://relay.example/media/")
    assert url.endswith(".png")
    media = await messaging.get_media(url.rpartition("/")[2])
    assert media.content_type == "image/png"
    assert Image.open(BytesIO(media.content)).size == (8, 8)
    assert await messaging.send_one(message) == result
    assert len(carrier.requests) == 1


async def test_a_message_is_sent_without_its_refused_files_and_they_are_counted(
    messaging: Messaging, carrier: ScriptedCarrier, store: ScriptedCarrier
) -> None:
    message = with_file(store, "/card")
    result = await messaging.send_one(message)
    assert (result.outcome, result.segment_count, result.refused_attachment_count) == (
        ACCEPTED,
        1,
        1,
    )
    [request] = carrier.requests
    assert not {"is_mms", "media_urls"} & request.attributes.keys()
    assert await messaging.send_one(message) == result


async def test_a_message_without_body_and_files_is_refused_permanently(
    messaging: Messaging, carrier: ScriptedCarrier, store: ScriptedCarrier
) -> None:
    message = with_file(store, "/card", body="")
    result = await messaging.send_one(message)
    assert (result.outcome, result.refused_attachment_count) == (REFUSED, 1)
    assert result.failure.reason == pb.FAILURE_REASON_ATTACHMENTS_REFUSED
    assert await messaging.send_one(message) == result
    assert carrier.requests == []


async def test_a_file_that_cannot_be_fetched_now_delays_the_message(
    messaging: Messaging, carrier: ScriptedCarrier, store: ScriptedCarrier, clock: ManualClock
) -> None:
    offers = store.script
    store.always(response(503))
    message = with_file(store, "/picture")
    waiting = await messaging.send_one(message)
    assert waiting.outcome == pb.SEND_OUTCOME_NOT_SENT
    assert reason_of(waiting) == "CARRIER_UNAVAILABLE"
    assert carrier.requests == []
    store.script = offers
    clock.move(seconds=delay_of(waiting).total_seconds())
    assert (await messaging.send_one(message)).outcome == ACCEPTED


async def test_an_uncertain_mms_does_not_match_the_record_of_an_sms(
    messaging: Messaging, carrier: ScriptedCarrier, store: ScriptedCarrier, clock: ManualClock
) -> None:
    message = with_file(store, "/picture")
    carrier.always(response(500))
    assert (await messaging.send_one(message)).outcome == pb.SEND_OUTCOME_UNCERTAIN
    attributes = carrier.requests[0].attributes
    carrier.lists(
        record("mdr2-words", {**attributes, "is_mms": False}, clock.now()),
        record("mdr2-picture", attributes, clock.now()),
    )
    clock.move(seconds=5)
    assert (await messaging.send_one(message)).outcome == ACCEPTED
    assert (await messaging.get("m1")).carrier_message_id == "mdr2-picture"


async def test_a_file_that_is_not_kept_is_not_found(messaging: Messaging) -> None:
    for token, code, reason in (
        ("", "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        ("x" * 129, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        ("nothing", "NOT_FOUND", "MEDIA_NOT_FOUND"),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await messaging.get_media(token)
        assert caught.value.code().name == code
        assert refusal_of(caught.value).info.reason == reason
