"""Validation of the items of a batch: an invalid one is refused alone."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from maskline.ingest.v1 import ingest_pb2
from runtime.grpc.status import details_of
from support.builders.conversation_calls import CALL_SECONDS
from support.builders.conversations import ALICE_NUMBER
from support.clock import ManualClock
from support.services.conversation_service import RunningService, running

LONG, TOO_LONG_BODY = "x" * 65, "x" * 10_001


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    async with running(redis_url, clock) as replica:
        yield replica


async def test_an_invalid_message_of_a_batch_is_refused_alone(service: RunningService) -> None:
    invalid = [service.text(ALICE_NUMBER, "help") for _ in range(9)]
    invalid[0].carrier_message_id = "x" * 129
    invalid[1].carrier_message_id = "call me"
    invalid[2].carrier_message_id = "+14255550111"
    invalid[3].from_number = "4255550111"
    invalid[4].to_number = ""
    invalid[5].body = TOO_LONG_BODY
    invalid[6].attachments.extend([ingest_pb2.Attachment()] * 17)
    invalid[7].carrier_time.seconds = 253_402_300_800
    invalid[8].carrier_account_id = "+12065550100"
    valid = service.text(ALICE_NUMBER, "help")
    results = (await service.receive(*invalid, valid)).results
    assert [details_of(result.error).reason for result in results] == [
        *["INVALID_ARGUMENT"] * 9,
        "",
    ]
    assert "4255550111" not in str(results)
    assert all("carrier_message_id" in results[index].error.message for index in (0, 1, 2))


async def test_an_invalid_receipt_of_a_batch_is_refused_alone(service: RunningService) -> None:
    receipts = [
        ingest_pb2.DeliveryReceipt(),
        ingest_pb2.DeliveryReceipt(carrier_message_id="mdr2-1", send_token=LONG),
        ingest_pb2.DeliveryReceipt(carrier_message_id="mdr2-1", send_token="a token"),
        ingest_pb2.DeliveryReceipt(carrier_message_id="mdr2 1"),
        ingest_pb2.DeliveryReceipt(carrier_message_id="mdr2-1", carrier_account_id="An account"),
        ingest_pb2.DeliveryReceipt(carrier_message_id="mdr2-1"),
    ]
    request = ingest_pb2.IngestDeliveryReceiptsRequest(receipts=receipts)
    response = await service.ingest.IngestDeliveryReceipts(request, timeout=CALL_SECONDS)
    assert [result.outcome for result in response.results] == [
        *[ingest_pb2.RECEIPT_OUTCOME_REFUSED] * 5,
        ingest_pb2.RECEIPT_OUTCOME_UNMATCHED,
    ]
