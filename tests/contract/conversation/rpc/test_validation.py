"""Validation of every request: all violations are reported together, by field."""

from collections.abc import AsyncIterator

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2
from redis.asyncio import Redis

from conversation_service.rpc.core.status import DOMAIN
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import error_reason_pb2, pool_pb2
from maskline.conversation.v1.number_selection_pb2 import (
    AREA_CODE_OF_SECOND_PARTICIPANT,
    NumberPreference,
    NumberSelection,
)
from support.builders import documented_errors, random_requests
from support.builders.conversation_calls import CALL_SECONDS
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED
from support.clock import ManualClock
from support.net.grpc_calls import detail, reason
from support.services.conversation_service import RunningService, running

LONG, TOO_LONG_BODY = "x" * 65, "x" * 10_001
NOT_ASCII, CONTROL = "möbel", "a\tb"
# An enum value that this version does not know.
UNKNOWN = 99
UNKNOWN_PREFERENCE = NumberSelection(preference=NumberPreference.ValueType(UNKNOWN))
AREA_CODE_OF_SECOND = NumberSelection(area_code_of=AREA_CODE_OF_SECOND_PARTICIPANT)
CHANGE: dict[str, object] = {"request_id": "r", "pool": "main"}
CONVERSATION = CHANGE | {"conversation_id": "c"}
SETTINGS = pool_pb2.PoolSettings(
    operator="x" * 41,
    lifetime=Duration(seconds=1),
    pause_policy=pool_pb2.PausePolicy.ValueType(UNKNOWN),
    unknown_policy=pool_pb2.UnknownPolicy.ValueType(UNKNOWN),
    attachment_policy=pool_pb2.AttachmentPolicy.ValueType(UNKNOWN),
    text_validity=Duration(seconds=1),
    segments_per_minute=-1,
)

# Methods, the fields of a request, and the fields of the violations.
INVALID: list[tuple[str, dict[str, object], str]] = [
    ("StartConversation", {}, "request_id pool phone_number"),
    (
        "StartConversation",
        {
            "request_id": LONG,
            "pool": NOT_ASCII,
            "phone_number": "4255550111",
            "masked_number": "1",
            "unique_name": CONTROL,
            "selection": UNKNOWN_PREFERENCE,
        },
        "request_id pool phone_number masked_number unique_name selection.preference",
    ),
    (
        "StartConversation",
        CHANGE | {"phone_number": ALICE_NUMBER, "selection": AREA_CODE_OF_SECOND},
        "selection.area_code_of",
    ),
    ("OpenConversation", {}, "request_id pool phone_numbers"),
    (
        "OpenConversation",
        CHANGE | {"phone_numbers": [ALICE_NUMBER] * 2, "unique_name": LONG},
        "phone_numbers unique_name",
    ),
    (
        "OpenConversation",
        CHANGE
        | {"phone_numbers": [ALICE_NUMBER, BOB_NUMBER, MASKED], "selection": UNKNOWN_PREFERENCE},
        "phone_numbers selection.preference",
    ),
    ("JoinConversation", {}, "request_id pool code phone_number"),
    (
        "JoinConversation",
        CHANGE | {"code": TOO_LONG_BODY, "phone_number": "+0"},
        "code phone_number",
    ),
    ("EndConversation", {}, "request_id pool conversation_id"),
    (
        "EndConversation",
        CONVERSATION | {"participant_id": LONG, "note": "x" * 201},
        "participant_id note",
    ),
    ("EndConversation", CONVERSATION | {"note": "two\nlines"}, "note"),
    ("SendMessage", {}, "request_id pool conversation_id speaker body"),
    ("SendMessage", CONVERSATION | {"system": False, "body": TOO_LONG_BODY}, "system body"),
    ("SendMessage", CONVERSATION | {"system": True, "body": "a\0b"}, "body"),
    ("SendMessage", CONVERSATION | {"participant_id": "", "body": " "}, "participant_id body"),
    ("PauseConversation", {}, "request_id pool conversation_id"),
    ("ResumeConversation", {}, "request_id pool conversation_id"),
    ("ReopenConversation", {}, "request_id pool conversation_id"),
    ("GetConversation", {}, "pool conversation_id"),
    (
        "ListConversations",
        {
            "page_size": -1,
            "page_token": LONG,
            "state": UNKNOWN,
            "masked_number": "1",
            "unique_name": LONG,
            "participant_id": LONG,
            "phone_number": "1",
        },
        "pool page_size page_token state masked_number unique_name participant_id phone_number",
    ),
    (
        "ListMessages",
        {"page_size": -1, "page_token": "second"},
        "pool conversation_id page_size page_token",
    ),
    (
        "GetTimeline",
        {"page_size": -1, "page_token": "1" * 10},
        "pool conversation_id page_size page_token",
    ),
    (
        "WatchEvents",
        {"conversation_id": LONG, "cursor": "1-2-3"},
        "pool conversation_id cursor",
    ),
    ("ReceiveMessages", {}, "messages"),
    ("ReceiveMessages", {"messages": [pb.InboundMessage()] * 257}, "messages"),
    ("ReceiveDeliveryReceipts", {}, "receipts"),
    ("ReceiveDeliveryReceipts", {"receipts": [pb.DeliveryReceipt()] * 257}, "receipts"),
    ("CreatePool", {}, "request_id name settings.operator"),
    (
        "CreatePool",
        {
            "request_id": "r",
            "name": "-taxis",
            "settings": SETTINGS,
            "masked_numbers": [MASKED, "1", MASKED],
        },
        "name masked_numbers[1] masked_numbers settings.operator settings.lifetime "
        "settings.pause_policy settings.unknown_policy settings.attachment_policy "
        "settings.text_validity settings.segments_per_minute",
    ),
    ("UpdatePool", {}, "request_id pool update_mask"),
    (
        "UpdatePool",
        CHANGE | {"update_mask": FieldMask(paths=["operator", "numbers"])},
        "update_mask",
    ),
    ("AddNumber", {}, "request_id pool masked_number"),
    ("DrainNumber", {}, "request_id pool masked_number"),
    ("RemoveNumber", {}, "request_id pool masked_number"),
    ("GetPool", {}, "pool"),
    ("ListPools", {"page_size": -1, "page_token": "x"}, "page_size page_token"),
    ("ListNumbers", {"page_size": -1, "page_token": "-1"}, "pool page_size page_token"),
    ("SyncNumbers", {}, "pool"),
    ("GetPoolAdvice", {}, "pool"),
    ("OptOut", {}, "request_id phone_number"),
    ("OptIn", {"request_id": LONG, "phone_number": "1"}, "request_id phone_number"),
    ("GetOptOut", {}, "phone_number"),
    ("ErasePerson", {"phone_number": "1"}, "request_id phone_number"),
    ("GetErasure", {"erasure_id": LONG}, "erasure_id"),
    ("GetMedia", {}, "media_token"),
    ("GetMedia", {"media_token": "x" * 129}, "media_token"),
    ("ListDeadLetters", {"page_size": -1, "page_token": "x"}, "pool page_size page_token"),
    ("ReplayDeadLetter", {}, "request_id pool dead_letter_id"),
    ("DropDeadLetter", {}, "request_id pool dead_letter_id"),
    ("RotateKeys", {"page_token": "x"}, "request_id page_token"),
    ("RotateKeys", {"request_id": "r", "page_token": str(2**64)}, "page_token"),
    ("RotateKeys", {"request_id": "r", "page_token": "9" * 5000}, "page_token"),
]


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    async with running(redis_url, clock) as replica:
        yield replica


async def test_all_violations_of_a_request_are_reported_together(service: RunningService) -> None:
    for method, values, fields in INVALID:
        request = random_requests.build(method, values)
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await random_requests.call(service, method, request)
        assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT, method
        assert reason(refusal.value, DOMAIN) == "INVALID_ARGUMENT", method
        violations = detail(refusal.value, error_details_pb2.BadRequest()).field_violations
        assert {violation.field for violation in violations} == set(fields.split()), method
        assert all(violation.description for violation in violations), method
    methods = {method for method, _, _ in INVALID}
    assert methods == set(documented_errors.METHODS) - {"CheckDeployment"}


async def test_an_invalid_message_of_a_batch_is_refused_alone(service: RunningService) -> None:
    valid = service.text(ALICE_NUMBER, "help")
    invalid = [service.text(ALICE_NUMBER, "help") for _ in range(8)]
    invalid[0].carrier_message_id = "x" * 129
    invalid[1].from_number = "4255550111"
    invalid[2].to_number = ""
    invalid[3].body = "x" * 10_001
    invalid[4].attachments.extend([pb.MediaAttachment()] * 17)
    invalid[5].carrier_time.seconds = 253_402_300_800
    invalid[6].carrier_message_id = "call me"
    invalid[7].carrier_message_id = "+14255550111"
    results = (await service.receive(*invalid, valid)).results
    assert [result.error.reason for result in results] == [
        *[error_reason_pb2.ERROR_REASON_INVALID_ARGUMENT] * 8,
        error_reason_pb2.ERROR_REASON_UNSPECIFIED,
    ]
    assert "4255550111" not in str(results)
    assert all("carrier_message_id" in results[index].error.message for index in (0, 6, 7))


async def test_an_invalid_receipt_of_a_batch_is_refused_alone(service: RunningService) -> None:
    receipts = [
        pb.DeliveryReceipt(),
        pb.DeliveryReceipt(carrier_message_id="mdr2-1", send_token=LONG),
        pb.DeliveryReceipt(carrier_message_id="mdr2-1", send_token="a token"),
        pb.DeliveryReceipt(carrier_message_id="mdr2 1"),
        pb.DeliveryReceipt(carrier_message_id="mdr2-1"),
    ]
    request = pb.ReceiveDeliveryReceiptsRequest(receipts=receipts)
    response = await service.stub.ReceiveDeliveryReceipts(request, timeout=CALL_SECONDS)
    assert [result.outcome for result in response.results] == [
        *[pb.RECEIPT_OUTCOME_REFUSED] * 4,
        pb.RECEIPT_OUTCOME_UNMATCHED,
    ]
