"""WatchEvents: live events, resumption by cursor, heartbeats, limits."""

from functools import partial

import pytest
from redis.asyncio import Redis

from conversation_service.application.event_subscription import MAX_EVENTS, MAX_SUBSCRIPTIONS
from conversation_service.rpc.events import event_stream
from support.builders.conversation_calls import kind, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    OTHER_MASKED,
)
from support.builders.dispatch_harness import KEYS
from support.clock import ManualClock
from support.eventually import eventually
from support.observation.watching import OLDEST, first_events, has_free_slot, open_watches, watching
from support.services.conversation_service import RunningService, running


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
    recorded = await service.redis.xlen(KEYS.events)
    assert recorded > MAX_EVENTS
    events = await first_events(service, recorded)
    assert events[0][1] == "POOL_CREATED"
    assert len(set(events)) == len(events)
    cursors = [tuple(map(int, event_id.split("-"))) for event_id, _ in events]
    assert cursors == sorted(cursors)


async def test_a_watch_resumes_at_another_replica(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock) as first:
        await first.open(ALICE_NUMBER, BOB_NUMBER)
        async with watching(first, cursor=OLDEST) as watch:
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
        assert before == ["POOL_CREATED", "CONVERSATION_CREATED"]
        assert after == relayed * 2
        assert [type_ for _, type_ in await first_events(second, 6)] == [*before, *after]


async def test_an_idle_watch_gets_heartbeats(service: RunningService) -> None:
    async with watching(service) as watch:
        first = await watch.response()
        service.clock.move(seconds=10)
        second = await watch.response()
        assert first.heartbeat
        assert second.heartbeat
        assert first.cursor == second.cursor
        assert not second.HasField("event")
        await service.start(CAROL_NUMBER)
        await watch.event()
        await service.quiet()
        service.clock.move(seconds=10)
        last = await watch.heartbeat()
    async with watching(service, cursor=last.cursor) as watch:
        assert (await watch.response()).heartbeat


async def test_watches_are_limited_and_a_cancelled_one_makes_room(service: RunningService) -> None:
    async with open_watches(service, MAX_SUBSCRIPTIONS) as watchers:
        with refused("WATCH_LIMIT_REACHED"):
            async with watching(service) as excess:
                await excess.response()
        watchers[0].call.cancel()
        await eventually(partial(has_free_slot, service))
