from datetime import UTC, datetime

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from redis.asyncio import Redis

from maskline.messaging.v1 import carrier_pb2
from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.fakes.scripted_carrier import ScriptedCarrier, record, response
from support.services.messaging_service import (
    ALICE,
    MASKED,
    PATIENCE_SECONDS,
    Messaging,
    refusal_of,
    serving,
    settings_for,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
INBOUND = {"from": ALICE, "to": MASKED, "body": "hello"}
OUTBOUND = record("mdr2-1", {"from": MASKED, "to": ALICE, "body": "ours"}, NOON)


async def test_only_inbound_records_are_listed(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    picture = record("mdr2-3", {**INBOUND, "body": None}, NOON, direction="inbound")
    picture["relationships"] = {"media": {"data": [{"id": "f1", "type": "media"}]}}
    picture["attributes"] = {**INBOUND, "body": None, "direction": "inbound", "timestamp": "soon"}
    file = {"url": "https://store.example/1", "mime_type": "image/png", "file_size": 7}
    listed = [
        OUTBOUND,
        record("mdr2-2", INBOUND, NOON, direction="inbound"),
        picture,
        record("mdr2-4", {**INBOUND, "from": "72345"}, NOON, direction="inbound"),
    ]
    included = [{"id": "f1", "type": "media", "attributes": file}]
    carrier.always_lists(response(200, {"data": listed, "included": included, "links": {}}))
    page = await messaging.list_inbound(NOON)
    assert [each.carrier_message_id for each in page.records] == ["mdr2-2", "mdr2-3"]
    first, second = page.records
    assert (first.from_number, first.to_number, first.body) == (ALICE, MASKED, "hello")
    assert first.carrier_time.ToDatetime(UTC) == NOON
    assert second.body == ""
    assert not second.HasField("carrier_time")
    [attachment] = second.attachments
    assert attachment == pb.Attachment(
        url="https://store.example/1", content_type="image/png", size_bytes=7
    )
    assert page.next_page_token == ""


async def test_pages_of_limited_size_lead_to_one_another_even_if_they_have_no_inbound_record(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.lists(OUTBOUND, more=True)
    page = await messaging.list_inbound(NOON)
    assert not page.records
    carrier.lists(record("mdr2-2", INBOUND, NOON, direction="inbound"))
    page = await messaging.list_inbound(NOON, page_token=page.next_page_token)
    assert [each.carrier_message_id for each in page.records] == ["mdr2-2"]
    assert page.next_page_token == ""
    for page_size in (7, 5000):
        await messaging.list_inbound(NOON, page_size=page_size)
    path = "/v2.2/messages?start_date=2026-11-23T12:00:00.00Z"
    assert [listing.path for listing in carrier.listings] == [
        f"{path}&limit={limit}&offset={offset}"
        for limit, offset in ((200, 0), (200, 1), (7, 0), (1000, 0))
    ]


async def test_reads_of_the_records_are_rate_limited(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    async with serving(settings_for(redis_url, carrier.url, per_second=0.01), clock) as messaging:
        await messaging.list_inbound(NOON)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await messaging.list_inbound(NOON)
    assert refusal_of(caught.value).info.reason == "CARRIER_RATE_LIMITED"
    assert len(carrier.listings) == 1


async def test_an_invalid_request_is_refused_by_the_name_of_its_field(messaging: Messaging) -> None:
    start, too_early = Timestamp(seconds=1), Timestamp(seconds=-(2**62))
    for field, request in (
        ("start_time", carrier_pb2.ListInboundRecordsRequest()),
        ("start_time", carrier_pb2.ListInboundRecordsRequest(start_time=too_early)),
        ("page_size", carrier_pb2.ListInboundRecordsRequest(start_time=start, page_size=-1)),
        ("page_token", carrier_pb2.ListInboundRecordsRequest(start_time=start, page_token="x")),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await messaging.carrier_stub.ListInboundRecords(request, timeout=PATIENCE_SECONDS)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert refusal_of(caught.value).violations == [field]
