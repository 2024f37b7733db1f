"""Clients create and join conversations."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain import errors
from conversation_service.domain.commands.client.create import CreateConversation
from conversation_service.domain.commands.client.join import JoinConversation
from conversation_service.domain.commands.core.change import RouteClaim
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.core.number_selection import NumberSelection
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.conversation import State
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, CAROL, MASKED, OTHER_MASKED, POOL, route
from support.builders.decisions import (
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
    system,
    to_both,
)

CODE_LIFETIME = timedelta(minutes=15)
ON_MASKED, ON_OTHER, ON_UNKNOWN = map(NumberSelection, (MASKED, OTHER_MASKED, "+12065550199"))
ONE = CreateConversation("r", (BOB,))
TWO = CreateConversation("r", (ALICE, BOB))
JOIN = JoinConversation("r", CODE, BOB)
OUT = OptOut(NOW, OptOutSource.CLIENT, "r0")
ELSEWHERE = replace(ACTIVE, masked_number=OTHER_MASKED, conversation_id="d")
# Bob's route has a live, or a cooling, conversation with somebody else.
TAKEN = replace(ACTIVE, participants=(CAROL, BOB), conversation_id="d")
COOLING = replace(ENDED, participants=(CAROL, BOB), conversation_id="d")
DRAINING = pool_with(numbers=draining(MASKED))


def test_one_person_waits_and_gets_the_code() -> None:
    change = ONE.decide(snapshot_of())
    started = after(change)
    assert (started.state, started.code, started.participants) == (State.WAITING, CODE, (BOB,))
    assert started.masked_number == MASKED
    assert started.idle_end_time == started.due_time == NOW + CODE_LIFETIME
    assert sent_bodies(change) == [system(BOB, Template.CODE, code=CODE, span=CODE_LIFETIME)]
    assert change.claims == (RouteClaim(route(BOB)),)
    assert event_details(change) == [("CONVERSATION_CREATED", ""), ("MESSAGE_ACCEPTED", "code")]
    assert change.requires_unblocked is None
    assert after(ONE.decide(snapshot_of(opt_outs={ALICE: OUT}))).is_live
    silent = replace(ONE, silent=True).decide(snapshot_of(introductions={BOB: True}))
    assert (after(silent).code, silent.texts) == (CODE, ())


def test_one_person_gets_a_free_or_the_requested_number() -> None:
    assert after(ONE.decide(snapshot_of(ACTIVE))).masked_number == OTHER_MASKED
    requested = replace(ONE, selection=ON_OTHER)
    assert after(requested.decide(snapshot_of())).masked_number == OTHER_MASKED
    cooled = snapshot_of(ENDED, now=NOW + POOL.settings.lifecycle.cool_off)
    assert ONE.decide(cooled).claims == (RouteClaim(route(BOB), ENDED.conversation_id),)


def test_two_people_are_connected_and_notified() -> None:
    change = TWO.decide(snapshot_of())
    opened = after(change)
    assert (opened.state, opened.code, opened.participants) == (State.ACTIVE, "", (ALICE, BOB))
    assert opened.conversation_id == opened.etag == "change"
    assert opened.join_time == opened.create_time == NOW
    assert opened.idle_end_time == NOW + POOL.settings.lifecycle.idle_timeout
    assert opened.max_end_time == NOW + POOL.settings.lifecycle.max_lifetime
    assert sent_bodies(change) == to_both(Template.OPENED)
    assert change.claims == (RouteClaim(route(ALICE)), RouteClaim(route(BOB)))
    assert change.requires_unblocked == (ALICE, BOB)
    accepted = [("MESSAGE_ACCEPTED", "opened")] * 2
    assert event_details(change) == [("CONVERSATION_CREATED", ""), *accepted]
    both = {ALICE: True, BOB: True}
    silent = replace(TWO, silent=True).decide(snapshot_of(introductions=both))
    assert (after(silent).state, silent.texts) == (State.ACTIVE, ())
    assert event_details(silent) == [("CONVERSATION_CREATED", "")]


def test_two_people_get_their_last_number_even_during_its_cool_off() -> None:
    assert after(TWO.decide(snapshot_of(last_number=OTHER_MASKED))).masked_number == OTHER_MASKED
    change = TWO.decide(snapshot_of(ENDED))
    assert after(change).masked_number == MASKED
    assert change.claims == (RouteClaim(route(ALICE), "c"), RouteClaim(route(BOB), "c"))


@pytest.mark.parametrize("command", [ONE, TWO])
def test_a_unique_name_is_used_by_one_live_conversation(command: CreateConversation) -> None:
    named = replace(command, unique_name="order 7")
    assert after(named.decide(snapshot_of())).unique_name == "order 7"
    with pytest.raises(errors.UniqueNameAlreadyExists) as refusal:
        named.decide(snapshot_of(named=ELSEWHERE))
    assert refusal.value.metadata == {"pool_id": "main", "conversation_id": "d"}


def test_a_join_makes_the_conversation_active_and_notifies_both() -> None:
    change = JOIN.decide(snapshot_of(WAITING, ELSEWHERE, invitation=WAITING))
    assert (change.before, after(change).state) == (WAITING, State.ACTIVE)
    assert after(change).participants == (ALICE, BOB)
    notices = [system(BOB, Template.YOU_JOINED), system(ALICE, Template.SOMEBODY_JOINED)]
    assert sent_bodies(change) == notices
    assert (change.claims, change.requires_unblocked) == ((RouteClaim(route(BOB)),), (BOB, ALICE))
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
        (ONE, snapshot_of(opt_outs={BOB: OUT}), errors.ParticipantOptedOut),
        (TWO, snapshot_of(opt_outs={BOB: OUT}), errors.ParticipantOptedOut),
        (TWO, snapshot_of(opt_outs={ALICE: OUT}), errors.ParticipantOptedOut),
        (JOIN, snapshot_of(opt_outs={BOB: OUT}, invitation=WAITING), errors.ParticipantOptedOut),
        (
            TWO,
            snapshot_of(block_counts={ALICE.participant_id: {BOB.participant_id: 1}}),
            errors.PairBlocked,
        ),
        (ONE, snapshot_of(ACTIVE, ELSEWHERE), errors.NoNumberAvailable),
        (TWO, snapshot_of(TAKEN, ELSEWHERE), errors.NoNumberAvailable),
        (replace(ONE, selection=ON_OTHER), snapshot_of(ELSEWHERE), errors.AlreadyInConversation),
        (replace(TWO, selection=ON_UNKNOWN), snapshot_of(), errors.MaskedNumberNotFound),
        (replace(TWO, selection=ON_MASKED), snapshot_of(COOLING), errors.MaskedNumberCooling),
        (
            replace(ONE, selection=ON_MASKED),
            snapshot_of(pool=DRAINING),
            errors.MaskedNumberNotActive,
        ),
        (JOIN, snapshot_of(TAKEN, invitation=WAITING), errors.AlreadyInConversation),
        (JOIN, snapshot_of(COOLING, invitation=WAITING), errors.MaskedNumberCooling),
    ],
)
def test_a_command_that_is_impossible_is_refused_with_the_reason(
    command: Command, snapshot: Snapshot, refusal: type[errors.ConversationError]
) -> None:
    with pytest.raises(refusal):
        command.decide(snapshot)


COOLED = str(NOW + POOL.settings.lifecycle.cool_off).replace(" ", "T").replace("+00:00", "Z")
LIVE_ELSEWHERE = {"conversation_id": "d"}
COOLING_ELSEWHERE = LIVE_ELSEWHERE | {"retry_time": COOLED}


@pytest.mark.parametrize(
    ("command", "snapshot", "metadata"),
    [
        (ONE, snapshot_of(opt_outs={BOB: OUT}), {"participant": "participants[0]"}),
        (TWO, snapshot_of(opt_outs={BOB: OUT}), {"participant": "participants[1]"}),
        (TWO, snapshot_of(opt_outs={ALICE: OUT}), {"participant": "participants[0]"}),
        (
            JOIN,
            snapshot_of(opt_outs={BOB: OUT}, invitation=WAITING),
            {"participant": "participant"},
        ),
        (
            replace(TWO, selection=ON_MASKED),
            snapshot_of(TAKEN),
            LIVE_ELSEWHERE | {"participant": "participants[1]"},
        ),
        (
            JOIN,
            snapshot_of(TAKEN, invitation=WAITING),
            LIVE_ELSEWHERE | {"participant": "participant"},
        ),
        (
            replace(TWO, selection=ON_MASKED),
            snapshot_of(COOLING),
            COOLING_ELSEWHERE | {"participant": "participants[1]"},
        ),
        (
            JOIN,
            snapshot_of(COOLING, invitation=WAITING),
            COOLING_ELSEWHERE | {"participant": "participant"},
        ),
    ],
)
def test_a_refusal_says_who_is_concerned_in_which_conversation_and_until_when(
    command: Command, snapshot: Snapshot, metadata: dict[str, str]
) -> None:
    with pytest.raises(errors.ConversationError) as refusal:
        command.decide(snapshot)
    assert refusal.value.metadata == metadata


def test_a_wrong_code_is_refused_before_the_persons_route_is_checked() -> None:
    own = replace(WAITING, participants=(BOB,))
    assert isinstance(JOIN.decide(snapshot_of(own, invitation=own)).refusal, errors.JoinCodeInvalid)


def test_a_command_reads_the_routes_on_all_numbers_or_the_requested_one() -> None:
    everywhere = tuple(route(BOB, number) for number in POOL.masked_numbers)
    assert ONE.read_set(POOL) == ReadSet(
        routes=everywhere,
        people=(BOB,),
        needs_live_counts=True,
        carrier_blocks_on=everywhere,
        needs_code=True,
    )
    assert JOIN.read_set(POOL) == ReadSet(
        everywhere,
        CODE,
        people=(BOB,),
        blocks_of=BOB,
        endings_of=BOB,
        carrier_blocks_on=everywhere,
    )
    read = replace(TWO, unique_name="order 7").read_set(POOL)
    assert set(read.routes) == {route(p, n) for p in (ALICE, BOB) for n in POOL.masked_numbers}
    assert (read.pair, read.blocks_of, read.unique_name) == ((ALICE, BOB), ALICE, "order 7")
    assert (read.people, read.needs_live_counts) == ((ALICE, BOB), True)
    assert read.endings_of == ALICE
    assert replace(ONE, selection=ON_OTHER).read_set(POOL).routes == (route(BOB, OTHER_MASKED),)
    routes = replace(TWO, selection=ON_OTHER, unique_name="x").read_set(POOL).routes
    assert set(routes) == {route(ALICE, OTHER_MASKED), route(BOB, OTHER_MASKED)}
