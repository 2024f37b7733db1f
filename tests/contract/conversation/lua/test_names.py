"""Unique names: one live conversation has one, and ended ones are found by it."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change, RouteClaim
from conversation_service.domain.commands.core.lifecycle import created, renamed, reopened
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.store.conversations.types import Committed, Conflict
from support.builders.conversations import ALICE, BOB, MASKED, route

from .repository_harness import OTHER_CODE, Harness, after


async def test_a_unique_name_in_use_is_refused_and_free_after_the_end(harness: Harness) -> None:
    first = harness.starting(unique_name="order 1")
    assert await harness.commit(first) == Committed()
    assert await harness.store.named("order 1") == [first.after]
    assert (await harness.load(ReadSet(unique_name="order 1"))).conversation_by_name == first.after
    second = harness.starting(route(BOB), OTHER_CODE, "order 1")
    assert await harness.commit(second) == Conflict()
    over = await harness.end(after(first))
    assert (await harness.load(ReadSet(unique_name="order 1"))).conversation_by_name is None
    harness.clock.move(seconds=1)
    second = harness.starting(route(BOB), OTHER_CODE, "order 1")
    assert await harness.commit(second) == Committed()
    assert await harness.store.named("order 1") == [second.after, over]


async def test_a_new_name_frees_the_old_one_and_is_refused_if_it_is_in_use(
    harness: Harness,
) -> None:
    first = harness.starting(unique_name="order 1")
    second = harness.starting(route(BOB), OTHER_CODE, "order 2")
    for change in (first, second):
        assert await harness.commit(change) == Committed()
    before = after(first)
    taken = renamed(harness.snapshot(), before, "order 2", {})
    assert await harness.commit(Change(before, taken)) == Conflict()
    changed = renamed(harness.snapshot(), before, "order 3", {"ride": "42"})
    assert await harness.commit(Change(before, changed)) == Committed()
    assert await harness.store.named("order 1") == []
    assert await harness.store.named("order 3") == [changed]
    over = await harness.end(changed)
    assert await harness.store.named("order 3") == [over]
    nameless = renamed(harness.snapshot(), after(second), "", {})
    assert await harness.commit(Change(second.after, nameless)) == Committed()
    assert await harness.store.named("order 2") == []


async def test_a_reopened_conversation_is_listed_under_its_name_once(harness: Harness) -> None:
    claims = tuple(RouteClaim(route(person)) for person in (ALICE, BOB))
    active = created(harness.snapshot(), MASKED, (ALICE, BOB), "order 1")
    assert await harness.commit(Change(after=active, claims=claims)) == Committed()
    over = await harness.end(active)
    claims = tuple(replace(claim, current_conversation_id=over.conversation_id) for claim in claims)
    again = Change(over, reopened(harness.snapshot(), over), claims)
    assert await harness.commit(again) == Committed()
    assert await harness.store.named("order 1") == [again.after]
    assert not await harness.redis.keys("*name-history*")
