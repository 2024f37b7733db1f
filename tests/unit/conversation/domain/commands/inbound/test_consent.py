"""Opting out of all messages, messages of opted-out people, opting in again, erasure."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.core.change import CarrierBlockChange, Change
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.system.end_by_system import EndConversationBySystem
from conversation_service.domain.keywords.keywords import OPT_OUT
from conversation_service.domain.model.consent import ConsentChange, OptOut, OptOutSource, cause_of
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, MASKED, OTHER_MASKED, POOL, route
from support.builders.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    NOW,
    PAUSED,
    TEXT_ID,
    WAITING,
    after,
    draining,
    event_details,
    incoming,
    pool_with,
    sent_bodies,
    snapshot_about,
    snapshot_of,
    system,
    texted,
)

OPTS_OUT = ConsentChange(BOB, opts_in=False)
STOPPED = CarrierBlockChange(route(BOB), is_blocked=True)
REOPENED = CarrierBlockChange(route(BOB), is_blocked=False)
OPTS_IN = ConsentChange(BOB, opts_in=True)
CONFIRMED = system(BOB, Template.OPTED_OUT)
END_OPTS_OUT = pool_with({"keywords.end_opts_out": True})
ERASES = pool_with({"keywords.erase_enabled": True})

GOODBYE = system(ALICE, Template.ENDED)
DRAINED = pool_with(numbers=draining(*POOL.masked_numbers))
ENDING = [
    ("KEYWORD_RECEIVED", "OPT_OUT"),
    ("PERSON_OPTED_OUT", ""),
    ("CONVERSATION_ENDED", "OPTED_OUT"),
]
OTHER_BODIES = ["hello", "", "please stop", "end", "stop", "quit", "block", "report", "the start"]
OTHER_BODIES += [CODE, f"end {CODE}"]


def opted_out(*conversations: Conversation, by: str = "an earlier message") -> Snapshot:
    opt_out = OptOut(NOW, OptOutSource.TEXT, cause_of(by))
    return snapshot_of(*conversations, opt_outs={BOB: opt_out}, invitation=WAITING)


def confirmations(change: Change) -> list[bool]:
    return [message.may_reach_opted_out for message in change.texts]


def test_an_opt_out_is_confirmed_and_a_partner_notified_neutrally() -> None:
    for word in set(OPT_OUT) - {"stop"}:
        change = incoming(word).decide(snapshot_of())
        assert (change.after, change.consent, sent_bodies(change)) == (None, OPTS_OUT, [CONFIRMED])
        assert event_details(change) == [("PERSON_OPTED_OUT", "")]
        change = incoming(word).decide(snapshot_of(ACTIVE))
        assert (change.consent, after(change).end_reason) == (OPTS_OUT, EndReason.OPTED_OUT)
        assert sent_bodies(change) == [GOODBYE, CONFIRMED]
        assert confirmations(change) == [False, True]
        assert event_details(change)[:3] == ENDING
        assert {event.participant_id for event in change.events[:3]} == {BOB.participant_id}


def test_an_opt_out_of_a_waiting_person_cancels_the_code() -> None:
    change = incoming("quit", ALICE).decide(snapshot_of(WAITING))
    assert change.consent == ConsentChange(ALICE, opts_in=False)
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert sent_bodies(change) == [system(ALICE, Template.OPTED_OUT)]
    assert event_details(change)[:3] == ENDING


def test_stop_is_confirmed_by_the_carrier_alone() -> None:
    for body in ("STOP", "stop", " Stop \n"):
        assert sent_bodies(texted(body)) == sent_bodies(texted(body, WAITING, by=ALICE)) == []
        change = texted(body, ACTIVE)
        assert (change.consent, sent_bodies(change)) == (OPTS_OUT, [GOODBYE])
    # With a full stop it is not the carrier's keyword.
    assert sent_bodies(texted("STOP.")) == [CONFIRMED]


def test_an_opt_out_is_confirmed_exactly_once_whatever_the_sender_is_in() -> None:
    for sender in (ALICE, BOB):
        for conversations in ((), (ACTIVE,), (WAITING,), (ENDED,)):
            change = texted("quit", *conversations, by=sender)
            assert confirmations(change).count(True) == 1, conversations
            assert change.consent == ConsentChange(sender, opts_in=False)
        already = OptOut(NOW, OptOutSource.CARRIER, "a receipt")
        assert texted("quit", by=sender, opt_outs={sender: already}) == Change()
    assert texted("quit", pool=DRAINED).consent == OPTS_OUT


def test_a_message_is_decided_the_same_way_again_after_its_own_opt_out() -> None:
    for body in ("quit", "stop"):
        for conversations in ((), (ACTIVE,)):
            first = texted(body, *conversations)
            assert incoming(body).decide(opted_out(*conversations, by=TEXT_ID)) == first
            assert incoming(body).decide(opted_out(*conversations)) != first


def test_an_opted_out_person_gets_no_reply_and_a_conversation_opened_for_them_ends() -> None:
    for body in OTHER_BODIES:
        nothing = Change(carrier_block=STOPPED if body == "stop" else None)
        assert incoming(body).decide(opted_out()) == nothing, body
        assert incoming(body).decide(opted_out(ENDED)) == nothing, body
        for live in (ACTIVE, PAUSED):
            change = incoming(body).decide(opted_out(live))
            assert after(change).end_reason is EndReason.OPTED_OUT, body
            assert sent_bodies(change) == [GOODBYE], body


def test_what_carriers_act_on_blocks_the_route_or_lifts_its_block() -> None:
    for body, block in (
        ("stop", STOPPED),
        (" Stop\n", STOPPED),
        ("UNSTOP", REOPENED),
        ("Start", REOPENED),
        ("stop!", None),
        ("quit", None),
        ("yes", None),
        ("start please", None),
    ):
        for snapshot in (snapshot_of(), snapshot_of(ACTIVE), opted_out(), opted_out(ACTIVE)):
            assert incoming(body).decide(snapshot).carrier_block == block, body


def test_who_opts_in_is_told_of_the_other_numbers_that_the_carrier_blocks() -> None:
    told = system(BOB, Template.NUMBERS_STOPPED)
    for number, is_told in ((MASKED, False), (OTHER_MASKED, True)):
        snapshot = replace(opted_out(), carrier_blocks={route(BOB, number): True})
        for body in ("start", "unstop", f"join {CODE}"):
            change = incoming(body).decide(snapshot)
            assert (sent_bodies(change)[-1] == told) is is_told, body
            assert len({text.message_id for text in change.texts}) == len(change.texts)


def test_an_old_message_blocks_the_route_and_lifts_no_block() -> None:
    long_ago = NOW - timedelta(days=3)
    for body, block in (("stop", STOPPED), ("unstop", None), ("start", None)):
        change = incoming(body, carrier_time=long_ago).decide(snapshot_of())
        assert change.carrier_block == block, body


@pytest.mark.parametrize("body", ["yes", "YES!", "unstop", "Unstop"])
def test_yes_and_unstop_opt_in_again(body: str) -> None:
    for conversations in ((), (ACTIVE,), (ENDED,)):
        change = incoming(body).decide(opted_out(*conversations))
        assert (change.after, change.consent) == (None, OPTS_IN)
        assert sent_bodies(change) == [system(BOB, Template.OPTED_IN)]
        assert event_details(change) == [("PERSON_OPTED_IN", "")]


def test_start_opts_in_and_starts() -> None:
    change, of_stranger = incoming("start").decide(opted_out()), texted("start")
    opted_in = change.events[0]
    assert change == replace(of_stranger, consent=OPTS_IN, events=(opted_in, *of_stranger.events))
    assert (opted_in.type, opted_in.participant_id) == ("PERSON_OPTED_IN", BOB.participant_id)


def test_start_opts_in_even_if_no_conversation_can_start() -> None:
    change = incoming("start").decide(opted_out(ENDED))
    assert (change.after, change.consent) == (None, OPTS_IN)
    change = incoming("start").decide(replace(opted_out(), pool=DRAINED))
    assert (change.consent, sent_bodies(change)) == (OPTS_IN, [system(BOB, Template.NO_NEW_HERE)])
    for live in (ACTIVE, PAUSED, replace(WAITING, participants=(BOB,))):
        change = incoming("start").decide(opted_out(live))
        assert (change.after, change.claims, change.consent) == (None, (), OPTS_IN)
        assert sent_bodies(change) == [system(BOB, Template.OPTED_IN)]


def test_a_bare_end_opts_out_if_the_pool_wants_it_and_other_endings_never_do() -> None:
    for body in ("end", "END."):
        for conversations in ((), (ACTIVE,)):
            change = texted(body, *conversations, pool=END_OPTS_OUT)
            assert (change.consent, sent_bodies(change)[-1]) == (OPTS_OUT, CONFIRMED)
        assert texted(body, ACTIVE).consent is None
    for body in (f"end {CODE}", "bye", "leave"):
        change = texted(body, ACTIVE, pool=END_OPTS_OUT)
        assert change.consent is None
        assert after(change).end_reason is EndReason.PARTICIPANT_ENDED


def test_an_opt_out_ends_other_conversations_too_and_notifies_only_partners() -> None:
    for person, partner in ((ALICE, BOB), (BOB, ALICE)):
        for live in (ACTIVE, PAUSED):
            change = EndConversationBySystem("c", live.etag, EndReason.OPTED_OUT, person).decide(
                snapshot_about(live)
            )
            assert after(change).end_reason is EndReason.OPTED_OUT
            assert sent_bodies(change) == [system(partner, Template.ENDED)]
            assert event_details(change)[0] == ("CONVERSATION_ENDED", "OPTED_OUT")
    change = EndConversationBySystem("c", WAITING.etag, EndReason.OPTED_OUT, ALICE).decide(
        snapshot_about(WAITING)
    )
    assert (after(change).end_reason, sent_bodies(change)) == (EndReason.OPTED_OUT, [])


def test_an_opt_out_changes_no_ended_conversation() -> None:
    command = EndConversationBySystem("c", ENDED.etag, EndReason.OPTED_OUT, BOB)
    assert command.decide(snapshot_about(ENDED)) == command.decide(snapshot_of()) == Change()
    assert command.read_set(POOL).conversation_id == "c"


ERASING = replace(incoming("erase my data"), erasure_id="e1")
ERASED = (BOB, POOL.catalog.render(Template.ERASED, receipt="e1"))


def test_an_erasure_is_confirmed_with_its_id_and_the_partner_notified_neutrally() -> None:
    assert "e1" in ERASED[1]
    for conversations, notices in (((), []), ((ACTIVE,), [GOODBYE])):
        change = ERASING.decide(snapshot_of(*conversations, pool=ERASES))
        assert sorted(sent_bodies(change), key=str) == sorted([ERASED, *notices], key=str)
        assert (change.consent, change.erasure_id) == (OPTS_OUT, "e1")
        assert [sent.may_reach_opted_out for sent in change.texts if sent.to == BOB] == [True]
        assert change.after is None or change.after.state is State.ENDED


def test_an_erasure_of_an_opted_out_person_is_not_confirmed() -> None:
    change = ERASING.decide(replace(opted_out(ACTIVE), pool=ERASES))
    assert (sent_bodies(change), change.erasure_id) == ([GOODBYE], "e1")


def test_without_an_erasure_id_or_the_pools_consent_the_keyword_is_relayed() -> None:
    without_id = incoming("erase my data")
    for message, pool in ((without_id, POOL), (ERASING, POOL), (without_id, ERASES)):
        change = message.decide(snapshot_of(ACTIVE, pool=pool))
        assert (sent_bodies(change), change.erasure_id) == ([(ALICE, "erase my data")], "")
