"""The errors that no client can provoke at will, and that no other error is returned."""

import asyncio
from collections.abc import Sequence
from random import Random

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from redis.asyncio import Redis

from conversation_service.rpc.core.status import CODES, DOMAIN, RETRY_AFTER
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Conflict
from maskline.admin.v1 import person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2
from support.builders import documented_errors, random_requests
from support.builders.conversation_calls import ask, participants
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
)
from support.builders.dead_letters import damaged, dead_letters
from support.clock import ManualClock
from support.net.grpc_calls import detail, reason
from support.redis.redis_relay import redis_relay
from support.services.conversation_service import RunningService, running
from support.services.refusing_carrier import RefusingCarrier

STEPS = 250
# The first reports the failure as a finding; the others call only the messaging service.
WITHOUT_REDIS = {"CheckAccess", "CheckDeployment", "IngestDeliveryReceipts", "GetMedia"}
CODE_OF = {kind.reason: code for kind, code in CODES.items()}
OPERATOR = pool_pb2.PoolSettings(operator_name="Test exchange", contact="help@example.org")
# Every change that can lose races, in this order, with the fields that get it to its commit.
CHANGES: dict[str, dict[str, object]] = {
    "CreateConversation": {"participants": participants("+14255550145", "+14255550146")},
    "JoinConversation": {"phone_number": "+14255550147"},
    "UpdateConversation": {
        "conversation_id": "active",
        "update_mask": FieldMask(paths=["max_end_time"]),
    },
    "EndConversation": {"conversation_id": "active"},
    "SendMessage": {"conversation_id": "active", "system": message_pb2.System(), "body": "hello"},
    "PauseConversation": {"conversation_id": "active"},
    "ResumeConversation": {"conversation_id": "paused"},
    "ReopenConversation": {"conversation_id": "ended"},
    "CreatePool": {"pool_id": "taxis", "settings": OPERATOR},
    "UpdatePool": {
        "pool": pool_pb2.Pool(pool_id="main", settings=OPERATOR),
        "update_mask": FieldMask(paths=["settings.operator_name"]),
    },
    "AddMaskedNumber": {"masked_number": "+12065550103"},
    "UpdateMaskedNumber": {
        "masked_number": pool_pb2.MaskedNumber(phone_number=MASKED, reserved=True),
        "update_mask": FieldMask(paths=["reserved"]),
    },
    "DrainMaskedNumber": {"masked_number": MASKED},
    "ActivateMaskedNumber": {"masked_number": MASKED},
    "RemoveMaskedNumber": {"masked_number": "+12065550102"},
    "OptOutPerson": {"phone_number": ALICE_NUMBER},
    "DeleteBlock": {"block_id": "made"},
}
# The other errors that conformance cannot provoke. Those of watches are in test_watches.py, but
# SERVER_STOPPING is in tests/integration/conversation/app/test_process.py; those of look-ups are in
# tests/contract/conversation/rpc/test_number_lookups.py.
RARE = {
    *((method, "NUMBER_LOOKUP_LIMIT_REACHED") for method in documented_errors.LOOKUPS),
    ("CompareMaskedNumbers", "CARRIER_CREDENTIALS_REJECTED"),
    ("CompareMaskedNumbers", "BACKEND_UNAVAILABLE"),
    ("GetMedia", "BACKEND_UNAVAILABLE"),
    ("ReplayDeadLetter", "DEAD_LETTER_UNREADABLE"),
    ("WatchEvents", "CURSOR_EXPIRED"),
    ("WatchEvents", "WATCH_TOO_SLOW"),
    ("WatchEvents", "SERVER_STOPPING"),
}


def test_every_documented_error_that_conformance_cannot_provoke_has_a_test_here() -> None:
    documented = documented_errors.errors()
    assert set(documented) == set(documented_errors.METHODS) - documented_errors.WITHOUT_LIST
    rare = {reason for _, reason in RARE}
    pairs = {(method, reason) for method, reasons in documented.items() for reason in reasons}
    assert {(method, reason) for method, reason in pairs if reason in rare} == RARE
    assert {method for method, reason in pairs if reason == "CONCURRENT_CHANGE"} == set(CHANGES)


async def test_every_change_that_loses_race_after_race_says_so(
    redis: Redis, redis_url: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def commit(_: ConversationRepository, commits: Sequence[Commit]) -> list[Conflict]:
        return [Conflict() for _ in commits]

    async with running(redis_url, clock) as service:
        ids, code = await _conversations(service)
        block_id = await _block(service)
        monkeypatch.setattr(ConversationRepository, "commit", commit)
        for method, fields in CHANGES.items():
            name = ids.get(str(fields.get("conversation_id")), "")
            await _expect(
                "CONCURRENT_CHANGE",
                service,
                method,
                fields
                | {
                    "conversation_id": name,
                    "conversation": pb.Conversation(conversation_id=name, pool_id="main"),
                    "join_code": code,
                    "block_id": block_id,
                },
            )


async def test_a_failing_carrier_or_messaging_service_and_a_damaged_text_are_reported(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, messaging=RefusingCarrier()) as service:
        await _expect("CARRIER_CREDENTIALS_REJECTED", service, "CompareMaskedNumbers", {})
    async with running(redis_url, clock) as service:
        await damaged(service)
        [letter] = await dead_letters(service, 1)
        replay: dict[str, object] = {"dead_letter_id": letter.dead_letter_id}
        await _expect("DEAD_LETTER_UNREADABLE", service, "ReplayDeadLetter", replay)
        service.messaging.is_down = True
        await _expect("BACKEND_UNAVAILABLE", service, "CompareMaskedNumbers", {})
        await _expect("BACKEND_UNAVAILABLE", service, "GetMedia", {"media_token": "none"})


async def test_every_method_that_needs_redis_returns_unavailable_without_it(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with redis_relay(redis_url) as relay, running(relay.url, clock) as service:
        await service.healthy()
        await relay.cut()
        methods = sorted(set(documented_errors.METHODS) - WITHOUT_REDIS)
        calls = (_call(service, method, random_requests.well_formed(method)) for method in methods)
        for method, refusal in zip(methods, await asyncio.gather(*calls), strict=True):
            assert isinstance(refusal, grpc.aio.AioRpcError), method
            assert reason(refusal, DOMAIN) == "BACKEND_UNAVAILABLE", method
            assert refusal.code() is grpc.StatusCode.UNAVAILABLE, method
            retry_info = detail(refusal, error_details_pb2.RetryInfo())
            assert retry_info.retry_delay.ToTimedelta() == RETRY_AFTER, method


@pytest.mark.parametrize("seed", range(4))
async def test_random_requests_in_random_order_get_only_documented_errors(
    redis: Redis, redis_url: str, clock: ManualClock, seed: int
) -> None:
    random, values = Random(seed), random_requests.palette()
    errors, successes = documented_errors.errors(), 0
    async with running(redis_url, clock) as service:
        for _ in range(STEPS):
            method = random.choice(sorted(documented_errors.METHODS))
            request = random_requests.draw(method, values, random)
            result = await _call(service, method, request)
            if isinstance(result, Message):
                random_requests.learn(values, result)
                successes += 1
            else:
                assert reason(result, DOMAIN) in errors.get(method, {"INVALID_ARGUMENT"}), method
                assert all(number[1:] not in str(result) for number in random_requests.PEOPLE)
            clock.move(seconds=random.choice((0, 1, 60, 200)))
    # The requests are neither all valid nor all invalid.
    assert STEPS / 5 < successes < STEPS


async def _conversations(service: RunningService) -> tuple[dict[str, str], str]:
    """The ids of conversations by their state, and a code to join one with."""
    ended = await service.open(BOB_NUMBER, CAROL_NUMBER, masked_number=OTHER_MASKED)
    await service.end(ended.conversation_id)
    active = await service.open(ALICE_NUMBER, CAROL_NUMBER)
    paused = await service.open(ALICE_NUMBER, "+14255550143", masked_number=OTHER_MASKED)
    pause = pb.PauseConversationRequest(conversation_id=paused.conversation_id)
    await ask(service.stub.PauseConversation, pause)
    number = pool_pb2.AddMaskedNumberRequest(masked_number="+12065550102")
    await ask(service.pools.AddMaskedNumber, number)
    by_state = {"active": active, "paused": paused, "ended": ended}
    ids = {state: conversation.conversation_id for state, conversation in by_state.items()}
    return ids, (await service.start("+14255550142", MASKED)).join_code


async def _block(service: RunningService) -> str:
    blocked = await service.open("+14255550140", "+14255550141", masked_number=MASKED)
    await service.deliver("+14255550140", "block", to=blocked.masked_number)
    [block] = (await ask(service.people.ListBlocks, person_pb2.ListBlocksRequest())).blocks
    return block.block_id


async def _expect(
    expected: str, service: RunningService, method: str, fields: dict[str, object]
) -> None:
    request = random_requests.build(
        method, {"request_id": f"r {method}", "pool_id": "main"} | fields
    )
    refusal = await _call(service, method, request)
    assert isinstance(refusal, grpc.aio.AioRpcError), method
    assert reason(refusal, DOMAIN) == expected, method
    assert refusal.code() is CODE_OF[expected], method


async def _call(
    service: RunningService, method: str, request: Message
) -> Message | grpc.aio.AioRpcError:
    try:
        return await random_requests.call(service, method, request)
    except grpc.aio.AioRpcError as refusal:
        return refusal
