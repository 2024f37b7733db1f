"""Validation of every request: all violations are reported together, by field."""

from collections.abc import AsyncIterator

import grpc
import pytest
from contract.conversation.rpc.wrong_pools import WRONG_POOLS
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from redis.asyncio import Redis

from conversation_service.rpc.core.status import DOMAIN
from maskline.admin.v1 import person_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.message_pb2 import Attachment, System
from maskline.conversation.v1.number_selection_pb2 import (
    AREA_CODE_OF_SECOND_PARTICIPANT,
    NumberPreference,
    NumberSelection,
)
from maskline.ingest.v1 import ingest_pb2
from support.builders import documented_errors, random_requests
from support.builders.conversation_calls import participants
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
OPT_OUT = person_pb2.ImportedOptOut(phone_number=ALICE_NUMBER)

CONVERSATION = pb.Conversation(pool_id="main", conversation_id="c")
WRONG_CONVERSATION = pb.Conversation(
    conversation_id=LONG,
    unique_name=CONTROL,
    labels={"ride": "x" * 201},
    max_end_time=Timestamp(seconds=-1),
    etag=LONG,
)

# The fields that an empty request of these methods lacks.
LACKING: dict[str, str] = {
    "CreateConversation": "request_id pool_id participants",
    "JoinConversation": "request_id pool_id join_code phone_number",
    "UpdateConversation": "request_id update_mask conversation.pool_id "
    "conversation.conversation_id",
    "EndConversation PauseConversation": "request_id pool_id conversation_id",
    "ResumeConversation ReopenConversation": "request_id pool_id conversation_id",
    "SendMessage": "request_id pool_id conversation_id author body",
    "GetConversation": "pool_id conversation_id",
    "GetMessage": "pool_id message_id",
    "ListEvents": "pool_id",
    "WatchEvents": "pool_id start",
    "IngestMessages": "messages",
    "IngestDeliveryReceipts": "receipts",
    "CreatePool": "request_id pool_id settings.operator_name settings.contact",
    "UpdatePool": "request_id pool.pool_id update_mask",
    "AddMaskedNumber DrainMaskedNumber RemoveMaskedNumber": "request_id pool_id masked_number",
    "ActivateMaskedNumber": "request_id pool_id masked_number",
    "UpdateMaskedNumber": "request_id pool_id masked_number.phone_number update_mask",
    "GetMaskedNumber": "pool_id masked_number",
    "GetPool CompareMaskedNumbers GetPoolCapacity": "pool_id",
    "OptOutPerson": "request_id phone_number",
    "GetOptOut": "phone_number",
    "LookupParticipant": "pool_id phone_number",
    "GetMedia": "media_token",
    "ReplayDeadLetter DiscardDeadLetter": "request_id pool_id dead_letter_id",
    "ReplayDeadLetters": "request_id pool_id reason",
    "ImportOptOuts": "request_id opt_outs",
    "ListBlocks": "pool_id",
    "DeleteBlock": "request_id pool_id block_id",
}
VALID: dict[str, object] = {
    "request_id": "r",
    "pool_id": "main",
    "conversation_id": "c",
    "phone_number": ALICE_NUMBER,
    "participants": participants(ALICE_NUMBER),
}
MEDIA = Attachment(url="https://media.example.net/1", content_type="image/png")
BAD_MEDIA = [
    Attachment(),
    Attachment(url="ftp://media.example.net/1", content_type="image"),
    Attachment(url="https://" + "x" * 4089),
]
PAGE: dict[str, object] = {"page_size": -1, "page_token": "x"}
WRONG_SUBJECTS: list[tuple[str, dict[str, object], str]] = [
    ("JoinConversation", {"join_code": "A2A2A2", "about": about}, "about")
    for about in ("x" * 31, "[" * 16, NOT_ASCII, " x", "a`b", "call 206-555-0100", CONTROL)
]
# Methods, and the fields that are wrong; those of the violations, where they have other names.
WRONG: list[tuple[str, dict[str, object], str]] = [
    (
        "CreateConversation",
        {"request_id": LONG, "pool_id": NOT_ASCII, "participants": participants("1", "2")},
        "request_id pool_id participants[0].phone_number participants[1].phone_number",
    ),
    ("CreateConversation", {"masked_number": "1", "unique_name": CONTROL}, ""),
    ("CreateConversation", {"selection": UNKNOWN_PREFERENCE}, "selection.preference"),
    ("CreateConversation", {"selection": AREA_CODE_OF_SECOND}, "selection.area_code_of"),
    ("CreateConversation", {"participants": participants(*[ALICE_NUMBER] * 2)}, ""),
    ("CreateConversation", {"participants": participants(ALICE_NUMBER, BOB_NUMBER, MASKED)}, ""),
    ("CreateConversation", {"labels": {"Ride": "42"}}, "labels"),
    ("CreateConversation", {"consent_reference": LONG, "about": "for one"}, ""),
    ("CreateConversation", {"consent_reference": CONTROL}, ""),
    *WRONG_SUBJECTS,
    ("CreateConversation", {"consent_reference": "+1 206 555 0100"}, "consent_reference"),
    (
        "UpdateConversation",
        {
            "request_id": LONG,
            "conversation": WRONG_CONVERSATION,
            "update_mask": FieldMask(paths=["labels.a b"]),
        },
        "request_id conversation.pool_id conversation.conversation_id conversation.unique_name "
        "conversation.labels conversation.max_end_time conversation.etag update_mask",
    ),
    ("JoinConversation", {"join_code": TOO_LONG_BODY, "phone_number": "+0"}, ""),
    ("EndConversation", {"participant_id": LONG, "note": "x" * 201}, ""),
    ("EndConversation", {"note": "two\nlines"}, ""),
    ("SendMessage", {"system": System(), "body": TOO_LONG_BODY}, "body"),
    ("SendMessage", {"system": System(), "body": "a\0b"}, "body"),
    ("SendMessage", {"system": System(), "body": "", "media": [MEDIA] * 17}, "media"),
    (
        "SendMessage",
        {"system": System(), "media": [MEDIA, *BAD_MEDIA]},
        "media[1].url media[2].url media[2].content_type media[3].url",
    ),
    (
        "SendMessage",
        {"system": System(), "body": "a", "recipient_participant_ids": ["a"] * 3},
        "recipient_participant_ids",
    ),
    (
        "SendMessage",
        {"participant_id": "a", "body": "a", "recipient_participant_ids": ["a", LONG]},
        "recipient_participant_ids[0] recipient_participant_ids[1]",
    ),
    ("GetMessage", {"message_id": LONG}, ""),
    ("SendMessage", {"participant_id": "", "body": " "}, ""),
    (
        "ListConversations",
        {"pool_id": "", "page_size": -1, "page_token": LONG},
        "",
    ),
    ("ListConversations", {"masked_number": "1", "unique_name": LONG}, ""),
    ("ListConversations", {"participant_id": LONG}, ""),
    ("ListConversations", {"states": [UNKNOWN, 0]}, "states[0] states[1]"),
    ("ListConversations", {"states": [1] * 17}, "states"),
    ("LookupParticipant", {"pool_id": "", "phone_number": "1"}, ""),
    ("ListMessages", PAGE | {"pool_id": "", "conversation_id": ""}, ""),
    ("ListEvents", PAGE | {"pool_id": "", "conversation_id": LONG, "page_token": "7"}, ""),
    ("ListEvents", {"types": [UNKNOWN, 0]}, "types[0] types[1]"),
    ("ListEvents", {"types": [1] * 101}, "types"),
    ("WatchEvents", {"pool_id": "", "conversation_id": LONG, "cursor": "1-2-3"}, ""),
    ("WatchEvents", {"cursor": ""}, "cursor"),
    ("WatchEvents", {"start_position": UNKNOWN, "types": [0]}, "start_position types[0]"),
    ("IngestMessages", {"messages": [ingest_pb2.InboundMessage()] * 257}, ""),
    ("IngestDeliveryReceipts", {"receipts": [ingest_pb2.DeliveryReceipt()] * 257}, ""),
    *WRONG_POOLS,
    ("OptInPerson", {"request_id": LONG, "phone_number": "1"}, ""),
    ("ErasePerson", {"request_id": "", "phone_number": "1"}, ""),
    ("GetErasure", {"erasure_id": LONG}, ""),
    ("GetMedia", {"media_token": "x" * 129}, ""),
    ("GetMedia", {"media_token": NOT_ASCII}, ""),
    ("ListDeadLetters", PAGE | {"pool_id": ""}, ""),
    ("ReplayDeadLetters", {"reason": UNKNOWN, "limit": 501, "continuation_token": "x"}, ""),
    (
        "ReplayDeadLetters",
        {"reason": 1, "limit": -1, "continuation_token": "1"},
        "limit continuation_token",
    ),
    ("ImportOptOuts", {"request_id": LONG, "opt_outs": [OPT_OUT] * 1001, "note": "x" * 65}, ""),
    ("ImportOptOuts", {"opt_outs": [OPT_OUT], "note": f"of {ALICE_NUMBER}"}, "note"),
    (
        "ListBlocks",
        {"pool_id": "", "participant_id": LONG, "page_size": -1, "page_token": LONG},
        "",
    ),
    ("ListStateKeys", {"continuation_token": "x"}, ""),
    ("RotateStateKeys", {"request_id": "", "continuation_token": "x"}, ""),
    ("AcceptRestore", {"request_id": LONG}, ""),
    ("RotateStateKeys", {"continuation_token": str(2**64)}, ""),
    ("RotateStateKeys", {"continuation_token": "9" * 5000}, ""),
]
MASKS: tuple[list[str], ...] = (
    [],
    ["state"],
    ["unique_name", "labels.KEY"],
    ["labels.", "max_end_time"],
)
WRONG += [
    (
        "UpdateConversation",
        {"conversation": CONVERSATION, "update_mask": FieldMask(paths=paths)},
        "update_mask",
    )
    for paths in MASKS
]
INVALID: list[tuple[str, dict[str, object], str]] = [
    *((method, {}, fields) for names, fields in LACKING.items() for method in names.split()),
    *((method, VALID | wrong, fields or " ".join(wrong)) for method, wrong, fields in WRONG),
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
    assert methods == set(documented_errors.METHODS) - {"CheckAccess", "CheckDeployment"}
