"""An ended conversation is reopened while its routes are unused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain import errors
from conversation_service.domain.commands.client.reopen import ReopenConversation
from conversation_service.domain.commands.core.change import RouteClaim
from conversation_service.domain.commands.core.lifecycle import ended
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, CAROL, MASKED, NUMBERS, POOL, route
from support.builders.decisions import (
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
    to_both,
)

GRACE = timedelta(hours=1)
REOPEN = ReopenConversation("r", ENDED)
OUT = OptOut(NOW, OptOutSource.CLIENT, "r0")
NEXT = replace(WAITING, conversation_id="d")
CANCELLED = ended(snapshot_of(), WAITING, EndReason.PARTICIPANT_ENDED)
NOTED = replace(ENDED, end_note="fraud", unique_name="order 7")


def reopened_after(span: timedelta, conversation: Conversation = ENDED) -> Conversation:
    snapshot = snapshot_about(conversation, now=NOW + span)
    return after(ReopenConversation("r", conversation).decide(snapshot))


def test_a_reopened_conversation_has_new_lifetimes() -> None:
    later, looping = NOW + GRACE / 2, LoopDetector(("x", "y"), 1, 5)
    used = replace(NOTED, last_message_time=NOW, warned_end_time=NOW, loop_detector=looping)
    assert reopened_after(GRACE / 2, used) == replace(
        used,
        state=State.ACTIVE,
        etag="change",
        idle_end_time=later + POOL.settings.lifecycle.idle_timeout,
        max_end_time=later + POOL.settings.lifecycle.max_lifetime,
        due_time=later + POOL.settings.lifecycle.idle_timeout,
        warned_end_time=None,
        loop_detector=LoopDetector(),
        end_time=None,
        end_reason=None,
        end_note="",
    )


def test_a_reopening_notifies_both_and_claims_their_routes() -> None:
    change = REOPEN.decide(snapshot_about(ENDED))
    assert change.before == ENDED
    assert sent_bodies(change) == to_both(Template.REOPENED)
    assert change.claims == (RouteClaim(route(ALICE), "c"), RouteClaim(route(BOB), "c"))
    assert change.requires_unblocked == (ALICE, BOB)
    accepted = [("MESSAGE_ACCEPTED", "reopened")] * 2
    assert event_details(change) == [("CONVERSATION_REOPENED", ""), *accepted]
    # After the cool-off, if the routes are unused.
    change = REOPEN.decide(snapshot_of(conversation=ENDED, now=NOW + timedelta(minutes=30)))
    assert change.claims == (RouteClaim(route(ALICE)), RouteClaim(route(BOB)))


def test_a_reopening_works_after_every_end_reason_within_the_pools_grace() -> None:
    for reason in EndReason:
        assert reopened_after(timedelta(0), replace(ENDED, end_reason=reason)).is_live
    assert reopened_after(GRACE - MOMENT).is_live
    with pytest.raises(errors.ConversationNotReopenable):
        reopened_after(GRACE)


@pytest.mark.parametrize(
    ("snapshot", "refusal"),
    [
        (snapshot_of(), errors.ConversationNotFound),
        *(
            (snapshot_about(conversation), errors.ConversationNotReopenable)
            for conversation in (ACTIVE, WAITING, CANCELLED)
        ),
        *(
            (snapshot_about(ENDED, **fields), errors.ConversationNotReopenable)
            for fields in (
                {"current_conversation_ids": {route(ALICE): "d", route(BOB): "c"}},
                {"current_conversation_ids": {route(ALICE): "c", route(BOB): "d"}},
                {"pool": pool_with(numbers=NUMBERS[1:])},
                {"pool": pool_with(numbers=draining(MASKED))},
                {"pool": pool_with({"lifecycle.reopen_window": timedelta(0)})},
                {"block_counts": {ALICE.participant_id: {BOB.participant_id: 1}}},
            )
        ),
        (snapshot_about(ENDED, named=NEXT), errors.UniqueNameAlreadyExists),
        (snapshot_about(ENDED, opt_outs={ALICE: OUT}), errors.ParticipantOptedOut),
        (snapshot_about(ENDED, opt_outs={BOB: OUT}), errors.ParticipantOptedOut),
    ],
)
def test_a_reopening_that_is_impossible_is_refused_with_the_reason(
    snapshot: Snapshot, refusal: type[errors.ConversationError]
) -> None:
    with pytest.raises(refusal):
        REOPEN.decide(snapshot)


def test_blocks_and_opt_outs_of_others_do_not_matter() -> None:
    blocks = {ALICE.participant_id: {CAROL.participant_id: 1}}
    snapshot = snapshot_about(ENDED, opt_outs={CAROL: OUT}, block_counts=blocks)
    assert after(REOPEN.decide(snapshot)).is_live


def test_a_reopening_reads_everything_that_could_prevent_it() -> None:
    assert ReopenConversation("r", NOTED).read_set(POOL) == ReadSet(
        routes=(route(ALICE), route(BOB)),
        conversation_id="c",
        unique_name="order 7",
        people=(ALICE, BOB),
        blocks_of=ALICE,
        endings_of=ALICE,
        carrier_blocks_on=(route(ALICE), route(BOB)),
    )
