"""An ended conversation is reopened while its routes are unused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.client.reopen import ReopenConversation
from conversation_service.domain.commands.core.change import RouteClaim
from conversation_service.domain.commands.core.lifecycle import ended
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.errors import (
    ConversationError,
    ConversationNotFound,
    ConversationNotReopenable,
    ParticipantOptedOut,
    UniqueNameTaken,
)
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, CAROL, MASKED, NUMBERS, POOL, route, system_message
from support.decisions import (
    ACTIVE,
    ENDED,
    MOMENT,
    NOW,
    WAITING,
    after,
    draining,
    event_details,
    pool_with,
    sent_bodies,
    snapshot_about,
    snapshot_of,
)

GRACE = timedelta(hours=1)
OUT = OptOut(NOW, OptOutSource.CLIENT, "r0")
NEXT = replace(WAITING, conversation_id="d")
CANCELLED = ended(snapshot_of(), WAITING, EndReason.PARTICIPANT_ENDED)
NOTED = replace(ENDED, end_note="fraud", unique_name="order 7")


def reopened_after(span: timedelta, conversation: Conversation = ENDED) -> Conversation:
    snapshot = snapshot_about(conversation, now=NOW + span)
    return after(ReopenConversation("r", conversation).decide(snapshot))


def test_a_reopened_conversation_has_new_lifetimes() -> None:
    later = NOW + timedelta(minutes=30)
    talked = replace(
        NOTED,
        last_message_time=NOW,
        warned_end_time=NOW,
        loop_detector=LoopDetector(("x", "y"), 1, 5),
    )
    conversation = reopened_after(timedelta(minutes=30), talked)
    assert conversation == replace(
        talked,
        state=State.ACTIVE,
        etag="change",
        idle_end_time=later + POOL.settings.idle_lifetime,
        latest_end_time=later + POOL.settings.lifetime,
        due_time=later + POOL.settings.idle_lifetime,
        warned_end_time=None,
        loop_detector=LoopDetector(),
        end_time=None,
        end_reason=None,
        end_note="",
    )


def test_a_reopening_notifies_both_and_claims_their_routes() -> None:
    change = ReopenConversation("r", ENDED).decide(snapshot_about(ENDED))
    assert change.before == ENDED
    assert sent_bodies(change) == [
        (ALICE, system_message(Template.REOPENED)),
        (BOB, system_message(Template.REOPENED)),
    ]
    assert change.claims == (RouteClaim(route(ALICE), "c"), RouteClaim(route(BOB), "c"))
    assert change.requires_unblocked == (ALICE, BOB)
    assert event_details(change) == [
        ("CONVERSATION_REOPENED", ""),
        *[("SYSTEM_TEXT_ACCEPTED", "reopened")] * 2,
    ]


def test_a_reopening_works_after_the_cool_off_if_the_routes_are_unused() -> None:
    snapshot = snapshot_of(conversation=ENDED, now=NOW + timedelta(minutes=30))
    change = ReopenConversation("r", ENDED).decide(snapshot)
    assert change.claims == (RouteClaim(route(ALICE)), RouteClaim(route(BOB)))


def test_a_reopening_is_refused_after_the_pools_grace() -> None:
    assert reopened_after(GRACE - MOMENT).is_live
    with pytest.raises(ConversationNotReopenable):
        reopened_after(GRACE)
    never = replace(snapshot_about(ENDED), pool=pool_with(reopen_grace=timedelta(0)))
    with pytest.raises(ConversationNotReopenable):
        ReopenConversation("r", ENDED).decide(never)


def test_a_reopening_works_after_every_end_reason() -> None:
    for reason in EndReason:
        assert reopened_after(timedelta(0), replace(ENDED, end_reason=reason)).is_live


@pytest.mark.parametrize(
    ("snapshot", "refusal"),
    [
        (snapshot_of(), ConversationNotFound),
        (snapshot_about(ACTIVE), ConversationNotReopenable),
        (snapshot_about(WAITING), ConversationNotReopenable),
        (snapshot_about(CANCELLED), ConversationNotReopenable),
        (
            snapshot_about(ENDED, current_conversation_ids={route(ALICE): "d", route(BOB): "c"}),
            ConversationNotReopenable,
        ),
        (
            snapshot_about(ENDED, current_conversation_ids={route(ALICE): "c", route(BOB): "d"}),
            ConversationNotReopenable,
        ),
        (snapshot_about(ENDED, pool=pool_with(numbers=NUMBERS[1:])), ConversationNotReopenable),
        (
            snapshot_about(ENDED, pool=pool_with(numbers=draining(MASKED))),
            ConversationNotReopenable,
        ),
        (
            snapshot_about(ENDED, blocks={ALICE: frozenset({BOB.participant_id})}),
            ConversationNotReopenable,
        ),
        (snapshot_about(ENDED, named=NEXT), UniqueNameTaken),
        (snapshot_about(ENDED, opt_outs={ALICE: OUT}), ParticipantOptedOut),
        (snapshot_about(ENDED, opt_outs={BOB: OUT}), ParticipantOptedOut),
    ],
)
def test_a_reopening_that_is_impossible_is_refused_with_the_reason(
    snapshot: Snapshot, refusal: type[ConversationError]
) -> None:
    with pytest.raises(refusal):
        ReopenConversation("r", ENDED).decide(snapshot)


def test_blocks_and_opt_outs_of_others_do_not_matter() -> None:
    snapshot = snapshot_about(
        ENDED, opt_outs={CAROL: OUT}, blocks={ALICE: frozenset({CAROL.participant_id})}
    )
    assert after(ReopenConversation("r", ENDED).decide(snapshot)).is_live


def test_a_reopening_reads_everything_that_could_prevent_it() -> None:
    assert ReopenConversation("r", NOTED).read_set(POOL) == ReadSet(
        routes=(route(ALICE), route(BOB)),
        conversation_id="c",
        unique_name="order 7",
        people=(ALICE, BOB),
        blocks_of=ALICE,
    )
