"""WatchEvents: live events, resumption by cursor, heartbeats, trimming, limits."""

from datetime import UTC, datetime
from functools import partial

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.application.event_subscription import MAX_EVENTS, MAX_SUBSCRIPTIONS
from conversation_service.rpc.conversations import event_stream
from conversation_service.rpc.core.status import DOMAIN
from conversation_service.store.event_log import EventLog
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import filled, kind, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    OTHER_MASKED,
    SETTINGS,
    pool_storage,
)
from support.clock import ManualClock
from support.eventually import eventually
from support.net.grpc_calls import reason
from support.observation.watching import Watch, first_events, has_free_slot, open_watches, watching
from support.services.conversation_service import RunningService, running


@pytest.fixture
def clock() -> ManualClock:
    """Starts today: Redis numbers events by its own clock, and trimming compares the two."""
    return ManualClock(datetime.now(UTC))


async def trimmed(service: RunningService) -> None:
    """Trims the events a month later."""
    await service.quiet()
    service.clock.move(days=31)
    await EventLog(pool_storage(service.redis)).trim(service.clock.now(), SETTINGS.events_kept)


async def test_a_watch_streams_events_from_its_start(service: RunningService) -> None:
    await service.start(CAROL_NUMBER)
    await service.quiet()
    async with watching(service) as watch:
        await watch.heartbeat()
        conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
        await service.deliver(ALICE_NUMBER, "hello")
        responses = [await watch.event() for _ in range(3)]
    assert [kind(response.event) for response in responses] == [
        "CONVERSATION_OPENED",
        "MESSAGE_RELAYED",
        "MESSAGE_SENT",
    ]
    assert {response.event.conversation_id for response in responses} == {
        conversation.conversation_id
    }
    assert [response.cursor for response in responses] == [
        response.event.event_id for response in responses
    ]
    assert responses[0].event.event_time.ToDatetime(tzinfo=UTC).date() == service.clock.now().date()
    assert "hello" not in str(responses)


async def test_a_watch_of_one_conversation_gets_no_events_of_another(
    service: RunningService,
) -> None:
    mine = await service.open(ALICE_NUMBER, BOB_NUMBER)
    async with watching(service, conversation_id=mine.conversation_id) as watch:
        await watch.heartbeat()
        await service.open(ALICE_NUMBER, CAROL_NUMBER, masked_number=OTHER_MASKED)
        await service.deliver(ALICE_NUMBER, "not here", to=OTHER_MASKED)
        await service.deliver(ALICE_NUMBER, "here")
        event = (await watch.event()).event
    assert (kind(event), event.conversation_id) == ("MESSAGE_RELAYED", mine.conversation_id)


async def test_a_watch_from_the_start_gets_all_events_without_gaps_or_delays(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "POLL_SECONDS", 3600)
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    messages = [service.text(ALICE_NUMBER, str(number)) for number in range(MAX_EVENTS)]
    await service.receive(*messages)
    await service.quiet()
    events = await first_events(service, len(messages) * 2 + 2)
    assert events[0][1] == "POOL_CREATED"
    assert len(set(events)) == len(events)
    cursors = [tuple(map(int, event_id.split("-"))) for event_id, _ in events]
    assert cursors == sorted(cursors)


async def test_a_resumed_watch_skips_and_repeats_no_event(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    events: list[tuple[str, str]] = []
    cursor = "0"
    for number in range(5):
        await service.deliver(ALICE_NUMBER, str(number))
        await service.quiet()
        async with watching(service, cursor=cursor) as watch:
            responses = [await watch.event() for _ in range(2)]
        events += [(response.event.event_id, kind(response.event)) for response in responses]
        cursor = watch.cursor
    assert events == (await first_events(service, 12))[:10]


async def test_a_watch_resumes_at_another_replica(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock) as first:
        await first.open(ALICE_NUMBER, BOB_NUMBER)
        async with watching(first, cursor="0") as watch:
            before = await watch.kinds(2)
            cursor = watch.cursor
            await first.deliver(ALICE_NUMBER, "one")
            await first.quiet()
    async with running(redis_url, clock) as second:
        await second.deliver(BOB_NUMBER, "two")
        await second.quiet()
        async with watching(second, cursor=cursor) as watch:
            after = await watch.kinds(4)
        relayed = ["MESSAGE_RELAYED", "MESSAGE_SENT"]
        assert before == ["POOL_CREATED", "CONVERSATION_OPENED"]
        assert after == relayed * 2
        assert [type_ for _, type_ in await first_events(second, 6)] == [*before, *after]


async def test_a_stopping_replica_ends_its_watches_with_unavailable(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock) as service:
        call = service.stub.WatchEvents(filled(pb.WatchEventsRequest()))
        watch = Watch(call)
        await watch.heartbeat()
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await watch.event()
    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason(ended.value, DOMAIN) == "BACKEND_UNAVAILABLE"


async def test_an_idle_watch_gets_heartbeats(service: RunningService) -> None:
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


async def test_a_cursor_whose_following_events_were_trimmed_is_refused(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    async with watching(service, cursor="0") as watch:
        await watch.event()
    await trimmed(service)
    with refused("CURSOR_EXPIRED"):
        async with watching(service, cursor=watch.cursor) as late:
            await late.response()
    await service.deliver(ALICE_NUMBER, "much later")
    async with watching(service, cursor="0") as again:
        assert await again.kinds(1) == ["CONVERSATION_ENDED"]


async def test_an_old_cursor_that_has_missed_no_event_is_accepted(service: RunningService) -> None:
    async with watching(service) as watch:
        await watch.heartbeat()
        await trimmed(service)
        await watch.heartbeat()
    async with watching(service, cursor=watch.cursor) as again:
        assert (await again.response()).is_heartbeat


async def test_watches_are_limited_and_a_cancelled_one_makes_room(service: RunningService) -> None:
    async with open_watches(service, MAX_SUBSCRIPTIONS) as watchers:
        with refused("TOO_MANY_WATCHERS"):
            async with watching(service) as excess:
                await excess.response()
        watchers[0].call.cancel()
        await eventually(partial(has_free_slot, service))
