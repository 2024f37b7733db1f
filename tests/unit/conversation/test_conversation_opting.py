"""Opting out of all texts, what an opted-out person can still do, and opting in again."""

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
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, POOL, says
from support.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    NOW,
    OTHER_CODE,
    PAUSED,
    TEXT_ID,
    WAITING,
    about,
    after,
    draining,
    facts,
    happened,
    pool_with,
    text,
    told,
)

OUT = ConsentChange(BOB, opts_in=False)
IN = ConsentChange(BOB, opts_in=True)
CONFIRMED = (BOB, says(Template.OPTED_OUT))
END_OPTS_OUT = pool_with(end_opts_out=True)
ERASES = pool_with(allows_erase=True)

ENDING = [
    ("COMMAND_RECEIVED", "OPT_OUT"),
    ("PERSON_OPTED_OUT", ""),
    ("CONVERSATION_ENDED", "OPTED_OUT"),
]
EVERYTHING_ELSE = ["hello", "", "help", "end", "stop", "quit", "block", "report", "the start"]
EVERYTHING_ELSE += [f"join {CODE}", f"join {OTHER_CODE}", f"end {CODE}"]


def opted_out(*known: Conversation, by: str = "an earlier text") -> Snapshot:
    opt_out = OptOut(NOW, OptOutSource.TEXT, by)
    return facts(*known, opt_outs={BOB: opt_out}, invitation=WAITING)


def confirmations(change: Change) -> list[bool]:
    return [one.may_reach_opted_out for one in change.texts]


@pytest.mark.parametrize("word", [word for word in OPT_OUT if word != "stop"])
def test_a_stranger_who_opts_out_is_confirmed(word: str) -> None:
    change = text(word).decide(facts())
    assert (change.after, change.wish) == (None, OUT)
    assert told(change) == [CONFIRMED]
    assert confirmations(change) == [True]
    assert happened(change) == [("PERSON_OPTED_OUT", "")]


@pytest.mark.parametrize("word", [word for word in OPT_OUT if word != "stop"])
def test_who_opts_out_while_talking_is_confirmed_and_the_partner_told_neutrally(word: str) -> None:
    change = text(word).decide(facts(ACTIVE))
    assert change.wish == OUT
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert told(change) == [(ALICE, says(Template.ENDED)), CONFIRMED]
    assert confirmations(change) == [False, True]
    assert happened(change)[:3] == ENDING
    assert {event.participant_id for event in change.events[:3]} == {BOB.participant_id}


def test_who_opts_out_while_waiting_gives_the_code_up() -> None:
    change = text("quit", ALICE).decide(facts(WAITING))
    assert change.wish == ConsentChange(ALICE, opts_in=False)
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert told(change) == [(ALICE, says(Template.OPTED_OUT))]
    assert happened(change)[:3] == ENDING


@pytest.mark.parametrize("body", ["STOP", "stop", " Stop \n"])
def test_the_carrier_confirms_stop_and_so_we_do_not(body: str) -> None:
    assert told(text(body).decide(facts())) == []
    assert told(text(body, ALICE).decide(facts(WAITING))) == []
    change = text(body).decide(facts(ACTIVE))
    assert (change.wish, told(change)) == (OUT, [(ALICE, says(Template.ENDED))])


def test_stop_with_a_full_stop_is_not_the_carriers_word_and_is_confirmed_here() -> None:
    assert told(text("STOP.").decide(facts())) == [CONFIRMED]


def test_a_late_stop_opts_out_while_the_number_rests_or_drains() -> None:
    assert text("quit").decide(facts(ENDED)).wish == OUT
    assert text("quit").decide(facts(pool=pool_with(numbers=draining(*POOL.masked_numbers)))).wish


@pytest.mark.parametrize("sender", [ALICE, BOB])
@pytest.mark.parametrize("known", [facts(), facts(ACTIVE), facts(WAITING), facts(ENDED)])
def test_the_confirmation_is_given_exactly_once(known: Snapshot, sender: Person) -> None:
    assert confirmations(text("quit", sender).decide(known)).count(True) == 1
    already = OptOut(NOW, OptOutSource.CARRIER, "a receipt")
    again = replace(known, current_conversation_ids={}, opt_outs={sender: already})
    assert text("quit", sender).decide(again) == Change()


@pytest.mark.parametrize("known", [(), (ACTIVE,)])
@pytest.mark.parametrize("body", ["quit", "stop"])
def test_a_text_decided_again_after_its_own_opt_out_is_decided_as_the_first_time(
    known: tuple[Conversation, ...], body: str
) -> None:
    first = text(body).decide(facts(*known))
    assert text(body).decide(opted_out(*known, by=TEXT_ID)) == first
    assert text(body).decide(opted_out(*known)) != first


@pytest.mark.parametrize("body", EVERYTHING_ELSE)
def test_an_opted_out_person_is_answered_by_nothing(body: str) -> None:
    assert text(body).decide(opted_out()) == Change()
    assert text(body).decide(opted_out(ENDED)) == Change()


@pytest.mark.parametrize("body", EVERYTHING_ELSE)
@pytest.mark.parametrize("live", [ACTIVE, PAUSED])
def test_what_was_begun_for_an_opted_out_person_ends_with_their_next_text(
    body: str, live: Conversation
) -> None:
    change = text(body).decide(opted_out(live))
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert told(change) == [(ALICE, says(Template.ENDED))]


@pytest.mark.parametrize("body", ["yes", "YES!", "unstop", "Unstop"])
@pytest.mark.parametrize("known", [(), (ACTIVE,), (ENDED,)])
def test_yes_and_unstop_opt_in_again(body: str, known: tuple[Conversation, ...]) -> None:
    change = text(body).decide(opted_out(*known))
    assert (change.after, change.wish) == (None, IN)
    assert told(change) == [(BOB, says(Template.OPTED_IN))]
    assert happened(change) == [("PERSON_OPTED_IN", "")]


def test_start_opts_in_and_starts_at_once() -> None:
    change, as_a_stranger = text("start").decide(opted_out()), text("start").decide(facts())
    [opted_in, *started] = change.events
    assert change == replace(as_a_stranger, wish=IN, events=(opted_in, *as_a_stranger.events))
    assert (opted_in.type, opted_in.participant_id) == ("PERSON_OPTED_IN", BOB.participant_id)
    assert tuple(started) == as_a_stranger.events


def test_start_opts_in_even_where_nothing_can_be_started() -> None:
    change = text("start").decide(opted_out(ENDED))
    assert (change.after, change.wish) == (None, IN)
    pool = pool_with(numbers=draining(*POOL.masked_numbers))
    change = text("start").decide(replace(opted_out(), pool=pool))
    assert (change.wish, told(change)) == (IN, [(BOB, says(Template.NO_NEW_HERE))])


@pytest.mark.parametrize("live", [ACTIVE, PAUSED, replace(WAITING, participants=(BOB,))])
def test_start_never_begins_a_second_conversation_on_a_line(live: Conversation) -> None:
    change = text("start").decide(opted_out(live))
    assert (change.after, change.claims, change.wish) == (None, (), IN)
    assert told(change) == [(BOB, says(Template.OPTED_IN))]


@pytest.mark.parametrize("body", ["end", "END."])
def test_a_pool_may_count_a_bare_end_as_opting_out(body: str) -> None:
    for known in (facts(pool=END_OPTS_OUT), facts(ACTIVE, pool=END_OPTS_OUT)):
        change = text(body).decide(known)
        assert change.wish == OUT
        assert told(change)[-1] == CONFIRMED
    assert text(body).decide(facts(ACTIVE)).wish is None


@pytest.mark.parametrize("body", [f"end {CODE}", "bye", "leave"])
def test_ending_in_other_words_or_with_the_code_opts_nobody_out(body: str) -> None:
    change = text(body).decide(facts(ACTIVE, pool=END_OPTS_OUT))
    assert change.wish is None
    assert after(change).end_reason is EndReason.PARTICIPANT_ENDED


@pytest.mark.parametrize(("person", "partner"), [(ALICE, BOB), (BOB, ALICE)])
@pytest.mark.parametrize("live", [ACTIVE, PAUSED])
def test_an_opt_out_ends_other_conversations_too_and_only_partners_are_told(
    person: Person, partner: Person, live: Conversation
) -> None:
    change = EndConversationForOptOut("c", live.etag, person).decide(about(live))
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert told(change) == [(partner, says(Template.ENDED))]
    assert happened(change)[0] == ("CONVERSATION_ENDED", "OPTED_OUT")


def test_an_opt_out_ends_a_wait_without_a_word() -> None:
    change = EndConversationForOptOut("c", WAITING.etag, ALICE).decide(about(WAITING))
    assert after(change).end_reason is EndReason.OPTED_OUT
    assert told(change) == []


def test_an_opt_out_leaves_alone_what_is_over() -> None:
    intent = EndConversationForOptOut("c", ENDED.etag, BOB)
    assert intent.decide(about(ENDED)) == intent.decide(facts()) == Change()
    assert intent.lookup(POOL).conversation_id == "c"


def erasing(by: Person = BOB) -> ReceiveMessage:
    return replace(text("erase my data", by), erasure_id="e1")


def test_who_erases_everything_while_talking_is_told_the_receipt_and_the_partner_neutrally() -> (
    None
):
    change = erasing().decide(facts(ACTIVE, pool=ERASES))
    confirmed = POOL.speech.say(Template.ERASED, receipt="e1")
    assert set(told(change)) == {(BOB, confirmed), (ALICE, says(Template.ENDED))}
    assert "e1" in confirmed
    assert change.wish == OUT
    assert change.erasure_id == "e1"
    assert [one.may_reach_opted_out for one in change.texts if one.to == BOB] == [True]
    assert after(change).state is State.ENDED


def test_a_stranger_who_erases_everything_is_told_the_receipt() -> None:
    change = erasing().decide(facts(pool=ERASES))
    assert told(change) == [(BOB, POOL.speech.say(Template.ERASED, receipt="e1"))]
    assert change.wish == OUT


def test_of_who_opted_out_before_an_erasure_is_not_confirmed() -> None:
    opt_outs = {BOB: OptOut(NOW, OptOutSource.TEXT, "an earlier text")}
    change = erasing().decide(facts(ACTIVE, pool=ERASES, opt_outs=opt_outs))
    assert told(change) == [(ALICE, says(Template.ENDED))]
    assert change.erasure_id == "e1"


@pytest.mark.parametrize(
    "asked", [text("erase my data"), replace(text("erase my data"), erasure_id="e1")]
)
def test_where_nobody_may_erase_by_text_the_words_are_passed_on(asked: ReceiveMessage) -> None:
    change = asked.decide(facts(ACTIVE))
    assert told(change) == [(ALICE, "erase my data")]
    assert change.erasure_id == ""


def test_without_a_name_for_the_erasure_the_words_are_passed_on() -> None:
    """Nothing would be removed."""
    change = text("erase my data").decide(facts(ACTIVE, pool=ERASES))
    assert told(change) == [(ALICE, "erase my data")]
