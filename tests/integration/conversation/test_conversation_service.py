"""The conversation service alone, over real gRPC, on a real Redis."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from google.rpc import error_details_pb2
from redis.asyncio import Redis

from conversation_service.domain import texts
from conversation_service.domain.message import MessageState
from conversation_service.store.outbox import Outbox
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import error_reason_pb2
from maskline.messaging.v1 import messaging_pb2
from support.clock import ManualClock
from support.conversation_service import CALL_SECONDS, RunningService, running
from support.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    POOL,
    VAULT,
)
from support.eventually import eventually
from support.grpc_calls import detail
from support.grpc_calls import reason as published_reason


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    async with running(redis_url, clock) as one:
        yield one


async def connected(service: RunningService) -> pb.Conversation:
    started = await service.start(ALICE_NUMBER)
    return await service.join(BOB_NUMBER, started.code)


def reason(error: grpc.aio.AioRpcError) -> str:
    return published_reason(error, "conversation.maskline")


async def test_two_people_talk_and_part_by_text(service: RunningService) -> None:
    await service.says(ALICE_NUMBER, "Start")
    [invitation] = await service.heard(ALICE_NUMBER, 1)
    code = invitation.removeprefix("Your code is ")[:6]
    assert invitation == texts.code(POOL, code)
    await service.says(BOB_NUMBER, f"Join {code.lower()}")
    await service.says(BOB_NUMBER, "hello")
    await service.says(ALICE_NUMBER, "hello yourself")
    await service.says(BOB_NUMBER, "End")
    heard_by_alice = [invitation, texts.somebody_joined(), "hello", texts.ended()]
    assert await service.heard(ALICE_NUMBER, 4) == heard_by_alice
    assert await service.heard(BOB_NUMBER, 3) == [
        texts.you_joined(),
        "hello yourself",
        texts.ended(),
    ]
    assert {one.from_number for one in service.messaging.sent} == {MASKED}


async def test_a_callback_sent_again_is_answered_as_a_repetition(service: RunningService) -> None:
    text = service.text(ALICE_NUMBER, "start")
    outcomes = [(await service.receive(text)).results[0].outcome for _ in range(3)]
    assert outcomes == [
        pb.RECEIVE_OUTCOME_ACCEPTED,
        pb.RECEIVE_OUTCOME_REPEATED,
        pb.RECEIVE_OUTCOME_REPEATED,
    ]
    both = (await service.receive(text, text)).results
    assert {one.outcome for one in both} == {pb.RECEIVE_OUTCOME_REPEATED}
    assert len(await service.heard(ALICE_NUMBER, 1)) == 1


async def test_one_bad_item_fails_neither_its_neighbours_nor_their_order(
    service: RunningService,
) -> None:
    await connected(service)
    reused = service.text(ALICE_NUMBER, "one")
    batch = [
        reused,
        service.text(ALICE_NUMBER, "lost", to="+12065550199"),
        pb.InboundMessage(carrier_message_id="", from_number="junk", to_number="", body="x"),
        service.text(ALICE_NUMBER, "two"),
        pb.InboundMessage(
            carrier_message_id=reused.carrier_message_id,
            from_number=ALICE_NUMBER,
            to_number=MASKED,
            body="another text under the same id",
        ),
        service.text(BOB_NUMBER, "three"),
    ]
    results = (await service.receive(*batch)).results
    assert [one.outcome for one in results] == [
        pb.RECEIVE_OUTCOME_ACCEPTED,
        pb.RECEIVE_OUTCOME_REFUSED,
        pb.RECEIVE_OUTCOME_REFUSED,
        pb.RECEIVE_OUTCOME_ACCEPTED,
        pb.RECEIVE_OUTCOME_REFUSED,
        pb.RECEIVE_OUTCOME_ACCEPTED,
    ]
    assert [one.error.reason for one in results if one.HasField("error")] == [
        error_reason_pb2.ERROR_REASON_UNKNOWN_MASKED_NUMBER,
        error_reason_pb2.ERROR_REASON_INVALID_ARGUMENT,
        error_reason_pb2.ERROR_REASON_REQUEST_ID_REUSED,
    ]
    assert (await service.heard(BOB_NUMBER, 3))[1:] == ["one", "two"]


async def test_many_texts_of_one_conversation_arrive_all_and_in_order(
    service: RunningService,
) -> None:
    await connected(service)
    said = [str(number) for number in range(120)]
    batches = [said[:50], said[50:]]
    for batch in batches:
        results = await service.receive(*(service.text(ALICE_NUMBER, body) for body in batch))
        assert {one.outcome for one in results.results} == {pb.RECEIVE_OUTCOME_ACCEPTED}
    assert (await service.heard(BOB_NUMBER, 121))[1:] == said


async def test_both_talking_at_once_lose_nothing(service: RunningService) -> None:
    await connected(service)
    said = [str(number) for number in range(20)]
    outcomes = await asyncio.gather(
        *(service.says(number, body) for body in said for number in (ALICE_NUMBER, BOB_NUMBER))
    )
    assert {one.outcome for one in outcomes} == {pb.RECEIVE_OUTCOME_ACCEPTED}
    assert sorted((await service.heard(ALICE_NUMBER, 22))[2:]) == sorted(said)
    assert sorted((await service.heard(BOB_NUMBER, 21))[1:]) == sorted(said)


async def test_of_many_who_join_with_one_code_exactly_one_is_let_in(
    service: RunningService,
) -> None:
    started = await service.start(ALICE_NUMBER)
    numbers = [f"+1425555012{digit}" for digit in range(8)]
    results = await asyncio.gather(
        *(service.join(number, started.code) for number in numbers), return_exceptions=True
    )
    refused = [one for one in results if isinstance(one, grpc.aio.AioRpcError)]
    assert len(refused) == len(numbers) - 1
    assert {reason(one) for one in refused} == {"CODE_NOT_VALID"}


async def test_one_who_starts_many_times_at_once_has_one_conversation_a_number(
    service: RunningService,
) -> None:
    results = await asyncio.gather(
        *(service.start(ALICE_NUMBER) for _ in range(6)), return_exceptions=True
    )
    started = [one for one in results if isinstance(one, pb.StartConversationResponse)]
    assert {one.conversation.masked_number for one in started} == {MASKED, OTHER_MASKED}
    assert len(started) == 2
    refused = [one for one in results if isinstance(one, grpc.aio.AioRpcError)]
    assert {reason(one) for one in refused} == {"NO_NUMBER_AVAILABLE"}


async def test_a_conversation_is_shown_without_numbers_of_people(service: RunningService) -> None:
    conversation = await service.get((await connected(service)).conversation_id)
    assert conversation.state == pb.CONVERSATION_STATE_ACTIVE
    assert conversation.masked_number == MASKED
    shown = [one.masked_phone_number for one in conversation.participants]
    assert shown == ["+1 ••• ••• 0111", "+1 ••• ••• 0122"]
    for number in (ALICE_NUMBER, BOB_NUMBER):
        assert number[1:] not in str(conversation)


async def test_a_client_speaks_for_a_participant_and_as_the_system(
    service: RunningService,
) -> None:
    conversation = await connected(service)
    alice = conversation.participants[0].participant_id

    def words(request_id: str) -> pb.SendMessageRequest:
        return pb.SendMessageRequest(
            request_id=request_id,
            pool="main",
            conversation_id=conversation.conversation_id,
            body="from a client",
        )

    for_alice, by_the_system = words("r1"), words("r2")
    for_alice.participant_id = alice
    by_the_system.system = True
    one = await service.stub.SendMessage(for_alice, timeout=CALL_SECONDS)
    assert len(one.message_ids) == 1
    both = await service.stub.SendMessage(by_the_system, timeout=CALL_SECONDS)
    assert len(both.message_ids) == 2
    assert (await service.heard(BOB_NUMBER, 3))[1:] == ["from a client"] * 2
    assert (await service.heard(ALICE_NUMBER, 3))[2:] == ["from a client"]
    again = await service.stub.SendMessage(by_the_system, timeout=CALL_SECONDS)
    assert again == both


async def test_a_repeated_request_gets_the_first_answer_even_when_the_state_has_moved(
    service: RunningService,
) -> None:
    request = pb.StartConversationRequest(request_id="r", pool="main", phone_number=ALICE_NUMBER)
    first = await service.stub.StartConversation(request, timeout=CALL_SECONDS)
    await service.join(BOB_NUMBER, first.code)
    assert await service.stub.StartConversation(request, timeout=CALL_SECONDS) == first
    request.phone_number = BOB_NUMBER
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await service.stub.StartConversation(request, timeout=CALL_SECONDS)
    assert reason(refused.value) == "REQUEST_ID_REUSED"


async def test_an_ending_by_the_operator_is_told_to_both_and_frees_both(
    service: RunningService,
) -> None:
    conversation = await connected(service)
    request = pb.EndConversationRequest(
        request_id="r", pool="main", conversation_id=conversation.conversation_id
    )
    ended = await service.stub.EndConversation(request, timeout=CALL_SECONDS)
    assert ended.conversation.end_reason == pb.END_REASON_OPERATOR_ENDED
    assert (await service.heard(ALICE_NUMBER, 3))[-1] == texts.ended()
    assert (await service.heard(BOB_NUMBER, 2))[-1] == texts.ended()
    await service.start(BOB_NUMBER)


async def test_conversations_are_listed_page_by_page(service: RunningService) -> None:
    started = []
    for number in (ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER):
        service.clock.move(seconds=1)
        started.append((await service.start(number)).conversation.conversation_id)
    listed, token = [], ""
    while True:
        page = await service.stub.ListConversations(
            pb.ListConversationsRequest(pool="main", page_size=2, page_token=token),
            timeout=CALL_SECONDS,
        )
        listed += [one.conversation_id for one in page.conversations]
        token = page.next_page_token
        if not token:
            break
    assert listed == started[::-1]


async def test_a_code_expires_on_time_and_its_owner_is_told(service: RunningService) -> None:
    started = await service.start(ALICE_NUMBER)
    await service.heard(ALICE_NUMBER, 1)
    service.clock.move(seconds=POOL.code_lifetime.total_seconds())
    assert (await service.heard(ALICE_NUMBER, 2))[1] == texts.code_expired()
    conversation = await service.get(started.conversation.conversation_id)
    assert conversation.end_reason == pb.END_REASON_CODE_EXPIRED
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await service.join(BOB_NUMBER, started.code)
    assert reason(refused.value) == "CODE_NOT_VALID"


async def test_a_wrong_a_used_and_an_expired_code_get_the_same_answer_by_text(
    service: RunningService,
) -> None:
    used = (await service.start(ALICE_NUMBER)).code
    await service.join(BOB_NUMBER, used)
    expired = (await service.start(CAROL_NUMBER)).code
    await service.heard(CAROL_NUMBER, 1)
    service.clock.move(seconds=POOL.code_lifetime.total_seconds())
    stranger = "+13605550144"
    for tries, code in enumerate([used, expired, "X4X4X4", "nonsense"], start=1):
        await service.says(stranger, f"join {code}")
        assert (await service.heard(stranger, tries))[-1] == texts.code_not_valid()


async def test_who_texts_after_an_expiry_that_nobody_swept_finds_it_done(
    service: RunningService,
) -> None:
    await connected(service)
    await service.heard(ALICE_NUMBER, 2)
    await service.heard(BOB_NUMBER, 1)
    service.clock.move(seconds=POOL.idle_lifetime.total_seconds())
    await service.says(ALICE_NUMBER, "anybody there?")
    heard = await service.heard(ALICE_NUMBER, 4)
    assert heard[2:] == [texts.idle_expired(), texts.help_text(POOL)]
    assert (await service.heard(BOB_NUMBER, 2))[1:] == [texts.idle_expired()]


async def test_an_ended_conversation_is_forgotten_in_time(service: RunningService) -> None:
    await service.start(ALICE_NUMBER)
    service.clock.move(seconds=POOL.code_lifetime.total_seconds())
    await service.heard(ALICE_NUMBER, 2)
    service.clock.move(seconds=POOL.kept_after_end.total_seconds())

    async def forgotten() -> bool:
        request = pb.ListConversationsRequest(pool="main")
        listed = await service.stub.ListConversations(request, timeout=CALL_SECONDS)
        return not listed.conversations

    await eventually(forgotten)


async def test_receipts_move_messages_forward_and_unknown_ones_are_told(
    service: RunningService, redis: Redis
) -> None:
    await service.start(ALICE_NUMBER)
    await service.heard(ALICE_NUMBER, 1)
    message_id = service.messaging.sent[0].message_id
    receipts = [
        pb.DeliveryReceipt(carrier_message_id="mdr2-1", send_token=f"token-{message_id}"),
        pb.DeliveryReceipt(carrier_message_id="mdr2-2", send_token="nobody's"),
        pb.DeliveryReceipt(carrier_message_id=""),
    ]
    request = pb.ReceiveDeliveryReceiptsRequest(receipts=receipts)
    response = await service.stub.ReceiveDeliveryReceipts(request, timeout=CALL_SECONDS)
    assert [one.outcome for one in response.results] == [
        pb.RECEIPT_OUTCOME_RECORDED,
        pb.RECEIPT_OUTCOME_UNMATCHED,
        pb.RECEIPT_OUTCOME_REFUSED,
    ]
    outbox = Outbox(redis, redis, "main", VAULT)
    assert await outbox.state(message_id) is MessageState.DELIVERED
    service.messaging.receipt_state = messaging_pb2.MESSAGE_STATE_SENT
    await service.stub.ReceiveDeliveryReceipts(request, timeout=CALL_SECONDS)
    assert await outbox.state(message_id) is MessageState.DELIVERED


async def test_texts_are_taken_while_nothing_can_be_sent_and_leave_afterwards(
    service: RunningService,
) -> None:
    service.messaging.is_down = True
    assert (await service.says(ALICE_NUMBER, "start")).outcome == pb.RECEIVE_OUTCOME_ACCEPTED
    receipts = pb.ReceiveDeliveryReceiptsRequest(
        receipts=[pb.DeliveryReceipt(carrier_message_id="mdr2-1")]
    )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await service.stub.ReceiveDeliveryReceipts(receipts, timeout=CALL_SECONDS)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason(refused.value) == "BACKEND_UNAVAILABLE"
    service.messaging.is_down = False
    service.clock.move(seconds=2)
    assert len(await service.heard(ALICE_NUMBER, 1)) == 1


BAD = "x" * 65
BAD_REQUESTS = [
    ("StartConversation", pb.StartConversationRequest(), {"request_id", "pool", "phone_number"}),
    (
        "StartConversation",
        pb.StartConversationRequest(
            request_id=BAD, pool="main", phone_number="4255550111", masked_number="1"
        ),
        {"request_id", "phone_number", "masked_number"},
    ),
    (
        "JoinConversation",
        pb.JoinConversationRequest(),
        {"request_id", "pool", "code", "phone_number"},
    ),
    ("EndConversation", pb.EndConversationRequest(), {"request_id", "pool", "conversation_id"}),
    (
        "SendMessage",
        pb.SendMessageRequest(),
        {"request_id", "pool", "conversation_id", "speaker", "body"},
    ),
    (
        "SendMessage",
        pb.SendMessageRequest(
            request_id="r", pool="main", conversation_id="c", system=False, body="x" * 10_001
        ),
        {"system", "body"},
    ),
    ("GetConversation", pb.GetConversationRequest(), {"pool", "conversation_id"}),
    ("ListConversations", pb.ListConversationsRequest(page_size=-1), {"pool", "page_size"}),
    ("ReceiveMessages", pb.ReceiveMessagesRequest(), {"messages"}),
    (
        "ReceiveMessages",
        pb.ReceiveMessagesRequest(messages=[pb.InboundMessage()] * 257),
        {"messages"},
    ),
    ("ReceiveDeliveryReceipts", pb.ReceiveDeliveryReceiptsRequest(), {"receipts"}),
]


@pytest.mark.parametrize(("method", "request_", "fields"), BAD_REQUESTS)
async def test_all_that_is_wrong_with_a_request_is_told_at_once(
    service: RunningService, method: str, request_: object, fields: set[str]
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await getattr(service.stub, method)(request_, timeout=CALL_SECONDS)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(refused.value) == "INVALID_ARGUMENT"
    told = detail(refused.value, error_details_pb2.BadRequest())
    assert {one.field for one in told.field_violations} == fields


REFUSALS = [
    (pb.StartConversationRequest(pool="none", phone_number=ALICE_NUMBER), "POOL_NOT_FOUND"),
    (
        pb.StartConversationRequest(
            pool="main", phone_number=ALICE_NUMBER, masked_number="+12065550199"
        ),
        "UNKNOWN_MASKED_NUMBER",
    ),
    (
        pb.JoinConversationRequest(pool="main", phone_number=BOB_NUMBER, code="X4X4X4"),
        "CODE_NOT_VALID",
    ),
    (
        pb.JoinConversationRequest(pool="main", phone_number=BOB_NUMBER, code="no code at all"),
        "CODE_NOT_VALID",
    ),
    (pb.EndConversationRequest(pool="main", conversation_id="none"), "CONVERSATION_NOT_FOUND"),
    (
        pb.SendMessageRequest(pool="main", conversation_id="none", system=True, body="x"),
        "CONVERSATION_NOT_FOUND",
    ),
]


@pytest.mark.parametrize(("request_", "expected"), REFUSALS)
async def test_what_cannot_be_done_is_refused_with_its_published_reason(
    service: RunningService,
    request_: pb.StartConversationRequest | pb.EndConversationRequest,
    expected: str,
) -> None:
    request_.request_id = "r"
    method = type(request_).__name__.removesuffix("Request")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await getattr(service.stub, method)(request_, timeout=CALL_SECONDS)
    assert reason(refused.value) == expected


async def test_a_conversation_that_is_over_or_not_begun_takes_no_words(
    service: RunningService,
) -> None:
    started = await service.start(ALICE_NUMBER)
    name = started.conversation.conversation_id
    request = pb.SendMessageRequest(
        request_id="r", pool="main", conversation_id=name, system=True, body="x"
    )
    with pytest.raises(grpc.aio.AioRpcError) as waiting:
        await service.stub.SendMessage(request, timeout=CALL_SECONDS)
    assert reason(waiting.value) == "CONVERSATION_NOT_ACTIVE"
    await service.stub.EndConversation(
        pb.EndConversationRequest(request_id="e", pool="main", conversation_id=name),
        timeout=CALL_SECONDS,
    )
    with pytest.raises(grpc.aio.AioRpcError) as over:
        await service.stub.SendMessage(request, timeout=CALL_SECONDS)
    assert reason(over.value) == "CONVERSATION_ENDED"


async def test_a_surprise_is_internal_and_tells_nothing(
    service: RunningService, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(*_: object) -> None:
        raise ValueError(f"about {ALICE_NUMBER}")

    monkeypatch.setattr("conversation_service.rpc.requests.check_get", explode)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await service.get("c")
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert failed.value.details() == "internal error"
    assert ALICE_NUMBER[1:] not in capsys.readouterr().out
