"""Paused conversations: messages are held and relayed in order, or refused, by pool policy."""

from redis.asyncio import Redis

from conversation_service.domain.commands.core.holding import HELD_LIMIT
from conversation_service.domain.model.pool import PausePolicy
from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import ask, kinds, refused
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, seeded, system_message
from support.clock import ManualClock
from support.services.conversation_service import RunningService, running

REFUSING = seeded(settings={"pause_policy": PausePolicy.REFUSE})


async def paused(service: RunningService) -> pb.Conversation:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    request = pb.PauseConversationRequest(conversation_id=conversation.conversation_id)
    return (await ask(service.stub.PauseConversation, request)).conversation


async def resume(service: RunningService, conversation: pb.Conversation) -> pb.Conversation:
    request = pb.ResumeConversationRequest(conversation_id=conversation.conversation_id)
    return (await ask(service.stub.ResumeConversation, request)).conversation


async def send(
    service: RunningService,
    conversation: pb.Conversation,
    body: str,
    participant: int | None = None,
) -> pb.SendMessageResponse:
    """Sends for a participant, or as the system."""
    request = pb.SendMessageRequest(conversation_id=conversation.conversation_id, body=body)
    if participant is None:
        request.system = True
    else:
        request.participant_id = conversation.participants[participant].participant_id
    return await ask(service.stub.SendMessage, request)


async def test_held_messages_are_relayed_in_order_after_the_pause(service: RunningService) -> None:
    conversation = await paused(service)
    assert conversation.HasField("pause_time")
    await service.deliver(ALICE_NUMBER, "one")
    assert (await send(service, conversation, "two", participant=0)).is_held
    await service.deliver(BOB_NUMBER, "three")
    await service.deliver(ALICE_NUMBER, "four")
    held = system_message(Template.PAUSED_HELD)
    assert await service.heard(ALICE_NUMBER, 1) == [held]
    assert await service.heard(BOB_NUMBER, 1) == [held]
    resumed = await resume(service, conversation)
    assert not resumed.HasField("pause_time")
    goes_on = system_message(Template.RESUMED)
    assert await service.heard(ALICE_NUMBER, 3) == [held, goes_on, "three"]
    assert await service.heard(BOB_NUMBER, 5) == [held, goes_on, "one", "two", "four"]
    await service.deliver(ALICE_NUMBER, "five")
    assert (await service.heard(BOB_NUMBER, 6))[-1] == "five"
    events = kinds(await service.timeline(conversation.conversation_id))
    assert events.count(("MESSAGE_HELD", "")) == 4
    assert ("CONVERSATION_PAUSED", "") in events
    assert ("CONVERSATION_RESUMED", "") in events


async def test_a_repeated_delivery_is_held_once(service: RunningService) -> None:
    conversation = await paused(service)
    text = service.text(ALICE_NUMBER, "hello")
    for _ in range(3):
        await service.receive(text)
    await resume(service, conversation)
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == ["hello"]


async def test_a_pause_without_messages_notifies_nobody(service: RunningService) -> None:
    conversation = await paused(service)
    await resume(service, conversation)
    await service.quiet()
    assert service.sent() == []


async def test_a_message_of_the_system_is_not_held(service: RunningService) -> None:
    conversation = await paused(service)
    response = await send(service, conversation, "please wait")
    assert not response.is_held
    assert await service.heard(ALICE_NUMBER, 1) == ["please wait"]
    assert await service.heard(BOB_NUMBER, 1) == ["please wait"]


async def test_an_end_during_a_pause_notifies_authors_of_discarded_messages(
    service: RunningService,
) -> None:
    conversation = await paused(service)
    await service.deliver(ALICE_NUMBER, "never passed on")
    await service.deliver(BOB_NUMBER, "end")
    ended = system_message(Template.ENDED)
    assert (await service.heard(ALICE_NUMBER, 3))[1:] == [
        system_message(Template.NOT_PASSED_ON),
        ended,
    ]
    assert await service.heard(BOB_NUMBER, 1) == [ended]
    events = kinds(await service.timeline(conversation.conversation_id))
    assert ("MESSAGE_DROPPED", "1") in events
    await service.quiet()
    assert all("never" not in message.body for message in service.sent())


async def test_a_pool_may_refuse_messages_during_a_pause(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, REFUSING) as service:
        conversation = await paused(service)
        await service.deliver(ALICE_NUMBER, "hello")
        assert await service.heard(ALICE_NUMBER, 1) == [system_message(Template.PAUSED_REFUSED)]
        with refused("CONVERSATION_PAUSED"):
            await send(service, conversation, "hello", participant=0)
        await resume(service, conversation)
        await service.quiet()
        assert service.sent_to(BOB_NUMBER) == []
        events = kinds(await service.timeline(conversation.conversation_id))
        assert ("MESSAGE_NOT_RELAYED", "PAUSED") in events


async def test_held_messages_are_limited_and_refused_senders_are_notified(
    service: RunningService,
) -> None:
    conversation = await paused(service)
    texts = [service.text(ALICE_NUMBER, str(number)) for number in range(HELD_LIMIT + 1)]
    await service.receive(*texts)
    with refused("TOO_MANY_HELD"):
        await send(service, conversation, "hello", participant=1)
    assert await service.heard(ALICE_NUMBER, 2) == [
        system_message(Template.PAUSED_HELD),
        system_message(Template.PAUSED_REFUSED),
    ]
    await resume(service, conversation)
    relayed = await service.heard(BOB_NUMBER, HELD_LIMIT)
    assert relayed == [str(number) for number in range(HELD_LIMIT)]


async def test_a_paused_conversation_expires(service: RunningService) -> None:
    conversation = await paused(service)
    service.clock.move(days=7)
    assert await service.heard(ALICE_NUMBER, 1) == [system_message(Template.IDLE_EXPIRED)]
    ended = await service.get(conversation.conversation_id)
    assert not ended.HasField("pause_time")
