"""What time alone brings about, on time and without anybody asking."""

from datetime import timedelta

from redis.asyncio import Redis

from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from support.clock import ManualClock
from support.conversation_calls import ask, kinds, refused
from support.conversation_service import RunningService, running
from support.conversations import ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER, SETTINGS, says, seeded
from support.eventually import eventually

WARNING = timedelta(hours=1)
WARNED = seeded(
    settings={
        "idle_lifetime": timedelta(hours=24),
        "lifetime": timedelta(hours=72),
        "warning_lead": WARNING,
    }
)


async def test_a_code_expires_on_time_and_its_owner_is_told(service: RunningService) -> None:
    started = await service.start(ALICE_NUMBER)
    await service.heard(ALICE_NUMBER, 1)
    service.clock.move(minutes=15)
    assert (await service.heard(ALICE_NUMBER, 2))[1] == says(Template.CODE_EXPIRED)
    conversation = await service.get(started.conversation.conversation_id)
    assert conversation.end_reason == pb.END_REASON_CODE_EXPIRED
    with refused("CODE_NOT_VALID"):
        await service.join(BOB_NUMBER, started.code)


async def test_a_code_works_until_its_last_moment(service: RunningService) -> None:
    started = await service.start(ALICE_NUMBER)
    service.clock.move(minutes=14, seconds=59)
    joined = await service.join(BOB_NUMBER, started.code)
    assert joined.state == pb.CONVERSATION_STATE_ACTIVE


async def test_who_texts_after_an_expiry_that_nobody_swept_finds_it_done(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.clock.move(days=7)
    await service.says(ALICE_NUMBER, "anybody there?")
    just_ended = says(Template.JUST_ENDED, span=SETTINGS.cool_off)
    assert await service.heard(ALICE_NUMBER, 2) == [says(Template.IDLE_EXPIRED), just_ended]
    assert await service.heard(BOB_NUMBER, 1) == [says(Template.IDLE_EXPIRED)]


async def test_both_are_warned_before_silence_ends_it_and_a_text_keeps_it_alive(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, WARNED) as service:
        conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
        warning = says(Template.IDLE_WARNING, span=WARNING)
        clock.move(hours=23)
        assert await service.heard(ALICE_NUMBER, 1) == [warning]
        assert await service.heard(BOB_NUMBER, 1) == [warning]
        await service.says(ALICE_NUMBER, "still here")
        clock.move(hours=23)
        expected = [warning, "still here", warning]
        assert await service.heard(BOB_NUMBER, 3) == expected
        clock.move(hours=1)
        assert await service.heard(BOB_NUMBER, 4) == [*expected, says(Template.IDLE_EXPIRED)]
        ended = await service.get(conversation.conversation_id)
        assert ended.end_reason == pb.END_REASON_IDLE_EXPIRED
        told = kinds(await service.timeline(conversation.conversation_id))
        assert told.count(("EXPIRY_WARNED", "IDLE_EXPIRED")) == 2


async def test_no_text_keeps_a_conversation_beyond_its_lifetime_and_both_are_warned(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, WARNED) as service:
        conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
        for _ in range(3):
            clock.move(hours=20)
            await service.says(ALICE_NUMBER, "still here")
            # A text that waits for more than a day is given up.
            await service.quiet()
        clock.move(hours=11)
        warning = says(Template.LIFETIME_WARNING, span=WARNING)
        assert await service.heard(ALICE_NUMBER, 1) == [warning]
        await service.says(ALICE_NUMBER, "a last word")
        clock.move(hours=1)
        over = says(Template.LIFETIME_EXPIRED)
        assert await service.heard(ALICE_NUMBER, 2) == [warning, over]
        said = ["still here"] * 3
        assert await service.heard(BOB_NUMBER, 6) == [*said, warning, "a last word", over]
        ended = await service.get(conversation.conversation_id)
        assert ended.end_reason == pb.END_REASON_LIFETIME_EXPIRED


async def test_nobody_is_warned_in_a_pool_that_does_not_want_it(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.clock.move(days=6, hours=23)
    await service.start(CAROL_NUMBER)
    service.clock.move(minutes=15)
    # Her code has expired: the sweeper was here.
    await service.heard(CAROL_NUMBER, 2)
    assert service.sent_to(ALICE_NUMBER) == service.sent_to(BOB_NUMBER) == []


async def test_an_ended_conversation_is_forgotten_in_time(service: RunningService) -> None:
    started = await service.start(ALICE_NUMBER)
    service.clock.move(minutes=15)
    await service.heard(ALICE_NUMBER, 2)
    service.clock.move(seconds=SETTINGS.kept_after_end.total_seconds())

    async def forgotten() -> bool:
        request = pb.ListConversationsRequest()
        return not (await ask(service.stub.ListConversations, request)).conversations

    await eventually(forgotten)
    with refused("CONVERSATION_NOT_FOUND"):
        await service.get(started.conversation.conversation_id)
