"""ListInboundRecords over real gRPC."""

from datetime import UTC, datetime

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.messaging_service import (
    ALICE,
    MASKED,
    PATIENCE_SECONDS,
    Messaging,
    refusal_of,
    serving,
    settings_for,
)
from support.scripted_carrier import ScriptedCarrier, record, response

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOME_TIME = Timestamp(seconds=1)
INBOUND = {"from": ALICE, "to": MASKED, "body": "hello"}


async def test_only_inbound_records_are_listed(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    sent = {"from": MASKED, "to": ALICE, "body": "ours"}
    picture = record("mdr2-3", {**INBOUND, "body": None}, NOON, direction="inbound")
    picture["relationships"] = {"media": {"data": [{"id": "f1", "type": "media"}]}}
    file = {"url": "https://store.example/1", "mime_type": "image/png", "file_size": 7}
    listed = [
        record("mdr2-1", sent, NOON),
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
    [attachment] = second.attachments
    assert attachment == pb.Attachment(
        url="https://store.example/1", content_type="image/png", size_bytes=7
    )
    assert page.next_page_token == ""


async def test_a_record_without_a_time_has_none(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    untimed = record("mdr2-1", INBOUND, NOON, direction="inbound")
    untimed["attributes"] = {**INBOUND, "direction": "inbound", "timestamp": "a while ago"}
    carrier.lists(untimed)
    [listed] = (await messaging.list_inbound(NOON)).records
    assert not listed.HasField("carrier_time")


@pytest.mark.parametrize(("page_size", "limit"), [(0, 200), (7, 7), (5000, 1000)])
async def test_a_page_is_as_long_as_was_asked_for_within_the_limit(
    messaging: Messaging, carrier: ScriptedCarrier, page_size: int, limit: int
) -> None:
    await messaging.list_inbound(NOON, page_size=page_size)
    [listing] = carrier.listings
    assert listing.path == (
        f"/v2.2/messages?start_date=2026-11-23T12:00:00.00Z&limit={limit}&offset=0"
    )


async def test_pages_lead_to_one_another_even_those_with_nothing_for_us(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.lists(record("mdr2-1", {"from": MASKED, "to": ALICE, "body": "x"}, NOON), more=True)
    page = await messaging.list_inbound(NOON)
    assert not page.records
    carrier.lists(record("mdr2-2", INBOUND, NOON, direction="inbound"))
    page = await messaging.list_inbound(NOON, page_token=page.next_page_token)
    assert [each.carrier_message_id for each in page.records] == ["mdr2-2"]
    assert page.next_page_token == ""
    assert carrier.listings[1].path.endswith("&offset=1")


@pytest.mark.parametrize(
    ("answer", "code", "reason", "retry_seconds"),
    [
        (response(404), "FAILED_PRECONDITION", "CARRIER_REFUSED", None),
        (response(429), "RESOURCE_EXHAUSTED", "CARRIER_RATE_LIMITED", 1.0),
        (response(200, b"<html>"), "UNAVAILABLE", "CARRIER_UNAVAILABLE", 5.0),
        (None, "UNAVAILABLE", "CARRIER_UNAVAILABLE", 5.0),
    ],
)
async def test_failures_of_the_carrier_have_the_errors_of_the_contract(
    messaging: Messaging,
    carrier: ScriptedCarrier,
    answer: bytes | None,
    code: str,
    reason: str,
    retry_seconds: float | None,
) -> None:
    carrier.always_lists(answer)
    # Without the channel's own retries, which the contract's callers have.
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await messaging.list_inbound(NOON)
    refusal = refusal_of(caught.value)
    assert (caught.value.code().name, refusal.info.reason) == (code, reason)
    assert refusal.retry_seconds == retry_seconds


async def test_reads_of_the_records_are_rate_limited(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    async with serving(settings_for(redis_url, carrier.url, per_second=100.0), clock) as messaging:
        # A clock that stands still admits a second's worth, and the rest is asked to come again.
        for _ in range(100):
            await messaging.list_inbound(NOON)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await messaging.list_inbound(NOON)
    assert refusal_of(caught.value).info.reason == "CARRIER_RATE_LIMITED"
    assert len(carrier.listings) == 100


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ListInboundRecordsRequest(), "start_time"),
        (pb.ListInboundRecordsRequest(start_time=Timestamp(seconds=-(2**62))), "start_time"),
        (pb.ListInboundRecordsRequest(start_time=SOME_TIME, page_size=-1), "page_size"),
        (pb.ListInboundRecordsRequest(start_time=SOME_TIME, page_token="x"), "page_token"),
    ],
)
async def test_a_request_of_wrong_form_is_refused(
    messaging: Messaging, request_: pb.ListInboundRecordsRequest, field: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await messaging.stub.ListInboundRecords(request_, timeout=PATIENCE_SECONDS)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal_of(caught.value).violations == [field]
