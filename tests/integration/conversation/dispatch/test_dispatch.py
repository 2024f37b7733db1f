"""Sending over real gRPC: current settings; dead letters are listed, replayed, dropped."""

from datetime import timedelta

from google.protobuf.field_mask_pb2 import FieldMask

from conversation_service.domain.templates.catalog import Template
from maskline.admin.v1 import dead_letter_pb2 as pb
from maskline.admin.v1 import pool_pb2
from maskline.admin.v1.dead_letter_pb2_grpc import DeadLetterServiceStub
from maskline.conversation.v1 import conversation_pb2, event_pb2, message_pb2
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import ask, kinds, refused
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, system_message
from support.builders.dead_letters import REJECTED, damaged, dead_letters
from support.eventually import eventually
from support.fakes.scripted_messaging import item_error
from support.services.conversation_service import RunningService

BUDGET_USED_UP = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_NOT_SENT,
    error=item_error("SEND_PACED", timedelta(hours=1)),
)


async def replay(service: RunningService, dead_letter_id: str, request_id: str = "") -> str:
    request = pb.ReplayDeadLetterRequest(dead_letter_id=dead_letter_id, request_id=request_id)
    return (await ask(DeadLetterServiceStub(service.channel).ReplayDeadLetter, request)).message_id


async def drop(service: RunningService, dead_letter_id: str, request_id: str = "") -> str:
    request = pb.DiscardDeadLetterRequest(dead_letter_id=dead_letter_id, request_id=request_id)
    return (await ask(DeadLetterServiceStub(service.channel).DiscardDeadLetter, request)).message_id


async def rejected(service: RunningService) -> tuple[str, pb.DeadLetter]:
    """A conversation, and the dead letter of a message that Bob wrote in it."""
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.messaging.answers["bad"] = [REJECTED]
    await service.deliver(BOB_NUMBER, "bad")
    [letter] = await dead_letters(service, 1)
    return conversation.conversation_id, letter


async def test_a_rejected_message_is_listed_and_delays_no_other(service: RunningService) -> None:
    conversation_id, letter = await rejected(service)
    await service.deliver(BOB_NUMBER, "good")
    assert await service.heard(ALICE_NUMBER, 1) == ["good"]
    assert letter.reason == event_pb2.DEAD_LETTER_REASON_INVALID
    assert letter.conversation_id == conversation_id
    assert letter.message_create_time == letter.create_time
    assert ("MESSAGE_DEAD_LETTERED", "INVALID") in kinds(await service.timeline(conversation_id))
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.MAYBE_NOT_DELIVERED)]


async def test_a_replayed_message_is_sent_once_however_often_any_replica_is_asked(
    service: RunningService, another: RunningService
) -> None:
    conversation_id, letter = await rejected(service)
    for replica in (service, another, service):
        assert await replay(replica, letter.dead_letter_id, "r1") == letter.message_id
    assert await service.heard(ALICE_NUMBER, 1) == ["bad"]
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == ["bad"]
    assert list(await dead_letters(service, 0)) == []
    events = kinds(await service.timeline(conversation_id))
    assert events.count(("MESSAGE_REPLAYED", "")) == 1
    with refused("DEAD_LETTER_NOT_FOUND"):
        await replay(service, letter.dead_letter_id, "r2")


async def test_a_dropped_message_is_refused_and_never_sent(service: RunningService) -> None:
    conversation_id, letter = await rejected(service)
    for _ in range(2):
        assert await drop(service, letter.dead_letter_id, "r1") == letter.message_id
    assert kinds(await service.timeline(conversation_id))[-1] == (
        "MESSAGE_FAILED",
        "DISCARDED",
    )
    with refused("DEAD_LETTER_NOT_FOUND"):
        await replay(service, letter.dead_letter_id)
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []


async def test_an_unreadable_message_can_only_be_dropped(service: RunningService) -> None:
    await damaged(service, "m9")
    [letter] = await dead_letters(service, 1)
    assert (letter.message_id, letter.conversation_id) == ("m9", "")
    assert letter.reason == event_pb2.DEAD_LETTER_REASON_UNREADABLE
    assert not letter.HasField("message_create_time")
    with refused("DEAD_LETTER_UNREADABLE"):
        await replay(service, letter.dead_letter_id)
    assert await drop(service, letter.dead_letter_id) == "m9"
    assert list(await dead_letters(service, 0)) == []


async def test_pages_hold_every_letter_once_and_in_order(service: RunningService) -> None:
    message_ids = [f"m{number}" for number in range(5)]
    for message_id in message_ids:
        await damaged(service, message_id)
    await dead_letters(service, 5)
    for size in (1, 2, 50):
        listed: list[str] = []
        request = pb.ListDeadLettersRequest(page_size=size)
        while request.page_token or not listed:
            page = await ask(DeadLetterServiceStub(service.channel).ListDeadLetters, request)
            assert 1 <= len(page.dead_letters) <= size
            listed += [letter.message_id for letter in page.dead_letters]
            request.page_token = page.next_page_token
        assert listed == message_ids, size


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
    assert ("MESSAGE_FAILED", "OPTED_OUT") in events
    assert list(await dead_letters(service, 0)) == []


async def test_changed_settings_hold_from_the_next_message_on_for_every_replica(
    service: RunningService, another: RunningService
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "before")
    await service.heard(ALICE_NUMBER, 1)
    budget = pool_pb2.CampaignBudget(segments_per_minute=60)
    request = pool_pb2.UpdatePoolRequest(
        pool=pool_pb2.Pool(
            pool_id="main",
            settings=pool_pb2.PoolSettings(
                sending=pool_pb2.SendingSettings(campaign_budget=budget)
            ),
        ),
        update_mask=FieldMask(paths=["settings.sending.campaign_budget.segments_per_minute"]),
    )
    await ask(another.pools.UpdatePool, request)
    await another.deliver(BOB_NUMBER, "after")
    await service.heard(ALICE_NUMBER, 2)
    before, after = service.sent()
    assert not before.HasField("campaign_budget")
    assert after.campaign_budget == messaging_pb2.CampaignBudget(segments_per_minute=54)


async def test_a_client_may_send_no_more_segments_than_the_pool_relays(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    request = message_pb2.SendMessageRequest(
        conversation_id=conversation.conversation_id, system=message_pb2.System(), body="x" * 1401
    )
    with refused("INVALID_ARGUMENT"):
        await ask(service.stub.SendMessage, request)
    request.body = "x" * 1400
    await ask(service.stub.SendMessage, request)


async def test_help_is_answered_while_the_budget_of_relayed_messages_is_used_up(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.messaging.answers["more"] = [BUDGET_USED_UP]
    await service.deliver(BOB_NUMBER, "more")

    async def is_asked_for() -> bool:
        return any(message.body == "more" for message in service.messaging.asked_for)

    await eventually(is_asked_for)
    await service.deliver(BOB_NUMBER, "help")
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.HELP_TALKING)]
    assert service.sent_to(ALICE_NUMBER) == []
