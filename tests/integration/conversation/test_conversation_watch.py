"""Watches: what happens is told as it happens, and nothing is skipped or told twice."""

from datetime import UTC, datetime
from functools import partial

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.application.event_subscription import PAGE, WATCHERS_LIMIT
from conversation_service.rpc.conversations import event_stream as watches
from conversation_service.rpc.core.status import DOMAIN
from conversation_service.store.event_log import EventLog
from maskline.conversation.v1 import conversation_pb2 as pb
from support.clock import ManualClock
from support.conversation_calls import filled, kind, refused
from support.conversation_service import RunningService, running
from support.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    OTHER_MASKED,
    SETTINGS,
    pool_storage,
)
from support.eventually import eventually
from support.grpc_calls import reason
from support.watching import Watch, crowd, everything, has_room, watching


@pytest.fixture
def clock() -> ManualClock:
    """Events are numbered by Redis's own clock, so what is forgotten is told by today's date."""
    return ManualClock(datetime.now(UTC))


async def trimmed(service: RunningService) -> None:
    """A month later, the house has been kept."""
    await service.quiet()
    service.clock.move(days=31)
    await EventLog(pool_storage(service.redis)).trim(service.clock.now(), SETTINGS.events_kept)


async def test_a_watch_tells_what_happens_from_its_beginning_on(service: RunningService) -> None:
    await service.start(CAROL_NUMBER)
    await service.quiet()
    async with watching(service) as watch:
        await watch.heartbeat()
        conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
        await service.says(ALICE_NUMBER, "hello")
        responses = [await watch.event() for _ in range(3)]
    assert [kind(one.event) for one in responses] == [
        "CONVERSATION_OPENED",
        "MESSAGE_RELAYED",
        "MESSAGE_SENT",
    ]
    assert {one.event.conversation_id for one in responses} == {conversation.conversation_id}
    assert [one.cursor for one in responses] == [one.event.event_id for one in responses]
    assert responses[0].event.event_time.ToDatetime(tzinfo=UTC).date() == service.clock.now().date()
    assert "hello" not in str(responses)


async def test_a_watch_of_one_conversation_tells_of_no_other(service: RunningService) -> None:
    mine = await service.open(ALICE_NUMBER, BOB_NUMBER)
    async with watching(service, conversation_id=mine.conversation_id) as watch:
        await watch.heartbeat()
        await service.open(ALICE_NUMBER, CAROL_NUMBER, masked_number=OTHER_MASKED)
        await service.says(ALICE_NUMBER, "not here", to=OTHER_MASKED)
        await service.says(ALICE_NUMBER, "here")
        event = (await watch.event()).event
    assert (kind(event), event.conversation_id) == ("MESSAGE_RELAYED", mine.conversation_id)


async def test_a_watch_that_is_behind_is_told_all_that_is_kept_without_a_gap_or_a_pause(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "PAUSE_SECONDS", 3600)
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    texts = [service.text(ALICE_NUMBER, str(number)) for number in range(PAGE)]
    await service.receive(*texts)
    await service.quiet()
    told = await everything(service, len(texts) * 2 + 2)
    assert told[0][1] == "POOL_CREATED"
    assert len(set(told)) == len(told)
    places = [tuple(map(int, name.split("-"))) for name, _ in told]
    assert places == sorted(places)


async def test_a_watch_that_is_resumed_skips_nothing_and_repeats_nothing(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    told: list[tuple[str, str]] = []
    cursor = "0"
    for number in range(5):
        await service.says(ALICE_NUMBER, str(number))
        await service.quiet()
        async with watching(service, cursor=cursor) as watch:
            found = [await watch.event() for _ in range(2)]
        told += [(one.event.event_id, kind(one.event)) for one in found]
        cursor = watch.cursor
    assert told == (await everything(service, 12))[:10]


async def test_a_watch_goes_on_at_another_replica_when_its_own_has_stopped(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock) as first:
        await first.open(ALICE_NUMBER, BOB_NUMBER)
        async with watching(first, cursor="0") as watch:
            before = await watch.kinds(2)
            cursor = watch.cursor
            await first.says(ALICE_NUMBER, "one")
            await first.quiet()
    async with running(redis_url, clock) as second:
        await second.says(BOB_NUMBER, "two")
        await second.quiet()
        async with watching(second, cursor=cursor) as watch:
            after = await watch.kinds(4)
        relayed = ["MESSAGE_RELAYED", "MESSAGE_SENT"]
        assert before == ["POOL_CREATED", "CONVERSATION_OPENED"]
        assert after == relayed * 2
        assert [told for _, told in await everything(second, 6)] == [*before, *after]


async def test_a_replica_that_stops_ends_its_watches_at_once(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock) as service:
        call = service.stub.WatchEvents(filled(pb.WatchEventsRequest()))
        watch = Watch(call)
        await watch.heartbeat()
    # It has stopped within its grace and did not wait for its watchers.
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await watch.event()
    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason(ended.value, DOMAIN) == "BACKEND_UNAVAILABLE"


async def test_a_watch_without_news_shows_now_and_then_that_it_lives(
    service: RunningService,
) -> None:
    async with watching(service) as watch:
        first = await watch.response()
        service.clock.move(seconds=10)
        second = await watch.response()
        assert first.is_heartbeat
        assert second.is_heartbeat
        assert first.cursor == second.cursor
        assert not second.HasField("event")
        await service.start(CAROL_NUMBER)
        await watch.event()
        await service.quiet()
        service.clock.move(seconds=10)
        last = await watch.heartbeat()
    async with watching(service, cursor=last.cursor) as watch:
        assert (await watch.response()).is_heartbeat


async def test_a_cursor_behind_which_something_was_forgotten_is_refused(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    async with watching(service, cursor="0") as watch:
        await watch.event()
    await trimmed(service)
    with refused("CURSOR_EXPIRED"):
        async with watching(service, cursor=watch.cursor) as late:
            await late.response()
    await service.says(ALICE_NUMBER, "much later")
    async with watching(service, cursor="0") as again:
        assert await again.kinds(1) == ["CONVERSATION_ENDED"]


async def test_a_watcher_that_has_missed_nothing_is_not_refused_for_its_age(
    service: RunningService,
) -> None:
    async with watching(service) as watch:
        await watch.heartbeat()
        await trimmed(service)
        await watch.heartbeat()
    async with watching(service, cursor=watch.cursor) as again:
        assert (await again.response()).is_heartbeat


async def test_no_more_watch_than_may_and_who_goes_makes_room(service: RunningService) -> None:
    async with crowd(service, WATCHERS_LIMIT) as watchers:
        with refused("TOO_MANY_WATCHERS"):
            async with watching(service) as one_more:
                await one_more.response()
        watchers[0].call.cancel()
        await eventually(partial(has_room, service))
