"""Requests to the messaging service and the meaning of its results, over real gRPC."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from conversation_service.domain.model.events import Failure, FailureReason, SendResolution
from conversation_service.domain.model.messages import Attachment, MessageState, OutboundMessage
from conversation_service.domain.model.pool import AttachmentPolicy, UncertainSendPolicy
from conversation_service.messaging.client import (
    MessagingClient,
    MessagingUnavailable,
    RequestFailed,
    RequestInvalid,
)
from conversation_service.messaging.send import (
    DEFAULT_RETRY,
    Rejected,
    Retry,
    SendResult,
    Sent,
    Uncertain,
)
from maskline.messaging.v1 import messaging_pb2 as pb
from support.builders.conversations import (
    ALICE,
    ALICE_NUMBER,
    MASKED,
    SETTINGS,
    settings_with,
)
from support.fakes.scripted_messaging import Context, ScriptedMessaging, item_error, serving

MESSAGE = OutboundMessage("m1", "c1", MASKED, ALICE, "hello")
SECONDS = Duration(seconds=3)
WAIT = timedelta(seconds=3)
# It alone says nothing here: each carrier has codes of its own.
CODE = "1110"


@pytest.fixture
async def messaging() -> AsyncIterator[tuple[ScriptedMessaging, MessagingClient]]:
    scripted = ScriptedMessaging()
    async with serving(scripted) as target, grpc.aio.insecure_channel(target) as channel:
        yield scripted, MessagingClient(channel)


def not_sent(reason: str) -> pb.SendMessageResult:
    outcome = pb.SEND_OUTCOME_NOT_SENT
    return pb.SendMessageResult(outcome=outcome, error=item_error(reason, WAIT))


def refusal(reason: str) -> pb.SendMessageResult:
    return pb.SendMessageResult(
        outcome=pb.SEND_OUTCOME_REJECTED, state=pb.MESSAGE_STATE_FAILED, error=item_error(reason)
    )


def failed(reason: int, *, refused_attachments: int = 0) -> pb.SendMessageResult:
    return pb.SendMessageResult(
        outcome=pb.SEND_OUTCOME_REJECTED,
        state=pb.MESSAGE_STATE_FAILED,
        failure=pb.Failure(reason=pb.FailureReason.ValueType(reason), carrier_code=CODE),
        refused_attachment_count=refused_attachments,
    )


REJECTED = Failure(FailureReason.CARRIER_REJECTED, CODE)
REFUSED = Sent(MessageState.FAILED, failure=REJECTED)
NO_ERROR = pb.SendMessageResult(outcome=pb.SEND_OUTCOME_NOT_SENT)
UNKNOWN = pb.SendMessageResult(outcome=pb.SEND_OUTCOME_UNCERTAIN, retry_delay=SECONDS)
LOST = pb.SendMessageResult(
    outcome=pb.SEND_OUTCOME_UNCERTAIN,
    state=pb.MESSAGE_STATE_UNCERTAIN,
    resolution=pb.SEND_RESOLUTION_PREFERRED_LOSS,
)
DELIVERED = pb.SendMessageResult(
    outcome=pb.SEND_OUTCOME_SENT,
    state=pb.MESSAGE_STATE_DELIVERED,
    resolution=pb.SEND_RESOLUTION_RECEIPT,
)
# Values that were added to the contract later.
LATER_OUTCOME = pb.SendMessageResult(outcome=pb.SendOutcome.ValueType(99), retry_delay=SECONDS)
LATER_DETAILS = pb.SendMessageResult(
    outcome=pb.SEND_OUTCOME_SENT,
    resolution=pb.SendResolution.ValueType(99),
    error=item_error("ADDED_LATER"),
)
OPTED_OUT = replace(REFUSED, failure=Failure(FailureReason.OPTED_OUT, CODE))
ONLY_FILES = Failure(FailureReason.ATTACHMENTS_REFUSED, CODE)
FILES_REFUSED = replace(REFUSED, failure=ONLY_FILES, refused_attachments=2)
RESULTS: list[tuple[pb.SendMessageResult, SendResult]] = [
    (not_sent("SEND_PACED"), Retry(WAIT, is_throttled=True)),
    (not_sent("CARRIER_RATE_LIMITED"), Retry(WAIT, is_throttled=True)),
    (not_sent("CARRIER_CREDENTIALS_REJECTED"), Retry(WAIT, is_throttled=True)),
    (not_sent("SEND_IN_PROGRESS"), Retry(WAIT)),
    (not_sent("BACKEND_UNAVAILABLE"), Retry(WAIT)),
    (not_sent("CARRIER_UNAVAILABLE"), Retry(WAIT, counts_as_attempt=True)),
    (NO_ERROR, Retry(DEFAULT_RETRY, counts_as_attempt=True)),
    (refusal("INVALID_ARGUMENT"), Rejected()),
    (refusal("MESSAGE_ID_REUSED"), Rejected()),
    (failed(pb.FAILURE_REASON_OPTED_OUT), OPTED_OUT),
    (failed(pb.FAILURE_REASON_CARRIER_REJECTED), REFUSED),
    # A reason that was added to the contract later.
    (failed(99), REFUSED),
    (failed(pb.FAILURE_REASON_ATTACHMENTS_REFUSED, refused_attachments=2), FILES_REFUSED),
    (UNKNOWN, Uncertain(WAIT)),
    (LOST, Sent(MessageState.UNCERTAIN, resolution=SendResolution.PREFERRED_LOSS)),
    (DELIVERED, Sent(MessageState.DELIVERED, resolution=SendResolution.RECEIPT)),
    (LATER_OUTCOME, Uncertain(WAIT)),
    (LATER_DETAILS, Sent(MessageState.SENT)),
]


async def test_every_result_has_its_meaning(
    messaging: tuple[ScriptedMessaging, MessagingClient],
) -> None:
    scripted, client = messaging
    for result, meaning in RESULTS:
        scripted.answers["hello"] = [result]
        assert await client.send([MESSAGE], "main", SETTINGS) == [meaning], result


async def test_a_message_is_sent_with_its_attachments_and_the_settings_of_its_pool(
    messaging: tuple[ScriptedMessaging, MessagingClient],
) -> None:
    scripted, client = messaging
    settings = settings_with(
        {
            "sending.uncertain_send_policy": UncertainSendPolicy.PREFER_DUPLICATE,
            "relay.attachment_policy": AttachmentPolicy.ALL,
            "sending.campaign_budget.segments_per_day": 200,
        }
    )
    files = (Attachment("https://media.example.com/1", "image/png", 7),)
    await client.send([MESSAGE], "main", SETTINGS)
    with_file = replace(MESSAGE, message_id="m2", body="", attachments=files)
    await client.send([with_file], "main", settings)
    plain, whole = scripted.sent
    assert not plain.HasField("campaign_budget")
    assert plain.uncertain_send_policy == pb.UNCERTAIN_SEND_POLICY_PREFER_LOSS
    assert whole == pb.OutboundMessage(
        message_id="m2",
        pool_id="main",
        from_number=MASKED,
        to_number=ALICE_NUMBER,
        attachments=[pb.Attachment(url=files[0].url, content_type="image/png", size_bytes=7)],
        attachment_policy=pb.ATTACHMENT_POLICY_ALL,
        uncertain_send_policy=pb.UNCERTAIN_SEND_POLICY_PREFER_DUPLICATE,
        campaign_budget=pb.CampaignBudget(segments_per_day=180),
    )


async def test_a_tenth_of_a_budget_is_for_messages_that_may_use_the_reserve(
    messaging: tuple[ScriptedMessaging, MessagingClient],
) -> None:
    scripted, client = messaging
    for limit, others in ((0, 0), (1, 1), (2, 1), (10, 9), (11, 9), (2000, 1800)):
        settings = settings_with(
            {
                "sending.campaign_budget.segments_per_minute": limit,
                "sending.campaign_budget.segments_per_day": 2 * limit,
            }
        )
        limited_message = replace(MESSAGE, message_id=f"limited-{limit}")
        reserved = replace(MESSAGE, message_id=f"reserved-{limit}", uses_reserve=True)
        await client.send([limited_message, reserved], "main", settings)
        limited, whole = scripted.sent[-2:]
        assert limited.campaign_budget.segments_per_minute == others
        assert whole.campaign_budget.segments_per_minute == limit


@dataclass
class FailingMessaging(ScriptedMessaging):
    """Fails every request."""

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
async def test_failures_that_the_request_causes_differ_from_transient_ones(
    code: grpc.StatusCode, error: type[Exception]
) -> None:
    async with (
        serving(FailingMessaging(code=code)) as target,
        grpc.aio.insecure_channel(target) as channel,
    ):
        with pytest.raises(error) as raised:
            await MessagingClient(channel).send([MESSAGE], "main", SETTINGS)
    assert raised.type is error
