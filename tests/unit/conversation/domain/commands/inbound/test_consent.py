"""Opting out of all messages, messages of opted-out people, opting in again, erasure."""

from dataclasses import replace

import pytest

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.inbound.receive_message import ReceiveMessage
from conversation_service.domain.commands.system.end_for_opt_out import EndConversationForOptOut
from conversation_service.domain.keywords.keywords import OPT_OUT
from conversation_service.domain.model.consent import ConsentChange, OptOut, OptOutSource
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, POOL, system_message
from support.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    NOW,
    OTHER_CODE,
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
)

OPTS_OUT = ConsentChange(BOB, opts_in=False)
OPTS_IN = ConsentChange(BOB, opts_in=True)
CONFIRMED = (BOB, system_message(Template.OPTED_OUT))
END_OPTS_OUT = pool_with(end_opts_out=True)
ERASES = pool_with(allows_erase=True)

ENDING = [
    ("COMMAND_RECEIVED", "OPT_OUT"),
    ("PERSON_OPTED_OUT", ""),
    ("CONVERSATION_ENDED", "OPTED_OUT"),
]
OTHER_BODIES = ["hello", "", "help", "end", "stop", "quit", "block", "report", "the start"]
OTHER_BODIES += [f"join {CODE}", f"join {OTHER_CODE}", f"end {CODE}"]


def opted_out(*conversations: Conversation, by: str = "an earlier message") -> Snapshot:
    opt_out = OptOut(NOW, OptOutSource.TEXT, by)
    return snapshot_of(*conversations, opt_outs={BOB: opt_out}, invitation=WAITING)


def confirmations(change: Change) -> list[bool]:
    return [message.may_reach_opted_out for message in change.texts]


@pytest.mark.parametrize("word", [word for word in OPT_OUT if word != "stop"])
def test_an_opt_out_of_a_stranger_is_confirmed(word: str) -> None:
    change = incoming(word).decide(snapshot_of())
    assert (change.after, change.consent) == (None, OPTS_OUT)
    assert sent_bodies(change) == [CONFIRMED]
    assert confirmations(change) == [True]
    assert event_details(change) == [("PERSON_OPTED_OUT", "")]


@pytest.mark.parametrize("word", [word for word in OPT_OUT if word != "stop"])
def test_an_opt_out_is_confirmed_and_a_partner_notified_neutrally(
    word: str,
) -> None:
    change = incoming(word).decide(snapshot_of(ACTIVE))
    assert change.consent == OPTS_OUT
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert sent_bodies(change) == [(ALICE, system_message(Template.ENDED)), CONFIRMED]
    assert confirmations(change) == [False, True]
    assert event_details(change)[:3] == ENDING
    assert {event.participant_id for event in change.events[:3]} == {BOB.participant_id}


def test_an_opt_out_of_a_waiting_person_cancels_the_code() -> None:
    change = incoming("quit", ALICE).decide(snapshot_of(WAITING))
    assert change.consent == ConsentChange(ALICE, opts_in=False)
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert sent_bodies(change) == [(ALICE, system_message(Template.OPTED_OUT))]
    assert event_details(change)[:3] == ENDING


@pytest.mark.parametrize("body", ["STOP", "stop", " Stop \n"])
def test_stop_is_confirmed_by_the_carrier_alone(body: str) -> None:
    assert sent_bodies(incoming(body).decide(snapshot_of())) == []
    assert sent_bodies(incoming(body, ALICE).decide(snapshot_of(WAITING))) == []
    change = incoming(body).decide(snapshot_of(ACTIVE))
    assert (change.consent, sent_bodies(change)) == (
        OPTS_OUT,
        [(ALICE, system_message(Template.ENDED))],
    )
    # With a full stop it is not the carrier's keyword.
    assert sent_bodies(incoming("STOP.").decide(snapshot_of())) == [CONFIRMED]


def test_an_opt_out_counts_during_the_cool_off_and_on_a_draining_number() -> None:
    assert incoming("quit").decide(snapshot_of(ENDED)).consent == OPTS_OUT
    assert (
        incoming("quit")
        .decide(snapshot_of(pool=pool_with(numbers=draining(*POOL.masked_numbers))))
        .consent
    )


@pytest.mark.parametrize("sender", [ALICE, BOB])
@pytest.mark.parametrize(
    "snapshot", [snapshot_of(), snapshot_of(ACTIVE), snapshot_of(WAITING), snapshot_of(ENDED)]
)
def test_an_opt_out_is_confirmed_exactly_once(snapshot: Snapshot, sender: Person) -> None:
    assert confirmations(incoming("quit", sender).decide(snapshot)).count(True) == 1
    already = OptOut(NOW, OptOutSource.CARRIER, "a receipt")
    assert incoming("quit", sender).decide(snapshot_of(opt_outs={sender: already})) == Change()


@pytest.mark.parametrize("conversations", [(), (ACTIVE,)])
@pytest.mark.parametrize("body", ["quit", "stop"])
def test_a_message_is_decided_the_same_way_again_after_its_own_opt_out(
    conversations: tuple[Conversation, ...], body: str
) -> None:
    first = incoming(body).decide(snapshot_of(*conversations))
    assert incoming(body).decide(opted_out(*conversations, by=TEXT_ID)) == first
    assert incoming(body).decide(opted_out(*conversations)) != first


@pytest.mark.parametrize("body", OTHER_BODIES)
def test_an_opted_out_person_gets_no_reply(body: str) -> None:
    assert incoming(body).decide(opted_out()) == Change()
    assert incoming(body).decide(opted_out(ENDED)) == Change()


@pytest.mark.parametrize("body", OTHER_BODIES)
@pytest.mark.parametrize("live", [ACTIVE, PAUSED])
def test_a_conversation_opened_for_an_opted_out_person_ends_with_their_next_message(
    body: str, live: Conversation
) -> None:
    change = incoming(body).decide(opted_out(live))
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert sent_bodies(change) == [(ALICE, system_message(Template.ENDED))]


@pytest.mark.parametrize("body", ["yes", "YES!", "unstop", "Unstop"])
@pytest.mark.parametrize("conversations", [(), (ACTIVE,), (ENDED,)])
def test_yes_and_unstop_opt_in_again(body: str, conversations: tuple[Conversation, ...]) -> None:
    change = incoming(body).decide(opted_out(*conversations))
    assert (change.after, change.consent) == (None, OPTS_IN)
    assert sent_bodies(change) == [(BOB, system_message(Template.OPTED_IN))]
    assert event_details(change) == [("PERSON_OPTED_IN", "")]


def test_start_opts_in_and_starts() -> None:
    change, of_stranger = (
        incoming("start").decide(opted_out()),
        incoming("start").decide(snapshot_of()),
    )
    [opted_in, *started] = change.events
    assert change == replace(of_stranger, consent=OPTS_IN, events=(opted_in, *of_stranger.events))
    assert (opted_in.type, opted_in.participant_id) == ("PERSON_OPTED_IN", BOB.participant_id)
    assert tuple(started) == of_stranger.events


def test_start_opts_in_even_if_no_conversation_can_start() -> None:
    change = incoming("start").decide(opted_out(ENDED))
    assert (change.after, change.consent) == (None, OPTS_IN)
    pool = pool_with(numbers=draining(*POOL.masked_numbers))
    change = incoming("start").decide(replace(opted_out(), pool=pool))
    assert (change.consent, sent_bodies(change)) == (
        OPTS_IN,
        [(BOB, system_message(Template.NO_NEW_HERE))],
    )


@pytest.mark.parametrize("live", [ACTIVE, PAUSED, replace(WAITING, participants=(BOB,))])
def test_start_opts_in_without_a_second_conversation_on_a_route(
    live: Conversation,
) -> None:
    change = incoming("start").decide(opted_out(live))
    assert (change.after, change.claims, change.consent) == (None, (), OPTS_IN)
    assert sent_bodies(change) == [(BOB, system_message(Template.OPTED_IN))]


@pytest.mark.parametrize("body", ["end", "END."])
def test_a_bare_end_opts_out_if_the_pool_wants_it(body: str) -> None:
    for snapshot in (snapshot_of(pool=END_OPTS_OUT), snapshot_of(ACTIVE, pool=END_OPTS_OUT)):
        change = incoming(body).decide(snapshot)
        assert change.consent == OPTS_OUT
        assert sent_bodies(change)[-1] == CONFIRMED
    assert incoming(body).decide(snapshot_of(ACTIVE)).consent is None


@pytest.mark.parametrize("body", [f"end {CODE}", "bye", "leave"])
def test_other_keywords_for_ending_never_opt_out(body: str) -> None:
    change = incoming(body).decide(snapshot_of(ACTIVE, pool=END_OPTS_OUT))
    assert change.consent is None
    assert after(change).end_reason is EndReason.PARTICIPANT_ENDED


@pytest.mark.parametrize(("person", "partner"), [(ALICE, BOB), (BOB, ALICE)])
@pytest.mark.parametrize("live", [ACTIVE, PAUSED])
def test_an_opt_out_ends_other_conversations_too_and_notifies_only_partners(
    person: Person, partner: Person, live: Conversation
) -> None:
    change = EndConversationForOptOut("c", live.etag, person).decide(snapshot_about(live))
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert sent_bodies(change) == [(partner, system_message(Template.ENDED))]
    assert event_details(change)[0] == ("CONVERSATION_ENDED", "OPTED_OUT")


def test_an_opt_out_ends_a_waiting_conversation_without_a_message() -> None:
    change = EndConversationForOptOut("c", WAITING.etag, ALICE).decide(snapshot_about(WAITING))
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert sent_bodies(change) == []


def test_an_opt_out_changes_no_ended_conversation() -> None:
    command = EndConversationForOptOut("c", ENDED.etag, BOB)
    assert command.decide(snapshot_about(ENDED)) == command.decide(snapshot_of()) == Change()
    assert command.read_set(POOL).conversation_id == "c"


def erasing(by: Person = BOB) -> ReceiveMessage:
    return replace(incoming("erase my data", by), erasure_id="e1")


def test_an_erasure_is_confirmed_with_its_id_and_the_partner_notified_neutrally() -> None:
    change = erasing().decide(snapshot_of(ACTIVE, pool=ERASES))
    confirmed = POOL.catalog.render(Template.ERASED, receipt="e1")
    assert set(sent_bodies(change)) == {(BOB, confirmed), (ALICE, system_message(Template.ENDED))}
    assert "e1" in confirmed
    assert change.consent == OPTS_OUT
    assert change.erasure_id == "e1"
    assert [sent.may_reach_opted_out for sent in change.texts if sent.to == BOB] == [True]
    assert after(change).state is State.ENDED


def test_an_erasure_of_a_stranger_is_confirmed_with_its_id() -> None:
    change = erasing().decide(snapshot_of(pool=ERASES))
    assert sent_bodies(change) == [(BOB, POOL.catalog.render(Template.ERASED, receipt="e1"))]
    assert change.consent == OPTS_OUT


def test_an_erasure_of_an_opted_out_person_is_not_confirmed() -> None:
    opt_outs = {BOB: OptOut(NOW, OptOutSource.TEXT, "an earlier message")}
    change = erasing().decide(snapshot_of(ACTIVE, pool=ERASES, opt_outs=opt_outs))
    assert sent_bodies(change) == [(ALICE, system_message(Template.ENDED))]
    assert change.erasure_id == "e1"


@pytest.mark.parametrize(
    ("message", "pool"),
    [(incoming("erase my data"), POOL), (erasing(), POOL), (incoming("erase my data"), ERASES)],
)
def test_without_an_erasure_id_or_the_pools_consent_the_keyword_is_relayed(
    message: ReceiveMessage, pool: Pool
) -> None:
    change = message.decide(snapshot_of(ACTIVE, pool=pool))
    assert sent_bodies(change) == [(ALICE, "erase my data")]
    assert change.erasure_id == ""
