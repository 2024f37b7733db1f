"""Refused and uncertain sends, over real gRPC."""

from google.protobuf.duration_pb2 import Duration

from conversation_service.domain.templates.catalog import Template
from maskline.messaging.v1 import error_reason_pb2
from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.conversation_calls import kinds
from support.conversation_service import RunningService
from support.conversations import ALICE_NUMBER, BOB_NUMBER, says

REFUSED = pb.SendMessageResult(
    outcome=pb.SEND_OUTCOME_REFUSED,
    state=pb.MESSAGE_STATE_REFUSED,
    error=pb.ItemError(reason=error_reason_pb2.ERROR_REASON_CARRIER_REFUSED),
)


async def test_the_sender_of_a_refused_message_is_notified_without_a_reason(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.messaging.answers["hello"] = [REFUSED]
    await service.says(BOB_NUMBER, "hello")
    assert await service.heard(BOB_NUMBER, 1) == [says(Template.NOT_DELIVERED)]
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []
    events = kinds(await service.timeline(conversation.conversation_id))
    assert events.count(("MESSAGE_REFUSED", "REFUSED_BY_CARRIER")) == 1


async def test_an_uncertain_send_delays_its_own_recipient_until_it_is_resolved(
    service: RunningService, clock: ManualClock
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    uncertain = pb.SendMessageResult(
        outcome=pb.SEND_OUTCOME_UNKNOWN, retry_delay=Duration(seconds=3)
    )
    resolved = pb.SendMessageResult(
        outcome=pb.SEND_OUTCOME_ACCEPTED, resolution=pb.UNKNOWN_RESOLUTION_RECORD
    )
    service.messaging.answers["one"] = [uncertain, resolved]
    for body in ("one", "two"):
        await service.says(BOB_NUMBER, body)
    await service.says(ALICE_NUMBER, "meanwhile")
    assert await service.heard(BOB_NUMBER, 1) == ["meanwhile"]
    assert service.sent_to(ALICE_NUMBER) == []
    clock.move(seconds=3)
    assert await service.heard(ALICE_NUMBER, 1) == ["two"]
    events = kinds(await service.timeline(conversation.conversation_id))
    assert events.count(("MESSAGE_UNKNOWN", "")) == 1
    assert events.count(("MESSAGE_RESOLVED", "RECORD")) == 1
