"""Paused conversations: texts are held and passed on in order, or refused, as the pool says."""

from redis.asyncio import Redis

from conversation_service.domain.commands.core.holding import HELD_LIMIT
from conversation_service.domain.model.pool import PausePolicy
from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from support.clock import ManualClock
from support.conversation_calls import ask, filled, kinds, refused
from support.conversation_service import RunningService, running
from support.conversations import ALICE_NUMBER, BOB_NUMBER, says, seeded

REFUSING = seeded(settings={"pause_policy": PausePolicy.REFUSE})


async def paused(service: RunningService) -> pb.Conversation:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    request = pb.PauseConversationRequest(conversation_id=conversation.conversation_id)
    return (await ask(service.stub.PauseConversation, request)).conversation


async def resume(service: RunningService, conversation: pb.Conversation) -> pb.Conversation:
    request = pb.ResumeConversationRequest(conversation_id=conversation.conversation_id)
    return (await ask(service.stub.ResumeConversation, request)).conversation


async def speak(
    service: RunningService, conversation: pb.Conversation, body: str, speaker: int | None = None
) -> pb.SendMessageResponse:
    """For a participant, or as the system."""
    request = pb.SendMessageRequest(conversation_id=conversation.conversation_id, body=body)
    if speaker is None:
        request.system = True
    else:
        request.participant_id = conversation.participants[speaker].participant_id
    return await ask(service.stub.SendMessage, request)


async def test_held_texts_are_passed_on_in_the_order_in_which_they_came(
    service: RunningService,
) -> None:
    conversation = await paused(service)
    assert conversation.HasField("pause_time")
    await service.says(ALICE_NUMBER, "one")
    assert (await speak(service, conversation, "two", speaker=0)).is_held
    await service.says(BOB_NUMBER, "three")
    await service.says(ALICE_NUMBER, "four")
    held = says(Template.PAUSED_HELD)
    assert await service.heard(ALICE_NUMBER, 1) == [held]
    assert await service.heard(BOB_NUMBER, 1) == [held]
    resumed = await resume(service, conversation)
    assert not resumed.HasField("pause_time")
    goes_on = says(Template.RESUMED)
    assert await service.heard(ALICE_NUMBER, 3) == [held, goes_on, "three"]
    assert await service.heard(BOB_NUMBER, 5) == [held, goes_on, "one", "two", "four"]
    await service.says(ALICE_NUMBER, "five")
    assert (await service.heard(BOB_NUMBER, 6))[-1] == "five"
    told = kinds(await service.timeline(conversation.conversation_id))
    assert told.count(("MESSAGE_HELD", "")) == 4
    assert ("CONVERSATION_PAUSED", "") in told
    assert ("CONVERSATION_RESUMED", "") in told


async def test_the_same_held_text_handed_in_again_is_held_once(service: RunningService) -> None:
    conversation = await paused(service)
    text = service.text(ALICE_NUMBER, "hello")
    for _ in range(3):
        await service.receive(text)
    await resume(service, conversation)
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == ["hello"]


async def test_a_pause_that_nobody_noticed_is_told_to_nobody(service: RunningService) -> None:
    conversation = await paused(service)
    await resume(service, conversation)
    await service.quiet()
    assert service.sent() == []


async def test_the_system_speaks_into_a_pause(service: RunningService) -> None:
    conversation = await paused(service)
    spoken = await speak(service, conversation, "please wait")
    assert not spoken.is_held
    assert await service.heard(ALICE_NUMBER, 1) == ["please wait"]
    assert await service.heard(BOB_NUMBER, 1) == ["please wait"]


async def test_a_held_word_of_a_client_gets_the_same_answer_again(
    service: RunningService,
) -> None:
    conversation = await paused(service)
    request = filled(
        pb.SendMessageRequest(
            conversation_id=conversation.conversation_id,
            participant_id=conversation.participants[0].participant_id,
            body="once",
        )
    )
    first = await ask(service.stub.SendMessage, request)
    await resume(service, conversation)
    assert await ask(service.stub.SendMessage, request) == first
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == ["once"]


async def test_commands_work_during_a_pause_and_an_end_tells_whose_texts_were_dropped(
    service: RunningService,
) -> None:
    conversation = await paused(service)
    await service.says(ALICE_NUMBER, "never passed on")
    await service.says(BOB_NUMBER, "end")
    ended = says(Template.ENDED)
    assert (await service.heard(ALICE_NUMBER, 3))[1:] == [says(Template.NOT_PASSED_ON), ended]
    assert await service.heard(BOB_NUMBER, 1) == [ended]
    told = kinds(await service.timeline(conversation.conversation_id))
    assert ("MESSAGE_DROPPED", "1") in told
    await service.quiet()
    assert all("never" not in one.body for one in service.sent())


async def test_a_pool_may_refuse_texts_while_it_is_paused(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, REFUSING) as service:
        conversation = await paused(service)
        await service.says(ALICE_NUMBER, "hello")
        assert await service.heard(ALICE_NUMBER, 1) == [says(Template.PAUSED_REFUSED)]
        with refused("CONVERSATION_PAUSED"):
            await speak(service, conversation, "hello", speaker=0)
        await resume(service, conversation)
        await service.quiet()
        assert service.sent_to(BOB_NUMBER) == []
        told = kinds(await service.timeline(conversation.conversation_id))
        assert ("MESSAGE_NOT_RELAYED", "PAUSED") in told


async def test_no_more_is_held_than_may_be_and_who_is_refused_is_told(
    service: RunningService,
) -> None:
    conversation = await paused(service)
    texts = [service.text(ALICE_NUMBER, str(number)) for number in range(HELD_LIMIT + 1)]
    await service.receive(*texts)
    with refused("TOO_MANY_HELD"):
        await speak(service, conversation, "hello", speaker=1)
    assert await service.heard(ALICE_NUMBER, 2) == [
        says(Template.PAUSED_HELD),
        says(Template.PAUSED_REFUSED),
    ]
    await resume(service, conversation)
    passed_on = await service.heard(BOB_NUMBER, HELD_LIMIT)
    assert passed_on == [str(number) for number in range(HELD_LIMIT)]


async def test_a_pause_keeps_no_conversation_alive(service: RunningService) -> None:
    conversation = await paused(service)
    service.clock.move(days=7)
    assert await service.heard(ALICE_NUMBER, 1) == [says(Template.IDLE_EXPIRED)]
    ended = await service.get(conversation.conversation_id)
    assert not ended.HasField("pause_time")
