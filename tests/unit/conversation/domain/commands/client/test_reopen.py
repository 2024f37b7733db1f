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
from support.conversations import ALICE, BOB, CAROL, MASKED, NUMBERS, POOL, line, says
from support.decisions import (
    ACTIVE,
    ENDED,
    MOMENT,
    NOW,
    WAITING,
    about,
    after,
    draining,
    facts,
    happened,
    pool_with,
    told,
)

GRACE = timedelta(hours=1)
OUT = OptOut(NOW, OptOutSource.CLIENT, "r0")
NEXT = replace(WAITING, conversation_id="d")
CANCELLED = ended(facts(), WAITING, EndReason.PARTICIPANT_ENDED)
NOTED = replace(ENDED, end_note="fraud", unique_name="order 7")


def reopened_after(span: timedelta, conversation: Conversation = ENDED) -> Conversation:
    snapshot = about(conversation, now=NOW + span)
    return after(ReopenConversation("r", conversation).decide(snapshot))


def test_a_reopened_conversation_has_new_lifetimes() -> None:
    later = NOW + timedelta(minutes=30)
    talked = replace(
        NOTED, last_message_time=NOW, warned_end_time=NOW, exchange=LoopDetector(("x", "y"), 1, 5)
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
        exchange=LoopDetector(),
        end_time=None,
        end_reason=None,
        end_note="",
    )


def test_a_reopening_notifies_both_and_claims_their_routes() -> None:
    change = ReopenConversation("r", ENDED).decide(about(ENDED))
    assert change.before == ENDED
    assert told(change) == [(ALICE, says(Template.REOPENED)), (BOB, says(Template.REOPENED))]
    assert change.claims == (RouteClaim(line(ALICE), "c"), RouteClaim(line(BOB), "c"))
    assert change.requires_unblocked == (ALICE, BOB)
    assert happened(change) == [
        ("CONVERSATION_REOPENED", ""),
        *[("SYSTEM_TEXT_ACCEPTED", "reopened")] * 2,
    ]


def test_a_reopening_works_after_the_cool_off_if_the_routes_are_unused() -> None:
    snapshot = facts(conversation=ENDED, now=NOW + timedelta(minutes=30))
    change = ReopenConversation("r", ENDED).decide(snapshot)
    assert change.claims == (RouteClaim(line(ALICE)), RouteClaim(line(BOB)))


def test_a_reopening_is_refused_after_the_pools_grace() -> None:
    assert reopened_after(GRACE - MOMENT).is_live
    with pytest.raises(ConversationNotReopenable):
        reopened_after(GRACE)
    never = replace(about(ENDED), pool=pool_with(reopen_grace=timedelta(0)))
    with pytest.raises(ConversationNotReopenable):
        ReopenConversation("r", ENDED).decide(never)


def test_a_reopening_works_after_every_end_reason() -> None:
    for reason in EndReason:
        assert reopened_after(timedelta(0), replace(ENDED, end_reason=reason)).is_live


@pytest.mark.parametrize(
    ("snapshot", "refusal"),
    [
        (facts(), ConversationNotFound),
        (about(ACTIVE), ConversationNotReopenable),
        (about(WAITING), ConversationNotReopenable),
        (about(CANCELLED), ConversationNotReopenable),
        (
            about(ENDED, current_conversation_ids={line(ALICE): "d", line(BOB): "c"}),
            ConversationNotReopenable,
        ),
        (
            about(ENDED, current_conversation_ids={line(ALICE): "c", line(BOB): "d"}),
            ConversationNotReopenable,
        ),
        (about(ENDED, pool=pool_with(numbers=NUMBERS[1:])), ConversationNotReopenable),
        (about(ENDED, pool=pool_with(numbers=draining(MASKED))), ConversationNotReopenable),
        (about(ENDED, blocks={ALICE: frozenset({BOB.participant_id})}), ConversationNotReopenable),
        (about(ENDED, named=NEXT), UniqueNameTaken),
        (about(ENDED, opt_outs={ALICE: OUT}), ParticipantOptedOut),
        (about(ENDED, opt_outs={BOB: OUT}), ParticipantOptedOut),
    ],
)
def test_a_reopening_that_is_impossible_is_refused_with_the_reason(
    snapshot: Snapshot, refusal: type[ConversationError]
) -> None:
    with pytest.raises(refusal):
        ReopenConversation("r", ENDED).decide(snapshot)


def test_blocks_and_opt_outs_of_others_do_not_matter() -> None:
    snapshot = about(
        ENDED, opt_outs={CAROL: OUT}, blocks={ALICE: frozenset({CAROL.participant_id})}
    )
    assert after(ReopenConversation("r", ENDED).decide(snapshot)).is_live


def test_a_reopening_reads_everything_that_could_prevent_it() -> None:
    assert ReopenConversation("r", NOTED).read_set(POOL) == ReadSet(
        routes=(line(ALICE), line(BOB)),
        conversation_id="c",
        unique_name="order 7",
        people=(ALICE, BOB),
        blocks_of=ALICE,
    )
