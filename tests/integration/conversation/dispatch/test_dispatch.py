"""A refused send, and the current settings of a pool, over real gRPC."""

from google.protobuf.field_mask_pb2 import FieldMask

from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2, pool_pb2
from maskline.messaging.v1 import error_reason_pb2
from maskline.messaging.v1 import messaging_pb2 as pb
from support.builders.conversation_calls import ask, kinds
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, SETTINGS, system_message
from support.builders.dead_letters import dead_letters
from support.services.conversation_service import RunningService

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
    await service.deliver(BOB_NUMBER, "hello")
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.NOT_DELIVERED)]
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []
    events = kinds(await service.timeline(conversation.conversation_id))
    assert events.count(("MESSAGE_REFUSED", "REFUSED_BY_CARRIER")) == 1


async def test_a_message_can_be_decrypted_after_its_conversation_started_and_ended_in_one_batch(
    service: RunningService,
) -> None:
    """The end sends no message, so only the start has drawn the conversation's data key."""
    await service.receive(service.text(ALICE_NUMBER, "start"), service.text(ALICE_NUMBER, "stop"))
    await service.quiet()
    [conversation] = (
        await ask(service.stub.ListConversations, conversation_pb2.ListConversationsRequest())
    ).conversations
    events = kinds(await service.timeline(conversation.conversation_id))
    assert ("MESSAGE_REFUSED", "OPTED_OUT") in events
    assert list(await dead_letters(service, 0)) == []


async def test_changed_settings_hold_from_the_next_message_on_for_every_replica(
    service: RunningService, another: RunningService
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "before")
    await service.heard(ALICE_NUMBER, 1)
    request = pool_pb2.UpdatePoolRequest(
        settings=pool_pb2.PoolSettings(operator=SETTINGS.operator, segments_per_minute=60),
        update_mask=FieldMask(paths=["segments_per_minute"]),
    )
    await ask(another.pools.UpdatePool, request)
    await another.deliver(BOB_NUMBER, "after")
    await service.heard(ALICE_NUMBER, 2)
    before, after = service.sent()
    assert not before.HasField("campaign_budget")
    assert after.campaign_budget == pb.CampaignBudget(segments_per_minute=60)
