"""The account or the campaign is full: the pool waits, and what is most urgent goes next."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.dispatch.backoff import IN_FLIGHT, LONGEST_PAUSE, MAX_ATTEMPTS, Throttle
from conversation_service.messaging.send import Retry
from support.clock import ManualClock
from support.conversations import ALICE
from support.dispatch_desk import Desk, person

FULL = Retry(timedelta(seconds=2), is_paced=True)


@pytest.fixture
def desk(redis: Redis, clock: ManualClock) -> Desk:
    made = Desk(redis, clock)
    made.carrier.full = FULL
    return made


def test_after_a_pause_one_batch_goes_at_a_time_until_a_whole_one_finds_room(
    clock: ManualClock,
) -> None:
    pace = Throttle()
    assert pace.batches(clock.now()) == IN_FLIGHT
    pace.full(clock.now(), timedelta(seconds=2))
    pace.room(clock.now())
    assert pace.batches(clock.now()) == 0
    clock.move(seconds=2)
    assert pace.batches(clock.now()) == 1, "one under way before the pause told nothing"
    pace.room(clock.now())
    assert pace.batches(clock.now()) == IN_FLIGHT


def test_a_day_that_is_used_up_is_asked_about_again_within_a_minute(clock: ManualClock) -> None:
    pace = Throttle()
    pace.full(clock.now(), timedelta(hours=9))
    assert pace.pause(clock.now()) == LONGEST_PAUSE


async def test_nothing_is_handed_over_before_the_pause_is_over(desk: Desk) -> None:
    desk.carrier.room = 0
    await desk.talk((ALICE, "a1"))
    dispatcher = desk.replica()
    await desk.turns(dispatcher)
    await desk.talk((person(50), "x1"))
    await desk.turns(dispatcher)
    assert len(desk.carrier.batches) == 1
    desk.carrier.room = None
    desk.clock.move(seconds=2)
    await desk.run_until(dispatcher)
    assert desk.carrier.batches[1] == ["a1", "x1"], "who found no room kept their turn"


async def test_the_pool_goes_on_as_soon_as_any_of_its_texts_may(desk: Desk) -> None:
    """Pictures have a narrower pace than words."""
    picture = Retry(timedelta(seconds=9), is_paced=True)
    desk.carrier.answers |= {"words": [FULL], "picture": [picture, picture]}
    await desk.talk((ALICE, "words"), (person(50), "picture"))
    dispatcher = desk.replica()
    await desk.turns(dispatcher)
    desk.clock.move(seconds=2)
    await desk.turns(dispatcher)
    assert desk.carrier.bodies(ALICE) == ["words"]
    desk.clock.move(seconds=9)
    await desk.run_until(dispatcher)


async def test_a_full_account_uses_up_no_tries_and_grows_no_pauses(desk: Desk) -> None:
    desk.carrier.room = 0
    await desk.talk((ALICE, "a1"))
    dispatcher = desk.replica()
    for _ in range(MAX_ATTEMPTS + 5):
        await desk.turns(dispatcher)
        desk.clock.move(seconds=2)
    assert len(desk.carrier.batches) == MAX_ATTEMPTS + 5
    assert await desk.dead.count() == 0


async def test_what_maskline_writes_meanwhile_goes_before_waiting_talk(desk: Desk) -> None:
    desk.carrier.room = 1
    await desk.talk(*((person(at), f"talk {at}") for at in range(40)))
    dispatcher = desk.replica()
    await desk.turns(dispatcher)
    assert len(desk.carrier.received) == 1
    await desk.accept((person(60), "code"))
    await desk.turns(dispatcher)
    desk.carrier.room = 1
    desk.clock.move(seconds=2)
    await desk.turns(dispatcher)
    assert [body for _, body in desk.carrier.received[1:]] == ["code"]


async def test_all_is_sent_in_order_through_a_narrow_account(desk: Desk) -> None:
    await desk.talk(*((person(at % 5), str(at)) for at in range(30)))
    dispatcher = desk.replica()
    for _ in range(15):
        desk.carrier.room = 2
        await desk.turns(dispatcher, 20)
        desk.clock.move(seconds=2)
    assert [body for _, body in desk.carrier.received] == [str(at) for at in range(30)]
