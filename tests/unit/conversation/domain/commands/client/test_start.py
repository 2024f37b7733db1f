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
from support.conversations import (
    ALICE,
    BOB,
    CAROL,
    MASKED,
    OTHER_MASKED,
    POOL,
    route,
    system_message,
)
from support.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    NOW,
    WAITING,
    after,
    draining,
    event_details,
    pool_with,
    sent_bodies,
    snapshot_of,
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
    change = START.decide(snapshot_of())
    started = after(change)
    assert (started.state, started.code, started.participants) == (State.WAITING, CODE, (BOB,))
    assert started.masked_number == MASKED
    assert started.idle_end_time == started.due_time == NOW + CODE_LIFETIME
    assert sent_bodies(change) == [
        (BOB, system_message(Template.CODE, code=CODE, span=CODE_LIFETIME))
    ]
    assert change.claims == (RouteClaim(route(BOB)),)
    assert event_details(change) == [("CONVERSATION_STARTED", ""), ("SYSTEM_TEXT_ACCEPTED", "code")]


def test_a_start_uses_a_free_or_the_requested_number() -> None:
    assert after(START.decide(snapshot_of(ACTIVE))).masked_number == OTHER_MASKED
    requested = replace(START, selection=ON_OTHER)
    assert after(requested.decide(snapshot_of())).masked_number == OTHER_MASKED


def test_a_start_claims_the_route_from_an_ended_conversation() -> None:
    cooled = snapshot_of(ENDED, now=NOW + POOL.settings.cool_off)
    assert START.decide(cooled).claims == (RouteClaim(route(BOB), ENDED.conversation_id),)


def test_an_open_makes_an_active_conversation_and_notifies_both() -> None:
    change = OPEN.decide(snapshot_of())
    opened = after(change)
    assert (opened.state, opened.code, opened.participants) == (State.ACTIVE, "", (ALICE, BOB))
    assert opened.conversation_id == opened.etag == "change"
    assert opened.join_time == opened.create_time == NOW
    assert opened.idle_end_time == NOW + POOL.settings.idle_lifetime
    assert opened.latest_end_time == NOW + POOL.settings.lifetime
    assert sent_bodies(change) == [
        (ALICE, system_message(Template.OPENED)),
        (BOB, system_message(Template.OPENED)),
    ]
    assert change.claims == (RouteClaim(route(ALICE)), RouteClaim(route(BOB)))
    assert change.requires_unblocked == (ALICE, BOB)
    assert event_details(change) == [
        ("CONVERSATION_OPENED", ""),
        *[("SYSTEM_TEXT_ACCEPTED", "opened")] * 2,
    ]


def test_a_silent_open_notifies_nobody() -> None:
    change = replace(OPEN, is_silent=True).decide(snapshot_of())
    assert after(change).state is State.ACTIVE
    assert change.texts == ()
    assert event_details(change) == [("CONVERSATION_OPENED", "")]


def test_an_open_uses_the_last_number_of_the_two_even_during_its_cool_off() -> None:
    change = OPEN.decide(snapshot_of(last_number=OTHER_MASKED))
    assert after(change).masked_number == OTHER_MASKED
    change = OPEN.decide(snapshot_of(ENDED))
    assert after(change).masked_number == MASKED
    assert change.claims == (RouteClaim(route(ALICE), "c"), RouteClaim(route(BOB), "c"))


@pytest.mark.parametrize("command", [START, OPEN])
def test_a_unique_name_is_used_by_one_live_conversation(
    command: StartConversation | OpenConversation,
) -> None:
    named = replace(command, unique_name="order 7")
    assert after(named.decide(snapshot_of())).unique_name == "order 7"
    with pytest.raises(UniqueNameTaken) as refusal:
        named.decide(snapshot_of(named=ELSEWHERE))
    assert refusal.value.metadata == {"pool": "main"}
    assert after(command.decide(snapshot_of(named=ELSEWHERE))).unique_name == ""


def test_a_join_makes_the_conversation_active_and_notifies_both() -> None:
    change = JOIN.decide(snapshot_of(WAITING, ELSEWHERE, invitation=WAITING))
    assert change.before == WAITING
    assert after(change).participants == (ALICE, BOB)
    assert after(change).state is State.ACTIVE
    assert sent_bodies(change) == [
        (BOB, system_message(Template.YOU_JOINED)),
        (ALICE, system_message(Template.SOMEBODY_JOINED)),
    ]
    assert change.claims == (RouteClaim(route(BOB)),)
    assert change.requires_unblocked == (BOB, ALICE)
    assert (change.sender_limits, change.refusal) == (None, None)
    assert event_details(change)[0] == ("CONVERSATION_JOINED", "")
    assert change.events[0].participant_id == BOB.participant_id


def test_a_join_works_on_a_draining_number_and_during_the_cool_off_of_the_same_two() -> None:
    assert after(JOIN.decide(snapshot_of(invitation=WAITING, pool=DRAINING))).is_live
    cooling = snapshot_of(replace(ENDED, conversation_id="b"), invitation=WAITING)
    assert JOIN.decide(cooling).claims == (RouteClaim(route(BOB), "b"),)


@pytest.mark.parametrize(
    ("command", "snapshot", "refusal"),
    [
        (START, snapshot_of(opt_outs={BOB: OUT}), ParticipantOptedOut),
        (OPEN, snapshot_of(opt_outs={BOB: OUT}), ParticipantOptedOut),
        (OPEN, snapshot_of(opt_outs={ALICE: OUT}), ParticipantOptedOut),
        (JOIN, snapshot_of(opt_outs={BOB: OUT}, invitation=WAITING), ParticipantOptedOut),
        (OPEN, snapshot_of(blocks={ALICE: frozenset({BOB.participant_id})}), PairBlocked),
        (START, snapshot_of(ACTIVE, ELSEWHERE), NoNumberAvailable),
        (OPEN, snapshot_of(TAKEN, ELSEWHERE), NoNumberAvailable),
        (replace(START, selection=ON_OTHER), snapshot_of(ELSEWHERE), AlreadyInConversation),
        (
            replace(OPEN, selection=NumberSelection("+12065550199")),
            snapshot_of(),
            UnknownMaskedNumber,
        ),
        (replace(OPEN, selection=NumberSelection(MASKED)), snapshot_of(COOLING), NumberCooling),
        (
            replace(START, selection=NumberSelection(MASKED)),
            snapshot_of(pool=DRAINING),
            NumberNotActive,
        ),
        (JOIN, snapshot_of(TAKEN, invitation=WAITING), AlreadyInConversation),
        (JOIN, snapshot_of(COOLING, invitation=WAITING), NumberCooling),
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
    assert isinstance(JOIN.decide(snapshot_of(own, invitation=own)).refusal, CodeNotValid)


def test_opt_outs_of_others_do_not_matter() -> None:
    assert after(START.decide(snapshot_of(opt_outs={ALICE: OUT}))).is_live


def test_a_command_without_a_number_reads_the_routes_on_all_numbers() -> None:
    everywhere = tuple(route(BOB, number) for number in POOL.masked_numbers)
    assert START.read_set(POOL) == ReadSet(
        routes=everywhere, people=(BOB,), needs_live_counts=True, needs_code=True
    )
    assert JOIN.read_set(POOL) == ReadSet(everywhere, CODE, people=(BOB,), blocks_of=BOB)
    read = replace(OPEN, unique_name="order 7").read_set(POOL)
    assert set(read.routes) == {route(p, n) for p in (ALICE, BOB) for n in POOL.masked_numbers}
    assert (read.pair, read.blocks_of, read.unique_name) == ((ALICE, BOB), ALICE, "order 7")
    assert (read.people, read.needs_live_counts) == ((ALICE, BOB), True)


def test_a_command_with_a_number_reads_its_routes_only() -> None:
    assert replace(START, selection=ON_OTHER).read_set(POOL).routes == (route(BOB, OTHER_MASKED),)
    lines = replace(OPEN, selection=ON_OTHER, unique_name="x").read_set(POOL).routes
    assert set(lines) == {route(ALICE, OTHER_MASKED), route(BOB, OTHER_MASKED)}
