"""What the messaging service is asked, and how its answers are taken, over real gRPC."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from redis.asyncio import Redis

from conversation_service.domain.model.messages import Attachment, MessageState
from conversation_service.domain.model.pool import AttachmentPolicy, PoolSettings, UnknownPolicy
from conversation_service.domain.templates.catalog import Template
from conversation_service.messaging.client import (
    MessagingClient,
    MessagingUnavailable,
    RequestFailed,
    RequestInvalid,
)
from conversation_service.messaging.send import (
    DEFAULT_RETRY,
    OPTED_OUT_CODE,
    Rejected,
    Retry,
    SendResult,
    Sent,
    TextToSend,
    Uncertain,
)
from maskline.messaging.v1 import error_reason_pb2
from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.conversation_calls import kinds
from support.conversation_service import RunningService
from support.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED, says
from support.scripted_messaging import Context, ScriptedMessaging, serving

TEXT = TextToSend("m1", "main", MASKED, ALICE_NUMBER, "hello")
SECONDS = Duration(seconds=3)
WAIT = timedelta(seconds=3)


@pytest.fixture
async def messaging() -> AsyncIterator[tuple[ScriptedMessaging, MessagingClient]]:
    scripted = ScriptedMessaging()
    async with serving(scripted) as target, grpc.aio.insecure_channel(target) as channel:
        yield scripted, MessagingClient(channel)


def not_sent(reason: str) -> pb.SendMessageResult:
    return pb.SendMessageResult(
        outcome=pb.SEND_OUTCOME_NOT_SENT, retry_delay=SECONDS, error=item_error(reason)
    )


def refusal(reason: str, **more: int) -> pb.SendMessageResult:
    return pb.SendMessageResult(
        outcome=pb.SEND_OUTCOME_REFUSED,
        state=pb.MESSAGE_STATE_REFUSED,
        error=item_error(reason),
        **more,  # type: ignore[arg-type]
    )


def item_error(reason: str) -> pb.ItemError:
    return pb.ItemError(reason=error_reason_pb2.ErrorReason.Value(f"ERROR_REASON_{reason}"))


ANSWERS: list[tuple[pb.SendMessageResult, SendResult]] = [
    (not_sent("SEND_PACED"), Retry(WAIT, is_paced=True)),
    (not_sent("CARRIER_RATE_LIMITED"), Retry(WAIT, is_paced=True)),
    (not_sent("CARRIER_ACCOUNT_REFUSED"), Retry(WAIT, is_paced=True)),
    (not_sent("SEND_IN_PROGRESS"), Retry(WAIT)),
    (not_sent("BACKEND_UNAVAILABLE"), Retry(WAIT)),
    (not_sent("CARRIER_UNAVAILABLE"), Retry(WAIT, is_counted=True)),
    (
        pb.SendMessageResult(outcome=pb.SEND_OUTCOME_NOT_SENT),
        Retry(DEFAULT_RETRY, is_counted=True),
    ),
    (refusal("INVALID_ARGUMENT"), Rejected()),
    (refusal("MESSAGE_ID_REUSED"), Rejected()),
    (
        refusal("RECIPIENT_OPTED_OUT"),
        Sent(MessageState.REFUSED, is_opted_out=True, reason="RECIPIENT_OPTED_OUT"),
    ),
    (
        refusal("CARRIER_REFUSED", carrier_status_code=OPTED_OUT_CODE),
        Sent(MessageState.REFUSED, is_opted_out=True, reason="CARRIER_REFUSED"),
    ),
    (
        refusal("ATTACHMENTS_REFUSED", refused_attachments=2),
        Sent(MessageState.REFUSED, reason="ATTACHMENTS_REFUSED", refused_attachments=2),
    ),
    (
        pb.SendMessageResult(outcome=pb.SEND_OUTCOME_UNKNOWN, retry_delay=SECONDS),
        Uncertain(WAIT),
    ),
    (
        pb.SendMessageResult(
            outcome=pb.SEND_OUTCOME_UNKNOWN,
            state=pb.MESSAGE_STATE_UNKNOWN,
            resolution=pb.UNKNOWN_RESOLUTION_PREFERRED_LOSS,
        ),
        Sent(MessageState.UNKNOWN, resolution="PREFERRED_LOSS"),
    ),
    (
        pb.SendMessageResult(
            outcome=pb.SEND_OUTCOME_ACCEPTED,
            state=pb.MESSAGE_STATE_DELIVERED,
            resolution=pb.UNKNOWN_RESOLUTION_RECEIPT,
        ),
        Sent(MessageState.DELIVERED, resolution="RECEIPT"),
    ),
    # Values that were added later.
    (
        pb.SendMessageResult(outcome=pb.SendOutcome.ValueType(99), retry_delay=SECONDS),
        Uncertain(WAIT),
    ),
    (
        pb.SendMessageResult(
            outcome=pb.SEND_OUTCOME_ACCEPTED, resolution=pb.UnknownResolution.ValueType(99)
        ),
        Sent(MessageState.SENT),
    ),
]


@pytest.mark.parametrize(("answer", "meaning"), ANSWERS)
async def test_every_answer_has_its_meaning(
    messaging: tuple[ScriptedMessaging, MessagingClient],
    answer: pb.SendMessageResult,
    meaning: SendResult,
) -> None:
    scripted, client = messaging
    scripted.answers["hello"] = [answer]
    assert await client.send([TEXT]) == [meaning]


async def test_a_text_is_handed_over_with_its_files_and_its_pools_wishes(
    messaging: tuple[ScriptedMessaging, MessagingClient],
) -> None:
    scripted, client = messaging
    settings = PoolSettings(
        operator="x",
        unknown_policy=UnknownPolicy.PREFER_DUPLICATE,
        attachment_policy=AttachmentPolicy.ALL,
        segments_per_day=200,
    )
    files = (Attachment("https://media.example.com/1", "image/png", 7),)
    text = TextToSend("m2", "main", MASKED, ALICE_NUMBER, "", files, settings)
    await client.send([TEXT, text])
    plain, whole = scripted.sent
    assert not plain.HasField("campaign_budget")
    assert plain.unknown_policy == pb.UNKNOWN_POLICY_PREFER_LOSS
    assert whole == pb.OutboundMessage(
        message_id="m2",
        pool="main",
        from_number=MASKED,
        to_number=ALICE_NUMBER,
        attachments=[pb.Attachment(url=files[0].url, content_type="image/png", size_bytes=7)],
        attachment_policy=pb.ATTACHMENT_POLICY_ALL,
        unknown_policy=pb.UNKNOWN_POLICY_PREFER_DUPLICATE,
        campaign_budget=pb.CampaignBudget(segments_per_day=200),
    )


@dataclass
class FailingMessaging(ScriptedMessaging):
    """It fails at every request."""

    code: grpc.StatusCode = grpc.StatusCode.INTERNAL

    async def SendMessages(
        self, request: pb.SendMessagesRequest, context: Context
    ) -> pb.SendMessagesResponse:
        await context.abort(self.code, "failed")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, RequestInvalid),
        (grpc.StatusCode.INTERNAL, RequestFailed),
        (grpc.StatusCode.UNKNOWN, RequestFailed),
        (grpc.StatusCode.UNAVAILABLE, MessagingUnavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, MessagingUnavailable),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, MessagingUnavailable),
    ],
)
async def test_what_is_about_the_request_is_told_from_what_passes(
    code: grpc.StatusCode, error: type[Exception]
) -> None:
    async with (
        serving(FailingMessaging(code=code)) as target,
        grpc.aio.insecure_channel(target) as channel,
    ):
        with pytest.raises(error) as raised:
            await MessagingClient(channel).send([TEXT])
    assert raised.type is error


async def test_a_refused_text_is_told_to_its_sender_without_a_reason(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.messaging.answers["hello"] = [refusal("CARRIER_REFUSED")]
    await service.says(BOB_NUMBER, "hello")
    assert await service.heard(BOB_NUMBER, 1) == [says(Template.NOT_DELIVERED)]
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []
    told = kinds(await service.timeline(conversation.conversation_id))
    assert told.count(("MESSAGE_REFUSED", "REFUSED_BY_CARRIER")) == 1


async def test_an_unknown_text_holds_up_its_own_recipient_until_it_is_resolved(
    redis: Redis, service: RunningService, clock: ManualClock
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    unknown = pb.SendMessageResult(outcome=pb.SEND_OUTCOME_UNKNOWN, retry_delay=SECONDS)
    resolved = pb.SendMessageResult(
        outcome=pb.SEND_OUTCOME_ACCEPTED, resolution=pb.UNKNOWN_RESOLUTION_RECORD
    )
    service.messaging.answers["one"] = [unknown, resolved]
    for body in ("one", "two"):
        await service.says(BOB_NUMBER, body)
    await service.says(ALICE_NUMBER, "meanwhile")
    assert await service.heard(BOB_NUMBER, 1) == ["meanwhile"]
    assert service.sent_to(ALICE_NUMBER) == []
    clock.move(seconds=3)
    assert await service.heard(ALICE_NUMBER, 1) == ["two"]
    told = kinds(await service.timeline(conversation.conversation_id))
    assert told.count(("MESSAGE_UNKNOWN", "")) == 1
    assert told.count(("MESSAGE_RESOLVED", "RECORD")) == 1
