"""What the repository loads, lists and purges."""

from dataclasses import replace
from datetime import timedelta

from conversation_service.domain.commands.core.change import Change, CodeAttemptsChange, RouteClaim
from conversation_service.domain.commands.core.lifecycle import (
    created,
    message_held,
    message_passed,
    paused,
    reopened,
    resumed,
)
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.domain.model.participants import Route
from conversation_service.domain.model.rate_limits import NEVER, NUMBER_CODE_ATTEMPTS_WINDOW
from conversation_service.store.conversations.types import Committed, Conflict
from support.builders.conversations import (
    ALICE,
    BOB,
    CAROL,
    MASKED,
    OTHER_MASKED,
    POOL,
    route,
    settings_with,
)

from .repository_harness import CODE, OTHER_CODE, Harness


async def test_a_committed_conversation_is_found_by_route_code_and_id(harness: Harness) -> None:
    conversation = await harness.started()
    assert await harness.live(route(ALICE), route(BOB)) == {route(ALICE): conversation}
    assert await harness.invitation(CODE) == conversation
    assert await harness.store.get(conversation.conversation_id) == conversation
    assert await harness.store.get("nothing") is None
    snapshot = await harness.load(ReadSet(conversation_id=conversation.conversation_id))
    assert snapshot.conversation == conversation


async def test_an_ended_conversation_stays_on_its_routes_until_it_is_replaced(
    harness: Harness,
) -> None:
    over = await harness.end(await harness.connected())
    assert await harness.on_routes(route(ALICE), route(BOB)) == {
        route(ALICE): over,
        route(BOB): over,
    }
    assert await harness.store.get(over.conversation_id) == over
    assert await harness.commit(harness.starting()) == Conflict()
    following = created(harness.snapshot(), MASKED, (ALICE,))
    claim = RouteClaim(route(ALICE), over.conversation_id)
    assert await harness.commit(Change(after=following, claims=(claim,))) == Committed()
    assert await harness.on_routes(route(ALICE)) == {route(ALICE): following}


async def test_a_person_who_waited_alone_leaves_a_free_route(harness: Harness) -> None:
    await harness.end(await harness.started())
    assert await harness.on_routes(route(ALICE)) == {}
    await harness.started()


async def test_without_cool_off_a_route_is_free_at_once(harness: Harness) -> None:
    settings = settings_with({"lifecycle.cool_off": timedelta(0)})
    harness.pool = replace(POOL, settings=settings, version="w")
    assert await harness.store.commit(
        [replace(harness.commit_of(Change(pool=harness.pool)), pool=POOL)]
    ) == [Committed()]
    await harness.end(await harness.connected())
    assert await harness.on_routes(route(ALICE), route(BOB)) == {}


async def test_a_reopened_conversation_is_live_on_its_routes_again(harness: Harness) -> None:
    over = await harness.end(await harness.connected())
    again = reopened(harness.snapshot(), over)
    claims = tuple(RouteClaim(route(person), over.conversation_id) for person in (ALICE, BOB))
    assert await harness.commit(Change(over, again, claims)) == Committed()
    assert await harness.live(route(ALICE), route(BOB)) == {route(ALICE): again, route(BOB): again}
    assert await harness.store.history(ALICE) == []
    assert await harness.store.live() == 1


async def test_wrong_codes_on_a_number_are_counted_there_only(harness: Harness) -> None:
    once = NEVER.incremented(harness.clock.now(), NUMBER_CODE_ATTEMPTS_WINDOW)
    change = Change(code_attempts=CodeAttemptsChange(MASKED, NEVER, once))
    assert await harness.commit(change) == Committed()
    for number, attempts in ((MASKED, once), (OTHER_MASKED, NEVER)):
        snapshot = await harness.load(ReadSet(code_attempts_on=number))
        assert snapshot.code_attempts_on_number == attempts
    assert await harness.commit(change) == Conflict()


async def test_a_pairs_last_number_is_known_in_either_order(harness: Harness) -> None:
    await harness.end(await harness.connected())
    for pair in ((ALICE, BOB), (BOB, ALICE)):
        assert (await harness.load(ReadSet(pair=pair))).last_number == MASKED
    assert (await harness.load(ReadSet(pair=(ALICE, CAROL)))).last_number == ""


async def test_held_messages_come_in_order_and_once(harness: Harness) -> None:
    active = await harness.connected()
    before = paused(harness.snapshot(), active)
    await harness.commit(Change(active, before))
    # Loaded again, since the store adds the data key of its bodies.
    before = await harness.store.get(before.conversation_id) or before
    texts = [HeldMessage(body, ALICE.participant_id, body) for body in ("one", "two")]
    for text in texts:
        after = message_passed(
            harness.snapshot(), message_held(before, ALICE, text.message_id), LoopDetector()
        )
        assert await harness.commit(Change(before, after, held=(text,))) == Committed()
        before = after
    read_set = ReadSet(held_in=active.conversation_id)
    assert list((await harness.load(read_set)).held) == texts
    assert await harness.commit(Change(before, resumed(harness.snapshot(), before))) == Committed()
    assert (await harness.load(read_set)).held == ()


async def test_live_conversations_are_counted_by_number_and_by_person(harness: Harness) -> None:
    active = await harness.connected()
    elsewhere = await harness.started(Route(OTHER_MASKED, ALICE), OTHER_CODE)
    both = {MASKED: 1, OTHER_MASKED: 1}
    assert await harness.store.live_counts(POOL.masked_numbers) == both
    assert dict((await harness.load(ReadSet(needs_live_counts=True))).live_counts) == both
    assert (await harness.store.live(), await harness.store.max_held()) == (2, 2)
    await harness.end(active)
    await harness.end(elsewhere)
    assert await harness.store.live_counts(POOL.masked_numbers) == {}
    assert (await harness.store.live(), await harness.store.max_held()) == (0, 0)


async def test_a_persons_ended_conversations_are_remembered(harness: Harness) -> None:
    over = await harness.end(await harness.connected())
    assert await harness.store.history(ALICE) == await harness.store.history(BOB) == [over]
    assert await harness.store.history(CAROL) == []
    assert await harness.store.on_routes([route(ALICE), route(BOB), route(CAROL)]) == [over]


async def test_due_conversations_come_when_they_are_due(harness: Harness) -> None:
    waiting = await harness.started()
    assert await harness.store.due(waiting.due_time - timedelta(seconds=1), 10) == []
    assert await harness.store.due(waiting.due_time, 10) == [waiting]
    assert await harness.store.due(waiting.due_time, 0) == []


async def test_a_purged_conversation_is_gone_everywhere_and_its_route_can_be_claimed(
    harness: Harness,
) -> None:
    over = await harness.end(await harness.connected())
    await harness.store.purge([over])
    assert await harness.store.get(over.conversation_id) is None
    assert await harness.store.page(10, "") == ([], "")
    assert await harness.redis.keys("*:conversations:*") == []
    assert await harness.store.due(over.due_time, 10) == []
    snapshot = await harness.load(ReadSet(routes=(route(ALICE),)))
    assert snapshot.on_route(route(ALICE)) is None
    # The id is still loaded, so that the route can be claimed.
    claim = RouteClaim(route(ALICE), snapshot.current_conversation_ids.get(route(ALICE), ""))
    following = created(harness.snapshot(), MASKED, (ALICE,))
    assert await harness.commit(Change(after=following, claims=(claim,))) == Committed()
