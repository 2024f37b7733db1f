"""The promises of the conversation repository."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import (
    Change,
    CodeAttemptsChange,
    RouteClaim,
    SenderLimitsChange,
)
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.lifecycle import (
    ended,
    joined,
    message_held,
    message_passed,
    paused,
    reopened,
    resumed,
    started,
)
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.errors import CodeNotValid
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.domain.model.messages import HeldMessage, OutboundMessage
from conversation_service.domain.model.participants import Route
from conversation_service.domain.model.rate_limits import (
    NEVER,
    NUMBER_CODE_ATTEMPTS_WINDOW,
    SenderLimits,
)
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import (
    Commit,
    CommitOutcome,
    Committed,
    Conflict,
    Duplicate,
)
from conversation_service.store.records.payloads import StoredResponse
from support.clock import ManualClock
from support.conversations import (
    ALICE,
    BOB,
    CAROL,
    MASKED,
    POOL,
    ScriptedIds,
    pool_storage,
    route,
)

NOTHING = IdempotencyKey("text", "never seen", ())
CODE, OTHER_CODE = "K7M2Q9", "X4X4X4"


@pytest.fixture
def store(redis: Redis) -> ConversationRepository:
    return ConversationRepository(pool_storage(redis))


class Desk:
    """Makes changes as the operations would, one id after the other, in a pool that is there."""

    def __init__(self, store: ConversationRepository, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self.known = replace(POOL, version="")
        self._fresh = ScriptedIds()
        self._requests = 0

    def facts(self, code: str = CODE) -> Snapshot:
        now = self.clock.now()
        return Snapshot(POOL, now, self._fresh.change_id(now), code)

    async def commit(
        self, change: Change, request_id: str = "", *fields: str, kind: str = "call"
    ) -> CommitOutcome:
        [outcome] = await self.store.commit([self.asked(change, request_id, *fields, kind=kind)])
        return outcome

    def asked(
        self, change: Change, request_id: str = "", *fields: str, kind: str = "call"
    ) -> Commit:
        self._requests += 1
        receipt = IdempotencyKey(kind, request_id or f"request {self._requests}", fields)
        return Commit(receipt, change, self.clock.now(), self.known)

    def starting(self, by: Route | None = None, code: str = CODE, name: str = "") -> Change:
        taken = by or route(ALICE)
        conversation = started(self.facts(code), taken, name)
        return Change(after=conversation, claims=(RouteClaim(taken),))

    async def started(self, by: Route | None = None, code: str = CODE) -> Conversation:
        change = self.starting(by, code)
        assert await self.commit(change) == Committed()
        return _after(change)

    def joining(self, waiting: Conversation, current_conversation_id: str = "") -> Change:
        claim = RouteClaim(Route(waiting.masked_number, BOB), current_conversation_id)
        return Change(waiting, joined(self.facts(), waiting, BOB), (claim,))

    async def connected(self) -> Conversation:
        change = self.joining(await self.started())
        assert await self.commit(change) == Committed()
        return _after(change)

    async def parted(self, before: Conversation) -> Conversation:
        over = ended(self.facts(), before, EndReason.PARTICIPANT_ENDED)
        assert await self.commit(Change(before, over)) == Committed()
        return over

    async def load(self, read_set: ReadSet) -> Snapshot:
        batch = await self.store.load([(NOTHING, read_set)], self.known, self.clock.now())
        assert batch.version == self.known.version
        [snapshot] = batch.snapshots
        return snapshot

    async def earlier(self, *fields: str, request_id: str) -> Duplicate | None:
        key = IdempotencyKey("call", request_id, fields)
        batch = await self.store.load([(key, ReadSet())], self.known, self.clock.now())
        [duplicate] = batch.duplicates
        return duplicate

    async def on(self, *lines: Route) -> dict[Route, Conversation]:
        snapshot = await self.load(ReadSet(routes=lines))
        return {route: item for route in lines if (item := snapshot.on_route(route))}

    async def live(self, *lines: Route) -> dict[Route, Conversation]:
        return {at: one for at, one in (await self.on(*lines)).items() if one.is_live}

    async def invitation(self, code: str) -> Conversation | None:
        return (await self.load(ReadSet(code=code))).invitation


def _after(change: Change) -> Conversation:
    assert change.after is not None
    return change.after


@pytest.fixture
async def desk(store: ConversationRepository, clock: ManualClock) -> Desk:
    desk = Desk(store, clock)
    assert await desk.commit(Change(pool=POOL)) == Committed()
    desk.known = POOL
    return desk


async def test_what_is_committed_is_found_by_line_code_and_id(desk: Desk) -> None:
    conversation = await desk.started()
    assert await desk.live(route(ALICE), route(BOB)) == {route(ALICE): conversation}
    assert await desk.invitation(CODE) == conversation
    assert await desk.store.get(conversation.conversation_id) == conversation
    assert await desk.store.get("nothing") is None
    found = await desk.load(ReadSet(conversation_id=conversation.conversation_id))
    assert found.conversation == conversation


async def test_a_code_works_once(desk: Desk) -> None:
    active = await desk.connected()
    assert await desk.invitation(CODE) is None
    assert await desk.live(route(ALICE), route(BOB)) == {route(ALICE): active, route(BOB): active}


async def test_what_has_ended_stays_on_its_lines_until_it_is_replaced(desk: Desk) -> None:
    over = await desk.parted(await desk.connected())
    assert await desk.on(route(ALICE), route(BOB)) == {route(ALICE): over, route(BOB): over}
    assert await desk.store.get(over.conversation_id) == over
    assert await desk.commit(desk.starting()) == Conflict(), "the line is not free"
    following = started(desk.facts(), route(ALICE))
    claim = RouteClaim(route(ALICE), over.conversation_id)
    assert await desk.commit(Change(after=following, claims=(claim,))) == Committed()
    assert await desk.on(route(ALICE)) == {route(ALICE): following}


async def test_who_waited_alone_leaves_a_free_line(desk: Desk) -> None:
    await desk.parted(await desk.started())
    assert await desk.on(route(ALICE)) == {}
    await desk.started()


async def test_without_cool_off_a_line_is_free_at_once(desk: Desk) -> None:
    settings = replace(POOL.settings, cool_off=timedelta(0))
    desk.known = replace(POOL, settings=settings, version="w")
    assert await desk.store.commit([replace(desk.asked(Change(pool=desk.known)), pool=POOL)]) == [
        Committed()
    ]
    await desk.parted(await desk.connected())
    assert await desk.on(route(ALICE), route(BOB)) == {}


async def test_an_ended_conversation_that_goes_on_is_live_on_its_lines_again(desk: Desk) -> None:
    over = await desk.parted(await desk.connected())
    again = reopened(desk.facts(), over)
    claims = tuple(RouteClaim(route(one), over.conversation_id) for one in (ALICE, BOB))
    assert await desk.commit(Change(over, again, claims)) == Committed()
    assert await desk.live(route(ALICE), route(BOB)) == {route(ALICE): again, route(BOB): again}
    assert await desk.store.history(ALICE) == []
    assert await desk.store.live() == 1


async def test_a_repeated_request_changes_nothing_and_gets_the_first_answer(desk: Desk) -> None:
    change = desk.starting()
    assert await desk.commit(change, "r", "a field") == Committed()
    again = desk.starting(route(BOB), OTHER_CODE)
    assert await desk.commit(again, "r", "a field") == Duplicate(True, StoredResponse(change.after))
    assert await desk.live(route(BOB)) == {}


async def test_a_repeated_request_is_known_before_anything_is_decided(desk: Desk) -> None:
    change = desk.starting()
    await desk.commit(change, "r", "a field")
    same = await desk.earlier("a field", request_id="r")
    assert same == Duplicate(True, StoredResponse(change.after))
    assert await desk.earlier("another", request_id="r") == Duplicate(False, StoredResponse())
    assert await desk.earlier(request_id="never seen") is None


async def test_what_was_refused_and_yet_written_is_refused_again(desk: Desk) -> None:
    wrong = Change(refusal=CodeNotValid())
    assert await desk.commit(wrong, "r") == Committed()
    assert await desk.commit(wrong, "r") == Duplicate(True, StoredResponse(is_refused=True))


async def test_a_text_that_comes_again_says_where_it_is_told_of(desk: Desk) -> None:
    told = Change(events=(Event(EventType.COMMAND_RECEIVED, "c"),))
    assert await desk.commit(told, "r", kind="text") == Committed()
    assert await desk.commit(told, "r", kind="text") == Duplicate(
        True, StoredResponse(timeline_id="c")
    )


@pytest.mark.parametrize("place", ["", "c"])
async def test_a_text_handed_in_again_is_known_to_have_asked_for_an_erasure(
    desk: Desk, place: str
) -> None:
    tells = (Event(EventType.PERSON_OPTED_OUT, place),)
    asked = Change(events=tells, erasure_id="e1")
    assert await desk.commit(asked, "r", kind="text") == Committed()
    earlier = Duplicate(True, StoredResponse(timeline_id=place, erasure_id="e1"))
    assert await desk.commit(asked, "r", kind="text") == earlier


async def test_an_id_with_other_fields_is_refused_and_writes_nothing(desk: Desk) -> None:
    await desk.commit(Change(), "r", "a field")
    outcome = await desk.commit(desk.starting(), "r", "another")
    assert outcome == Duplicate(False, StoredResponse())
    assert await desk.live(route(ALICE)) == {}


async def test_ids_of_different_kinds_do_not_meet(desk: Desk) -> None:
    assert await desk.commit(Change(), "r", kind="text") == Committed()
    assert await desk.commit(Change(), "r", kind="start") == Committed()


async def test_of_two_changes_from_one_state_exactly_one_wins(desk: Desk) -> None:
    active = await desk.connected()
    over = ended(desk.facts(), active, EndReason.PARTICIPANT_ENDED)
    said = message_passed(desk.facts(), active, LoopDetector())
    outcomes = await asyncio.gather(
        desk.commit(Change(active, over)), desk.commit(Change(active, said))
    )
    assert sorted(map(str, outcomes)) == ["Committed()", "Conflict()"]


async def test_a_change_that_builds_on_one_that_lost_is_lost_too(desk: Desk) -> None:
    active = await desk.connected()
    foreign = message_passed(desk.facts(), active, LoopDetector())
    lost = message_passed(desk.facts(), active, LoopDetector())
    built_on_it = message_passed(desk.facts(), lost, LoopDetector())
    changes = [Change(active, foreign), Change(active, lost), Change(lost, built_on_it)]
    commits = [desk.asked(one) for one in changes]
    assert await desk.store.commit(commits) == [Committed(), Conflict(), Conflict()]
    assert await desk.store.get(active.conversation_id) == foreign


async def test_what_was_decided_in_another_version_of_the_pool_is_lost(desk: Desk) -> None:
    before = desk.starting()
    after = replace(POOL, version="w", numbers=POOL.numbers[1:])
    assert await desk.commit(Change(pool=after)) == Committed()
    assert await desk.commit(before) == Conflict()
    assert await desk.store.pool() == after
    batch = await desk.store.load([(NOTHING, ReadSet())], POOL, desk.clock.now())
    assert batch.version == "w"


async def test_nobody_is_in_two_live_conversations_on_one_number(desk: Desk) -> None:
    await desk.started()
    assert await desk.commit(desk.starting(code=OTHER_CODE)) == Conflict()
    waiting = await desk.started(route(BOB), "Z5Z5Z5")
    claim = RouteClaim(route(ALICE))
    both = Change(waiting, joined(desk.facts(), waiting, ALICE), (claim,))
    assert await desk.commit(both) == Conflict()


async def test_a_code_in_use_is_not_given_out_again(desk: Desk) -> None:
    await desk.started()
    assert await desk.commit(desk.starting(route(BOB))) == Conflict()


async def test_a_name_in_use_is_not_given_again_and_is_free_after_the_end(desk: Desk) -> None:
    first = desk.starting(name="ride 1")
    assert await desk.commit(first) == Committed()
    assert await desk.store.named("ride 1") == first.after
    assert (await desk.load(ReadSet(unique_name="ride 1"))).conversation_by_name == first.after
    second = desk.starting(route(BOB), OTHER_CODE, "ride 1")
    assert await desk.commit(second) == Conflict()
    await desk.parted(_after(first))
    assert await desk.store.named("ride 1") is None
    assert await desk.commit(second) == Committed()


async def test_conduct_is_found_again_and_two_do_not_write_it_at_once(desk: Desk) -> None:
    now = desk.clock.now()
    once = SenderLimits().replied(now)
    change = Change(sender_limits=SenderLimitsChange(ALICE, SenderLimits(), once))
    assert await desk.commit(change) == Committed()
    found = await desk.load(ReadSet(people=(ALICE, BOB)))
    assert dict(found.sender_limits) == {ALICE: once, BOB: SenderLimits()}
    assert await desk.commit(change) == Conflict()
    wrong = once.wrong_code_entered(now).help_sent(now)
    following = Change(sender_limits=SenderLimitsChange(ALICE, once, wrong))
    assert await desk.commit(following) == Committed()
    assert (await desk.load(ReadSet(people=(ALICE,)))).sender_limits[ALICE] == wrong


async def test_wrong_tries_on_a_number_are_counted_there_only(desk: Desk) -> None:
    once = NEVER.incremented(desk.clock.now(), NUMBER_CODE_ATTEMPTS_WINDOW)
    change = Change(code_attempts=CodeAttemptsChange(MASKED, NEVER, once))
    assert await desk.commit(change) == Committed()
    assert (await desk.load(ReadSet(code_attempts_on=MASKED))).code_attempts_on_number == once
    assert (
        await desk.load(ReadSet(code_attempts_on="+12065550101"))
    ).code_attempts_on_number == NEVER
    assert await desk.commit(change) == Conflict()


async def test_a_pair_that_is_blocked_is_known_to_either_and_does_not_meet(desk: Desk) -> None:
    assert await desk.commit(Change(blocks=(ALICE, BOB))) == Committed()
    for one, other in ((ALICE, BOB), (BOB, ALICE)):
        assert (await desk.load(ReadSet(blocks_of=one))).blocks == {one: {other.participant_id}}
        meeting = replace(desk.starting(route(CAROL)), requires_unblocked=(one, other))
        assert await desk.commit(meeting) == Conflict()
    assert (
        await desk.commit(replace(desk.starting(), requires_unblocked=(ALICE, CAROL)))
        == Committed()
    )


async def test_a_pairs_last_number_is_known_whoever_is_named_first(desk: Desk) -> None:
    await desk.parted(await desk.connected())
    for pair in ((ALICE, BOB), (BOB, ALICE)):
        assert (await desk.load(ReadSet(pair=pair))).last_number == MASKED
    assert (await desk.load(ReadSet(pair=(ALICE, CAROL)))).last_number == ""


async def test_held_texts_come_in_order_and_once(desk: Desk) -> None:
    active = await desk.connected()
    before = paused(desk.facts(), active)
    await desk.commit(Change(active, before))
    # Decided upon as it was loaded: the secret of its words is among what the store adds.
    before = await desk.store.get(before.conversation_id) or before
    texts = [HeldMessage(ALICE.participant_id, body) for body in ("one", "two")]
    for text in texts:
        after = message_passed(desk.facts(), message_held(before, ALICE), LoopDetector())
        assert await desk.commit(Change(before, after, held=(text,))) == Committed()
        before = after
    lookup = ReadSet(held_in=active.conversation_id)
    assert list((await desk.load(lookup)).held) == texts
    assert await desk.commit(Change(before, resumed(desk.facts(), before))) == Committed()
    assert (await desk.load(lookup)).held == ()


async def test_held_texts_are_gone_when_the_conversation_ends(desk: Desk) -> None:
    active = await desk.connected()
    keeping = message_held(paused(desk.facts(), active), ALICE)
    await desk.commit(Change(active, keeping, held=(HeldMessage(ALICE.participant_id, "one"),)))
    over = await desk.parted(keeping)
    assert (await desk.load(ReadSet(held_in=over.conversation_id))).held == ()


async def test_loads_are_counted_by_number_and_by_person(desk: Desk) -> None:
    active = await desk.connected()
    elsewhere = await desk.started(Route("+12065550101", ALICE), OTHER_CODE)
    both = {MASKED: 1, "+12065550101": 1}
    assert await desk.store.live_counts(POOL.masked_numbers) == both
    assert dict((await desk.load(ReadSet(needs_live_counts=True))).live_counts) == both
    assert (await desk.store.live(), await desk.store.max_held()) == (2, 2)
    await desk.parted(active)
    await desk.parted(elsewhere)
    assert await desk.store.live_counts(POOL.masked_numbers) == {}
    assert (await desk.store.live(), await desk.store.max_held()) == (0, 0)


async def test_what_needs_a_number_without_live_conversations_waits_for_their_end(
    desk: Desk,
) -> None:
    active = await desk.connected()
    assert await desk.commit(Change(requires_no_live_on=MASKED)) == Conflict()
    assert await desk.commit(Change(requires_no_live_on="+12065550101")) == Committed()
    await desk.parted(active)
    assert await desk.commit(Change(requires_no_live_on=MASKED)) == Committed()


async def test_a_persons_ended_conversations_are_remembered(desk: Desk) -> None:
    over = await desk.parted(await desk.connected())
    assert await desk.store.history(ALICE) == await desk.store.history(BOB) == [over]
    assert await desk.store.history(CAROL) == []
    assert await desk.store.on_routes([route(ALICE), route(BOB), route(CAROL)]) == [over]


async def test_pages_are_newest_first_and_complete(desk: Desk) -> None:
    started = []
    for number in range(5):
        desk.clock.move(seconds=1)
        code = f"K7M2Q{number + 2}"
        started.append(await desk.started(Route(f"+1206555010{number}", ALICE), code))
    first = await desk.store.page(2, "")
    second = await desk.store.page(2, first[-1].conversation_id)
    third = await desk.store.page(2, second[-1].conversation_id)
    assert [*first, *second, *third] == started[::-1]
    assert await desk.store.page(2, third[-1].conversation_id) == []


async def test_due_conversations_come_when_they_are_due(desk: Desk) -> None:
    waiting = await desk.started()
    assert await desk.store.due(waiting.due_time - timedelta(seconds=1), 10) == []
    assert await desk.store.due(waiting.due_time, 10) == [waiting]
    assert await desk.store.due(waiting.due_time, 0) == []


async def test_what_is_forgotten_is_gone_everywhere_and_holds_no_line(desk: Desk) -> None:
    over = await desk.parted(await desk.connected())
    await desk.store.purge([over.conversation_id])
    assert await desk.store.get(over.conversation_id) is None
    assert await desk.store.page(10, "") == []
    assert await desk.store.due(over.due_time, 10) == []
    found = await desk.load(ReadSet(routes=(route(ALICE),)))
    assert found.on_route(route(ALICE)) is None
    # The id is still loaded, so that the route can be claimed.
    claim = RouteClaim(route(ALICE), found.current_conversation_ids.get(route(ALICE), ""))
    following = started(desk.facts(), route(ALICE))
    assert await desk.commit(Change(after=following, claims=(claim,))) == Committed()


async def test_texts_of_a_change_are_owed_once_however_often_it_is_committed(
    redis: Redis, clock: ManualClock
) -> None:
    desk = Desk(ConversationRepository(pool_storage(redis)), clock)
    texts = tuple(OutboundMessage(f"m-{at}", "c", MASKED, CAROL, "hello") for at in range(2))
    for _ in range(3):
        await desk.commit(Change(texts=texts), "r")
    assert await redis.xlen("maskline:v1:{main}:outbox") == 2


async def test_the_answers_that_held_a_forgotten_conversation_are_forgotten_too(
    desk: Desk,
) -> None:
    change = desk.starting()
    assert await desk.commit(change, "asked for") == Committed()
    over = await desk.parted(_after(change))
    await desk.store.purge([over.conversation_id])
    assert await desk.earlier(request_id="asked for") == Duplicate(
        True, StoredResponse(is_expired=True)
    )
    again = await desk.commit(desk.starting(), "asked for")
    assert again == Duplicate(True, StoredResponse(is_expired=True))
    assert await desk.commit(desk.starting(), "asked for", "other fields") == Duplicate(
        False, StoredResponse()
    )
