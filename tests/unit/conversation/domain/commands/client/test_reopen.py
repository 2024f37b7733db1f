"""An ending is taken back, if nothing has come between."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

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
    return after(ReopenConversation("r", conversation).decide(about(conversation, now=NOW + span)))


def but(conversation: Conversation = ENDED, **besides: Any) -> Snapshot:  # noqa: ANN401 - of Facts
    return about(conversation, **besides)


def test_an_ended_conversation_goes_on_as_if_it_had_been_joined_just_now() -> None:
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


def test_both_are_told_and_the_lines_are_theirs_again() -> None:
    change = ReopenConversation("r", ENDED).decide(about(ENDED))
    assert change.before == ENDED
    assert told(change) == [(ALICE, says(Template.REOPENED)), (BOB, says(Template.REOPENED))]
    assert change.claims == (RouteClaim(line(ALICE), "c"), RouteClaim(line(BOB), "c"))
    assert change.unless_blocked == (ALICE, BOB)
    assert happened(change) == [
        ("CONVERSATION_REOPENED", ""),
        *[("SYSTEM_TEXT_ACCEPTED", "reopened")] * 2,
    ]


def test_it_goes_on_even_if_its_number_has_rested_meanwhile_and_nobody_took_it() -> None:
    known = facts(conversation=ENDED, now=NOW + timedelta(minutes=30))
    change = ReopenConversation("r", ENDED).decide(known)
    assert change.claims == (RouteClaim(line(ALICE)), RouteClaim(line(BOB)))


def test_an_ending_can_be_taken_back_as_long_as_the_pool_says() -> None:
    assert reopened_after(GRACE - MOMENT).is_live
    with pytest.raises(ConversationNotReopenable):
        reopened_after(GRACE)
    never = replace(about(ENDED), pool=pool_with(reopen_grace=timedelta(0)))
    with pytest.raises(ConversationNotReopenable):
        ReopenConversation("r", ENDED).decide(never)


@pytest.mark.parametrize("reason", [one for one in EndReason if one is not EndReason.CODE_EXPIRED])
def test_why_it_ended_does_not_matter(reason: EndReason) -> None:
    assert reopened_after(timedelta(0), replace(ENDED, end_reason=reason)).is_live


@pytest.mark.parametrize(
    ("known", "refusal"),
    [
        (facts(), ConversationNotFound),
        (but(ACTIVE), ConversationNotReopenable),
        (but(WAITING), ConversationNotReopenable),
        (but(CANCELLED), ConversationNotReopenable),
        (
            but(current_conversation_ids={line(ALICE): "d", line(BOB): "c"}),
            ConversationNotReopenable,
        ),
        (
            but(current_conversation_ids={line(ALICE): "c", line(BOB): "d"}),
            ConversationNotReopenable,
        ),
        (but(pool=pool_with(numbers=NUMBERS[1:])), ConversationNotReopenable),
        (but(pool=pool_with(numbers=draining(MASKED))), ConversationNotReopenable),
        (but(blocks={ALICE: frozenset({BOB.participant_id})}), ConversationNotReopenable),
        (but(named=NEXT), UniqueNameTaken),
        (but(opt_outs={ALICE: OUT}), ParticipantOptedOut),
        (but(opt_outs={BOB: OUT}), ParticipantOptedOut),
    ],
)
def test_what_has_come_between_is_told(known: Snapshot, refusal: type[ConversationError]) -> None:
    with pytest.raises(refusal):
        ReopenConversation("r", ENDED).decide(known)


def test_others_blocks_and_opt_outs_do_not_matter() -> None:
    known = but(opt_outs={CAROL: OUT}, blocks={ALICE: frozenset({CAROL.participant_id})})
    assert after(ReopenConversation("r", ENDED).decide(known)).is_live


def test_a_reopening_looks_up_all_that_could_have_come_between() -> None:
    assert ReopenConversation("r", NOTED).lookup(POOL) == ReadSet(
        lines=(line(ALICE), line(BOB)),
        conversation_id="c",
        unique_name="order 7",
        people=(ALICE, BOB),
        blocks_of=ALICE,
    )
