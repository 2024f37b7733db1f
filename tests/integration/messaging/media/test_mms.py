"""Messages with files: what the carrier gets, and their results."""

from collections.abc import AsyncIterator
from io import BytesIO

import grpc
import pytest
from PIL import Image
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.error_reason_pb2 import ErrorReason
from support.clock import ManualClock
from support.messaging_service import (
    BOB,
    Messaging,
    refusal_of,
    serving,
    settings_for,
    text,
)
from support.scripted_carrier import (
    CarrierRequest,
    ScriptedCarrier,
    record,
    response,
    scripted_carrier,
)

ACCEPTED, REFUSED = pb.SEND_OUTCOME_ACCEPTED, pb.SEND_OUTCOME_REFUSED
VCARD = b"BEGIN:VCARD\nFN:Somebody\nEND:VCARD\n"


@pytest.fixture
async def store() -> AsyncIterator[ScriptedCarrier]:
    """Where the carrier offers the files that were sent to us."""
    async with scripted_carrier() as running:

        async def offers(request: CarrierRequest) -> bytes:
            if request.path == "/card":
                return response(200, VCARD, {"Content-Type": "text/vcard"})
            return response(200, _picture(), {"Content-Type": "image/png"})

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


def with_files(
    store: ScriptedCarrier, *paths: str, body: str = "", message_id: str = "m1"
) -> pb.OutboundMessage:
    message = text(message_id, body)
    message.attachments.extend(pb.Attachment(url=f"{store.url}{path}") for path in paths)
    return message


async def test_a_picture_is_sent_as_an_address_of_ours_that_leads_to_it(
    messaging: Messaging, carrier: ScriptedCarrier, store: ScriptedCarrier
) -> None:
    message = with_files(store, "/picture", body="look")
    result = await messaging.send_one(message)
    assert (result.outcome, result.segments, result.refused_attachments) == (ACCEPTED, 0, 0)
    [request] = carrier.requests
    assert request.attributes["is_mms"] is True
    [url] = request.attributes["media_urls"]
    assert url.startswith("https://relay.example/media/")
    media = await messaging.get_media(url.rpartition("/")[2])
    assert media.content_type == "image/png"
    assert Image.open(BytesIO(media.content)).size == (8, 8)
    assert await messaging.send_one(message) == result
    assert len(carrier.requests) == 1


async def test_a_message_is_sent_without_its_refused_files_and_they_are_counted(
    messaging: Messaging, carrier: ScriptedCarrier, store: ScriptedCarrier
) -> None:
    message = with_files(store, "/card", body="my card")
    result = await messaging.send_one(message)
    assert (result.outcome, result.segments, result.refused_attachments) == (ACCEPTED, 1, 1)
    [request] = carrier.requests
    assert not {"is_mms", "media_urls"} & request.attributes.keys()
    assert await messaging.send_one(message) == result


async def test_a_message_without_body_and_files_is_refused_permanently(
    messaging: Messaging, carrier: ScriptedCarrier, store: ScriptedCarrier
) -> None:
    message = with_files(store, "/card")
    result = await messaging.send_one(message)
    assert (result.outcome, result.refused_attachments) == (REFUSED, 1)
    assert result.error.reason == ErrorReason.ERROR_REASON_ATTACHMENTS_REFUSED
    assert await messaging.send_one(message) == result
    assert carrier.requests == []


async def test_the_policy_none_passes_no_file_on(
    messaging: Messaging, carrier: ScriptedCarrier, store: ScriptedCarrier
) -> None:
    message = with_files(store, "/picture", body="look")
    message.attachment_policy = pb.ATTACHMENT_POLICY_NONE
    assert (await messaging.send_one(message)).refused_attachments == 1
    assert store.requests == []


async def test_a_file_that_cannot_be_fetched_now_delays_the_message(
    messaging: Messaging, carrier: ScriptedCarrier, store: ScriptedCarrier, clock: ManualClock
) -> None:
    offers = store.script
    store.always(response(503))
    message = with_files(store, "/picture", body="look")
    waiting = await messaging.send_one(message)
    assert waiting.outcome == pb.SEND_OUTCOME_NOT_SENT
    assert waiting.error.reason == ErrorReason.ERROR_REASON_CARRIER_UNAVAILABLE
    assert carrier.requests == []
    store.script = offers
    clock.move(seconds=waiting.retry_delay.ToTimedelta().total_seconds())
    assert (await messaging.send_one(message)).outcome == ACCEPTED


async def test_an_uncertain_mms_does_not_match_the_record_of_an_sms(
    messaging: Messaging, carrier: ScriptedCarrier, store: ScriptedCarrier, clock: ManualClock
) -> None:
    message = with_files(store, "/picture", body="look")
    carrier.always(response(500))
    assert (await messaging.send_one(message)).outcome == pb.SEND_OUTCOME_UNKNOWN
    attributes = carrier.requests[0].attributes
    carrier.lists(
        record("mdr2-words", {**attributes, "is_mms": False}, clock.now()),
        record("mdr2-picture", attributes, clock.now()),
    )
    clock.move(seconds=5)
    found = await messaging.send_one(message)
    assert (found.outcome, found.resolution) == (ACCEPTED, pb.UNKNOWN_RESOLUTION_RECORD)
    assert (await messaging.get("m1")).carrier_message_id == "mdr2-picture"


async def test_the_same_id_with_another_file_is_another_message(
    messaging: Messaging, carrier: ScriptedCarrier, store: ScriptedCarrier
) -> None:
    await messaging.send_one(with_files(store, "/picture", body="look"))
    other = await messaging.send_one(with_files(store, "/another", body="look"))
    assert other.error.reason == ErrorReason.ERROR_REASON_MESSAGE_ID_REUSED


async def test_an_mms_has_the_rate_of_mms(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, store: ScriptedCarrier
) -> None:
    clock = ManualClock()
    settings = settings_for(redis_url, carrier.url, media_origins=store.url).model_copy(
        update={"mms_per_second": 1.0}
    )
    async with serving(settings, clock) as messaging:
        await messaging.send_one(with_files(store, "/picture"))
        paced = await messaging.send_one(with_files(store, "/picture", message_id="m2"))
        assert paced.error.reason == ErrorReason.ERROR_REASON_SEND_PACED
        assert (await messaging.send_one(text("m3", to=BOB))).outcome == ACCEPTED


@pytest.mark.parametrize(
    ("token", "code", "reason"),
    [
        ("", "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        ("x" * 129, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        ("nothing", "NOT_FOUND", "MEDIA_NOT_FOUND"),
    ],
)
async def test_a_file_that_is_not_kept_is_not_found(
    messaging: Messaging, token: str, code: str, reason: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await messaging.get_media(token)
    assert caught.value.code().name == code
    assert refusal_of(caught.value).info.reason == reason


def _picture() -> bytes:
    written = BytesIO()
    Image.new("RGB", (8, 8), (0, 90, 200)).save(written, "PNG")
    return written.getvalue()
