"""commit.lua: idempotency, and the conditions of a change."""

import asyncio
from dataclasses import replace

import pytest

from conversation_service.domain.commands.core.change import Change, RouteClaim, SenderLimitsChange
from conversation_service.domain.commands.core.lifecycle import ended, joined, message_passed
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.errors import JoinCodeInvalid
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.domain.model.messages import OutboundMessage
from conversation_service.domain.model.participants import Block
from conversation_service.domain.model.rate_limits import SenderLimits
from conversation_service.store.conversations.types import Committed, Conflict, Duplicate
from conversation_service.store.keyspace.timestamps import from_ms, to_ms
from conversation_service.store.records.payloads import StoredResponse
from support.builders.conversations import ALICE, BOB, CAROL, MASKED, POOL, route

from .repository_harness import CODE, NEVER_SEEN, OTHER_CODE, Harness, after

IN_C = Event(EventType.KEYWORD_RECEIVED, "c")
IN_C_ERASED = StoredResponse(timeline_id="c", erasure_id="e")
OUTSIDE = Event(EventType.PERSON_OPTED_OUT, "")


async def test_a_code_works_once(harness: Harness) -> None:
    active = await harness.connected()
    assert await harness.invitation(CODE) is None
    assert await harness.live(route(ALICE), route(BOB)) == {
        route(ALICE): active,
        route(BOB): active,
    }


async def test_a_repeated_request_changes_nothing_and_gets_the_first_response(
    harness: Harness,
) -> None:
    change = harness.starting()
    assert await harness.commit(change, "r", "a field") == Committed()
    again = harness.starting(route(BOB), OTHER_CODE)
    assert await harness.commit(again, "r", "a field") == Duplicate(
        True, StoredResponse(change.after)
    )
    assert await harness.live(route(BOB)) == {}


async def test_a_repeated_request_is_known_before_the_decision(harness: Harness) -> None:
    change = harness.starting()
    await harness.commit(change, "r", "a field")
    same = await harness.earlier("a field", request_id="r")
    assert same == Duplicate(True, StoredResponse(change.after))
    assert await harness.earlier("another", request_id="r") == Duplicate(False, StoredResponse())
    assert await harness.earlier(request_id="never seen") is None


@pytest.mark.parametrize(
    ("kind", "change", "response"),
    [
        ("call", Change(refusal=JoinCodeInvalid()), StoredResponse(is_refused=True)),
        ("text", Change(events=(IN_C,)), StoredResponse(timeline_id="c")),
        ("text", Change(events=(IN_C,), erasure_id="e"), IN_C_ERASED),
        ("text", Change(events=(OUTSIDE,), erasure_id="e"), StoredResponse(erasure_id="e")),
    ],
    ids=["refusal", "timeline", "erasure", "erasure outside of any conversation"],
)
async def test_a_repeated_message_gets_the_response_that_was_stored(
    harness: Harness, kind: str, change: Change, response: StoredResponse
) -> None:
    assert await harness.commit(change, "r", kind=kind) == Committed()
    assert await harness.commit(change, "r", kind=kind) == Duplicate(True, response)


async def test_an_id_with_other_fields_is_refused_and_writes_nothing(harness: Harness) -> None:
    await harness.commit(Change(), "r", "a field")
    outcome = await harness.commit(harness.starting(), "r", "another")
    assert outcome == Duplicate(False, StoredResponse())
    assert await harness.live(route(ALICE)) == {}


async def test_ids_of_different_kinds_do_not_meet(harness: Harness) -> None:
    assert await harness.commit(Change(), "r", kind="text") == Committed()
    assert await harness.commit(Change(), "r", kind="start") == Committed()


async def test_of_two_changes_from_one_state_exactly_one_wins(harness: Harness) -> None:
    active = await harness.connected()
    over = ended(harness.snapshot(), active, EndReason.PARTICIPANT_ENDED)
    passed = message_passed(harness.snapshot(), active, LoopDetector())
    outcomes = await asyncio.gather(
        harness.commit(Change(active, over)), harness.commit(Change(active, passed))
    )
    assert sorted(map(str, outcomes)) == ["Committed()", "Conflict()"]


async def test_a_change_that_builds_on_a_lost_one_is_lost_too(harness: Harness) -> None:
    active = await harness.connected()
    foreign = message_passed(harness.snapshot(), active, LoopDetector())
    lost = message_passed(harness.snapshot(), active, LoopDetector())
    built_on_it = message_passed(harness.snapshot(), lost, LoopDetector())
    changes = [Change(active, foreign), Change(active, lost), Change(lost, built_on_it)]
    commits = [harness.commit_of(change) for change in changes]
    assert await harness.store.commit(commits) == [Committed(), Conflict(), Conflict()]
    assert await harness.store.get(active.conversation_id) == foreign


async def test_a_change_decided_in_another_version_of_the_pool_is_lost(harness: Harness) -> None:
    before = harness.starting()
    after = replace(POOL, version="w", numbers=POOL.numbers[1:])
    assert await harness.commit(Change(pool=after)) == Committed()
    assert await harness.commit(before) == Conflict()
    assert await harness.store.pool() == after
    batch = await harness.store.load([(NEVER_SEEN, ReadSet())], POOL, harness.clock.now())
    assert batch.version == "w"


async def test_nobody_is_in_two_live_conversations_on_one_number(harness: Harness) -> None:
    await harness.started()
    assert await harness.commit(harness.starting(code=OTHER_CODE)) == Conflict()
    waiting = await harness.started(route(BOB), "Z5Z5Z5")
    claim = RouteClaim(route(ALICE))
    both = Change(waiting, joined(harness.snapshot(), waiting, ALICE), (claim,))
    assert await harness.commit(both) == Conflict()


async def test_a_code_in_use_is_not_given_out_again(harness: Harness) -> None:
    await harness.started()
    assert await harness.commit(harness.starting(route(BOB))) == Conflict()


async def test_rate_limits_are_stored_and_two_do_not_write_them_at_once(harness: Harness) -> None:
    now = harness.clock.now()
    once = SenderLimits().replied(now)
    change = Change(sender_limits=SenderLimitsChange(ALICE, SenderLimits(), once))
    assert await harness.commit(change) == Committed()
    snapshot = await harness.load(ReadSet(people=(ALICE, BOB)))
    assert dict(snapshot.sender_limits) == {ALICE: once, BOB: SenderLimits()}
    assert await harness.commit(change) == Conflict()
    wrong = once.wrong_code_entered(now).help_sent(now)
    following = Change(sender_limits=SenderLimitsChange(ALICE, once, wrong))
    assert await harness.commit(following) == Committed()
    assert (await harness.load(ReadSet(people=(ALICE,)))).sender_limits[ALICE] == wrong


async def test_limits_are_compared_whole_whatever_their_bytes(harness: Harness) -> None:
    # Two hours from now, with a line break among its bytes.
    later = ((to_ms(harness.clock.now()) >> 16) + 110 << 16) + 0x0A00
    limits = (SenderLimits(helped_until=from_ms(later + number)) for number in range(3))
    first, second, third = limits
    for before, following in ((SenderLimits(), first), (first, second)):
        change = Change(sender_limits=SenderLimitsChange(ALICE, before, following))
        assert await harness.commit(change) == Committed()
    late = Change(sender_limits=SenderLimitsChange(ALICE, first, third))
    assert await harness.commit(late) == Conflict()


async def test_a_blocked_pair_is_known_to_both_and_does_not_meet(harness: Harness) -> None:
    block = Block("1", ALICE.participant_id, BOB.participant_id, harness.clock.now(), "c")
    assert await harness.commit(Change(new_block=block)) == Committed()
    for person, other in ((ALICE, BOB), (BOB, ALICE)):
        counts = (await harness.load(ReadSet(blocks_of=person))).block_counts
        assert counts == {person.participant_id: {other.participant_id: 1}}
        meeting = replace(harness.starting(route(CAROL)), requires_unblocked=(person, other))
        assert await harness.commit(meeting) == Conflict()
    meeting = replace(harness.starting(), requires_unblocked=(ALICE, CAROL))
    assert await harness.commit(meeting) == Committed()


async def test_two_people_meet_again_when_no_block_is_left_between_them(harness: Harness) -> None:
    pair, now = (ALICE.participant_id, BOB.participant_id), harness.clock.now()
    blocks = [Block("1", *pair, now, "c"), Block("2", *pair[::-1], now, "d")]
    for block in blocks:
        assert await harness.commit(Change(new_block=block)) == Committed()
    loaded = (await harness.load(ReadSet(block_id="2"))).block
    assert loaded == replace(blocks[1], conversation_id=""), "conversation d is not stored"
    meeting = replace(harness.starting(), requires_unblocked=(ALICE, BOB))
    assert await harness.commit(Change(deleted_block=blocks[0])) == Committed()
    assert await harness.commit(Change(deleted_block=blocks[0])) == Conflict()
    assert (await harness.load(ReadSet(block_id="1"))).block is None
    assert await harness.commit(meeting) == Conflict()
    assert await harness.commit(Change(deleted_block=blocks[1])) == Committed()
    assert await harness.commit(meeting) == Committed()


async def test_a_change_that_requires_no_live_conversation_on_a_number_waits_for_their_end(
    harness: Harness,
) -> None:
    active = await harness.connected()
    assert await harness.commit(Change(requires_no_live_on=MASKED)) == Conflict()
    assert await harness.commit(Change(requires_no_live_on="+12065550101")) == Committed()
    await harness.end(active)
    assert await harness.commit(Change(requires_no_live_on=MASKED)) == Committed()


async def test_messages_of_a_change_are_added_once_however_often_it_is_committed(
    harness: Harness,
) -> None:
    texts = tuple(OutboundMessage(f"m{index}", "c", MASKED, CAROL, "hello") for index in range(2))
    for _ in range(3):
        await harness.commit(Change(texts=texts), "r")
    assert await harness.redis.xlen("ml1:{main}:outbox") == 2


async def test_stored_responses_with_a_purged_conversation_expire_with_it(harness: Harness) -> None:
    expired = Duplicate(True, StoredResponse(is_expired=True))
    change = harness.starting()
    assert await harness.commit(change, "r") == Committed()
    over = await harness.end(after(change))
    await harness.store.purge([over])
    assert await harness.earlier(request_id="r") == expired
    assert await harness.commit(harness.starting(), "r") == expired
    reused = await harness.commit(harness.starting(), "r", "other fields")
    assert reused == Duplicate(False, StoredResponse())
