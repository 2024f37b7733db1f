"""Clients start, open and join conversations."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.client.start import (
    JoinConversation,
    OpenConversation,
    StartConversation,
)
from conversation_service.domain.commands.core.change import RouteClaim
from conversation_service.domain.commands.core.number_selection import NumberSelection
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.errors import (
    AlreadyInConversation,
    CodeNotValid,
    ConversationError,
    NoNumberAvailable,
    NumberCooling,
    NumberNotActive,
    PairBlocked,
    ParticipantOptedOut,
    UniqueNameTaken,
    UnknownMaskedNumber,
)
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.conversation import State
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, CAROL, MASKED, OTHER_MASKED, POOL, line, says
from support.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    NOW,
    WAITING,
    after,
    draining,
    facts,
    happened,
    pool_with,
    told,
)

CODE_LIFETIME = timedelta(minutes=15)
ON_OTHER = NumberSelection(masked_number=OTHER_MASKED)
START = StartConversation("r", BOB)
OPEN = OpenConversation("r", (ALICE, BOB))
JOIN = JoinConversation("r", CODE, BOB)
OUT = OptOut(NOW, OptOutSource.CLIENT, "r0")
ELSEWHERE = replace(ACTIVE, masked_number=OTHER_MASKED, conversation_id="d")
# Bob's route has a live, or a cooling, conversation with somebody else.
TAKEN = replace(ACTIVE, participants=(CAROL, BOB), conversation_id="d")
COOLING = replace(ENDED, participants=(CAROL, BOB), conversation_id="d")
DRAINING = pool_with(numbers=draining(MASKED))


def test_a_start_makes_a_waiting_conversation_and_sends_its_code() -> None:
    change = START.decide(facts())
    started = after(change)
    assert (started.state, started.code, started.participants) == (State.WAITING, CODE, (BOB,))
    assert started.masked_number == MASKED
    assert started.idle_end_time == started.due_time == NOW + CODE_LIFETIME
    assert told(change) == [(BOB, says(Template.CODE, code=CODE, span=CODE_LIFETIME))]
    assert change.claims == (RouteClaim(line(BOB)),)
    assert happened(change) == [("CONVERSATION_STARTED", ""), ("SYSTEM_TEXT_ACCEPTED", "code")]


def test_a_start_uses_a_free_or_the_requested_number() -> None:
    assert after(START.decide(facts(ACTIVE))).masked_number == OTHER_MASKED
    requested = replace(START, selection=ON_OTHER)
    assert after(requested.decide(facts())).masked_number == OTHER_MASKED


def test_a_start_claims_the_route_from_an_ended_conversation() -> None:
    cooled = facts(ENDED, now=NOW + POOL.settings.cool_off)
    assert START.decide(cooled).claims == (RouteClaim(line(BOB), ENDED.conversation_id),)


def test_an_open_makes_an_active_conversation_and_notifies_both() -> None:
    change = OPEN.decide(facts())
    opened = after(change)
    assert (opened.state, opened.code, opened.participants) == (State.ACTIVE, "", (ALICE, BOB))
    assert opened.conversation_id == opened.etag == "change"
    assert opened.join_time == opened.create_time == NOW
    assert opened.idle_end_time == NOW + POOL.settings.idle_lifetime
    assert opened.latest_end_time == NOW + POOL.settings.lifetime
    assert told(change) == [(ALICE, says(Template.OPENED)), (BOB, says(Template.OPENED))]
    assert change.claims == (RouteClaim(line(ALICE)), RouteClaim(line(BOB)))
    assert change.requires_unblocked == (ALICE, BOB)
    assert happened(change) == [
        ("CONVERSATION_OPENED", ""),
        *[("SYSTEM_TEXT_ACCEPTED", "opened")] * 2,
    ]


def test_a_silent_open_notifies_nobody() -> None:
    change = replace(OPEN, is_silent=True).decide(facts())
    assert after(change).state is State.ACTIVE
    assert change.texts == ()
    assert happened(change) == [("CONVERSATION_OPENED", "")]


def test_an_open_uses_the_last_number_of_the_two_even_during_its_cool_off() -> None:
    change = OPEN.decide(facts(last_number=OTHER_MASKED))
    assert after(change).masked_number == OTHER_MASKED
    change = OPEN.decide(facts(ENDED))
    assert after(change).masked_number == MASKED
    assert change.claims == (RouteClaim(line(ALICE), "c"), RouteClaim(line(BOB), "c"))


@pytest.mark.parametrize("command", [START, OPEN])
def test_a_unique_name_is_used_by_one_live_conversation(
    command: StartConversation | OpenConversation,
) -> None:
    named = replace(command, unique_name="order 7")
    assert after(named.decide(facts())).unique_name == "order 7"
    with pytest.raises(UniqueNameTaken) as refusal:
        named.decide(facts(named=ELSEWHERE))
    assert refusal.value.metadata == {"pool": "main"}
    assert after(command.decide(facts(named=ELSEWHERE))).unique_name == ""


def test_a_join_makes_the_conversation_active_and_notifies_both() -> None:
    change = JOIN.decide(facts(WAITING, ELSEWHERE, invitation=WAITING))
    assert change.before == WAITING
    assert after(change).participants == (ALICE, BOB)
    assert after(change).state is State.ACTIVE
    assert told(change) == [
        (BOB, says(Template.YOU_JOINED)),
        (ALICE, says(Template.SOMEBODY_JOINED)),
    ]
    assert change.claims == (RouteClaim(line(BOB)),)
    assert change.requires_unblocked == (BOB, ALICE)
    assert (change.sender_limits, change.refusal) == (None, None)
    assert happened(change)[0] == ("CONVERSATION_JOINED", "")
    assert change.events[0].participant_id == BOB.participant_id


def test_a_join_works_on_a_draining_number_and_during_the_cool_off_of_the_same_two() -> None:
    assert after(JOIN.decide(facts(invitation=WAITING, pool=DRAINING))).is_live
    cooling = facts(replace(ENDED, conversation_id="b"), invitation=WAITING)
    assert JOIN.decide(cooling).claims == (RouteClaim(line(BOB), "b"),)


@pytest.mark.parametrize(
    ("command", "snapshot", "refusal"),
    [
        (START, facts(opt_outs={BOB: OUT}), ParticipantOptedOut),
        (OPEN, facts(opt_outs={BOB: OUT}), ParticipantOptedOut),
        (OPEN, facts(opt_outs={ALICE: OUT}), ParticipantOptedOut),
        (JOIN, facts(opt_outs={BOB: OUT}, invitation=WAITING), ParticipantOptedOut),
        (OPEN, facts(blocks={ALICE: frozenset({BOB.participant_id})}), PairBlocked),
        (START, facts(ACTIVE, ELSEWHERE), NoNumberAvailable),
        (OPEN, facts(TAKEN, ELSEWHERE), NoNumberAvailable),
        (replace(START, selection=ON_OTHER), facts(ELSEWHERE), AlreadyInConversation),
        (replace(OPEN, selection=NumberSelection("+12065550199")), facts(), UnknownMaskedNumber),
        (replace(OPEN, selection=NumberSelection(MASKED)), facts(COOLING), NumberCooling),
        (replace(START, selection=NumberSelection(MASKED)), facts(pool=DRAINING), NumberNotActive),
        (JOIN, facts(TAKEN, invitation=WAITING), AlreadyInConversation),
        (JOIN, facts(COOLING, invitation=WAITING), NumberCooling),
    ],
)
def test_a_command_that_is_impossible_is_refused_with_the_reason(
    command: StartConversation | OpenConversation | JoinConversation,
    snapshot: Snapshot,
    refusal: type[ConversationError],
) -> None:
    with pytest.raises(refusal):
        command.decide(snapshot)


def test_a_wrong_code_is_refused_before_the_persons_route_is_checked() -> None:
    own = replace(WAITING, participants=(BOB,))
    assert isinstance(JOIN.decide(facts(own, invitation=own)).refusal, CodeNotValid)


def test_opt_outs_of_others_do_not_matter() -> None:
    assert after(START.decide(facts(opt_outs={ALICE: OUT}))).is_live


def test_a_command_without_a_number_reads_the_routes_on_all_numbers() -> None:
    everywhere = tuple(line(BOB, number) for number in POOL.masked_numbers)
    assert START.read_set(POOL) == ReadSet(
        routes=everywhere, people=(BOB,), needs_live_counts=True, needs_code=True
    )
    assert JOIN.read_set(POOL) == ReadSet(everywhere, CODE, people=(BOB,), blocks_of=BOB)
    read = replace(OPEN, unique_name="order 7").read_set(POOL)
    assert set(read.routes) == {line(p, n) for p in (ALICE, BOB) for n in POOL.masked_numbers}
    assert (read.pair, read.blocks_of, read.unique_name) == ((ALICE, BOB), ALICE, "order 7")
    assert (read.people, read.needs_live_counts) == ((ALICE, BOB), True)


def test_a_command_with_a_number_reads_its_routes_only() -> None:
    assert replace(START, selection=ON_OTHER).read_set(POOL).routes == (line(BOB, OTHER_MASKED),)
    lines = replace(OPEN, selection=ON_OTHER, unique_name="x").read_set(POOL).routes
    assert set(lines) == {line(ALICE, OTHER_MASKED), line(BOB, OTHER_MASKED)}
