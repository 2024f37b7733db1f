"""A pause: texts are held or refused, passed on in order when it ends, or dropped and told of."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.client.end import EndConversation
from conversation_service.domain.commands.client.pause import PauseConversation, ResumeConversation
from conversation_service.domain.commands.client.send import SendMessage
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.holding import HELD_LIMIT
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.system.end_for_opt_out import EndConversationForOptOut
from conversation_service.domain.commands.system.expire import ExpireConversation
from conversation_service.domain.errors import ConversationPaused, TooManyHeld
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.messages import Attachment, HeldMessage
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import PausePolicy
from conversation_service.domain.templates.catalog import Template
from support.conversations import ALICE, BOB, POOL, says
from support.decisions import (
    ACTIVE,
    CARD,
    CODE,
    NOW,
    PAUSED,
    PICTURE,
    about,
    after,
    facts,
    happened,
    pool_with,
    text,
    told,
)

LATER = NOW + timedelta(hours=1)
REFUSES = pool_with(pause_policy=PausePolicy.REFUSE)
FULL = replace(PAUSED, held=(HELD_LIMIT // 2, HELD_LIMIT - HELD_LIMIT // 2))
HOLDS_BOTH = replace(PAUSED, held=(1, 2))
HOLDS_BOBS = replace(PAUSED, held=(0, 1))
HELD = (
    HeldMessage(BOB.participant_id, "first"),
    HeldMessage(ALICE.participant_id, "second"),
    HeldMessage(BOB.participant_id, "third"),
)
FOR_BOB = SendMessage("r", "c", BOB.participant_id, "hi")


def by_paused(body: str, by: Person = BOB, *known: Conversation) -> Change:
    return text(body, by).decide(facts(*(known or (PAUSED,)), now=LATER))


def resumed(conversation: Conversation, held: tuple[HeldMessage, ...] = HELD) -> Change:
    return ResumeConversation("r", "c").decide(replace(about(conversation, held=held), now=LATER))


def test_a_pause_is_told_to_nobody() -> None:
    change = PauseConversation("r", "c").decide(about(ACTIVE))
    assert after(change) == replace(ACTIVE, etag="change", pause_time=NOW)
    assert change.texts == ()
    assert happened(change) == [("CONVERSATION_PAUSED", "")]


def test_a_first_text_in_a_pause_is_held_and_its_sender_told() -> None:
    change = by_paused("hello")
    assert change.held == (HeldMessage(BOB.participant_id, "hello"),)
    assert told(change) == [(BOB, says(Template.PAUSED_HELD))]
    assert happened(change) == [("MESSAGE_HELD", ""), ("SYSTEM_TEXT_ACCEPTED", "paused_held")]
    assert change.events[0].participant_id == BOB.participant_id
    assert change.events[0].message_id == "change"


def test_what_is_held_is_counted_for_its_author_and_keeps_the_conversation_alive() -> None:
    idle_end = LATER + POOL.settings.idle_lifetime
    for author, held in ((ALICE, (1, 0)), (BOB, (0, 1))):
        assert after(by_paused("hello", author)) == replace(
            PAUSED,
            etag="change",
            held=held,
            last_message_time=LATER,
            idle_end_time=idle_end,
            due_time=idle_end,
        )


def test_further_texts_of_the_same_person_are_held_without_a_word() -> None:
    change = by_paused("again", BOB, HOLDS_BOBS)
    assert [one.body for one in change.held] == ["again"]
    assert after(change).held == (0, 2)
    assert told(change) == []
    assert told(by_paused("hello", ALICE, HOLDS_BOBS)) == [(ALICE, says(Template.PAUSED_HELD))]


def test_a_pool_may_refuse_texts_in_a_pause() -> None:
    change = text("hello").decide(facts(PAUSED, pool=REFUSES))
    assert (change.after, change.held) == (None, ())
    assert told(change) == [(BOB, says(Template.PAUSED_REFUSED))]
    assert happened(change)[0] == ("MESSAGE_NOT_RELAYED", "PAUSED")
    with pytest.raises(ConversationPaused):
        FOR_BOB.decide(replace(about(PAUSED), pool=REFUSES))


def test_a_pool_that_refuses_texts_in_a_pause_relays_them_otherwise() -> None:
    assert told(text("hello").decide(facts(ACTIVE, pool=REFUSES))) == [(ALICE, "hello")]


def test_no_more_texts_are_held_than_the_limit_of_both_together() -> None:
    change = by_paused("one more", BOB, FULL)
    assert (change.after, change.held) == (None, ())
    assert told(change) == [(BOB, says(Template.PAUSED_REFUSED))]
    assert happened(change)[0] == ("MESSAGE_NOT_RELAYED", "TOO_MANY_HELD")
    with pytest.raises(TooManyHeld):
        FOR_BOB.decide(about(FULL))
    one_less = replace(FULL, held=(0, HELD_LIMIT - 1))
    assert after(by_paused("the last", BOB, one_less)).held == (0, HELD_LIMIT)
    assert after(FOR_BOB.decide(about(one_less))).held == (0, HELD_LIMIT)


@pytest.mark.parametrize(
    ("body", "attachments", "template"),
    [("", (), Template.EMPTY), (" ", (CARD,), Template.ATTACHMENT_NOT_PASSED_ON)],
)
def test_what_has_nothing_to_pass_on_is_not_held(
    body: str, attachments: tuple[Attachment, ...], template: Template
) -> None:
    change = text(body, attachments=attachments).decide(facts(PAUSED))
    assert (change.held, told(change)) == ((), [(BOB, says(template))])


def test_commands_work_in_a_pause() -> None:
    assert told(by_paused("help")) == [(BOB, says(Template.HELP))]
    assert told(by_paused("start")) == [(BOB, says(Template.ALREADY_TALKING))]
    assert after(by_paused(f"end {CODE}")).end_reason is EndReason.PARTICIPANT_ENDED
    assert after(by_paused("report")).report_time == LATER


def test_a_client_that_speaks_for_a_person_in_a_pause_is_held_without_a_word_to_them() -> None:
    change = FOR_BOB.decide(about(PAUSED))
    assert change.held == (HeldMessage(BOB.participant_id, "hi"),)
    assert after(change).held == (0, 1)
    assert change.texts == ()
    assert happened(change) == [("MESSAGE_HELD", "")]


def test_the_system_speaks_to_both_in_a_pause_too() -> None:
    change = SendMessage("r", "c", "", "hi").decide(replace(about(HOLDS_BOTH), pool=REFUSES))
    assert told(change) == [(ALICE, "hi"), (BOB, "hi")]
    assert after(change).pause_time == PAUSED.pause_time
    assert after(change).held == HOLDS_BOTH.held


def test_what_was_held_is_passed_on_in_order_after_both_were_told() -> None:
    change = resumed(HOLDS_BOTH)
    assert told(change) == [
        (ALICE, says(Template.RESUMED)),
        (BOB, says(Template.RESUMED)),
        (ALICE, "first"),
        (BOB, "second"),
        (ALICE, "third"),
    ]
    assert happened(change) == [
        ("CONVERSATION_RESUMED", ""),
        *[("SYSTEM_TEXT_ACCEPTED", "resumed")] * 2,
        *[("MESSAGE_RELAYED", "")] * 3,
    ]
    authors = [one.author_id for one in HELD]
    assert [event.participant_id for event in change.events[3:]] == authors


def test_a_conversation_that_goes_on_holds_nothing_and_idles_from_now_on() -> None:
    idle_end = LATER + POOL.settings.idle_lifetime
    assert after(resumed(HOLDS_BOTH)) == replace(
        ACTIVE, etag="change", last_message_time=LATER, idle_end_time=idle_end, due_time=idle_end
    )


def test_only_who_knew_of_the_pause_is_told_of_its_end() -> None:
    change = resumed(HOLDS_BOBS, HELD[:1])
    assert told(change) == [(BOB, says(Template.RESUMED)), (ALICE, "first")]
    assert told(resumed(PAUSED, ())) == []


def test_a_resume_looks_up_what_is_held() -> None:
    assert ResumeConversation("r", "c").lookup(POOL).held_in == "c"


@pytest.mark.parametrize(
    ("intent", "known", "words"),
    [
        (EndConversation("r", "c"), about(HOLDS_BOBS), Template.ENDED),
        (EndConversation("r", "c", BOB.participant_id), about(HOLDS_BOBS), Template.ENDED),
        (
            ExpireConversation("c", "e"),
            about(HOLDS_BOBS, now=ACTIVE.due_time),
            Template.IDLE_EXPIRED,
        ),
        (EndConversationForOptOut("c", "e", ALICE), about(HOLDS_BOBS), Template.ENDED),
        (text("end", ALICE), facts(HOLDS_BOBS), Template.ENDED),
        (text("block", ALICE), facts(HOLDS_BOBS), Template.ENDED),
        (text("quit", ALICE), facts(HOLDS_BOBS), Template.ENDED),
    ],
)
def test_whose_held_texts_are_dropped_at_an_end_is_told_so_before_the_end(
    intent: EndConversation, known: Snapshot, words: Template
) -> None:
    change = intent.decide(known)
    to_bob = [body for person, body in told(change) if person == BOB]
    assert to_bob == [says(Template.NOT_PASSED_ON), says(words)]
    assert (ALICE, says(Template.NOT_PASSED_ON)) not in told(change)
    assert ("MESSAGE_DROPPED", "1") in happened(change)
    assert (after(change).held, after(change).pause_time) == ((0, 0), None)


def test_what_is_dropped_is_counted_for_each_author() -> None:
    change = EndConversation("r", "c").decide(about(HOLDS_BOTH))
    dropped = {
        event.participant_id: event.detail
        for event in change.events
        if event.type.value == "MESSAGE_DROPPED"
    }
    assert dropped == {ALICE.participant_id: "1", BOB.participant_id: "2"}
    assert told(change).count((ALICE, says(Template.NOT_PASSED_ON))) == 1
    assert told(change).count((BOB, says(Template.NOT_PASSED_ON))) == 1


def test_who_opts_out_gets_nothing_but_the_confirmation_about_dropped_texts_either() -> None:
    change = text("quit").decide(facts(HOLDS_BOBS))
    assert [body for person, body in told(change) if person == BOB] == [says(Template.OPTED_OUT)]
    assert told(EndConversationForOptOut("c", "e", BOB).decide(about(HOLDS_BOBS))) == [
        (ALICE, says(Template.ENDED))
    ]


def test_an_end_without_held_texts_drops_nothing() -> None:
    change = EndConversation("r", "c").decide(about(PAUSED))
    assert "MESSAGE_DROPPED" not in dict(happened(change))
    assert told(change) == [(ALICE, says(Template.ENDED)), (BOB, says(Template.ENDED))]


@pytest.mark.parametrize(
    ("word", "farewell"), [("end", Template.ENDED), ("block", Template.BLOCKED)]
)
def test_who_leaves_in_a_pause_is_told_of_their_own_dropped_texts(
    word: str, farewell: Template
) -> None:
    change = by_paused(word, BOB, HOLDS_BOTH)
    words = [body for to, body in told(change) if to == BOB]
    assert words == [says(Template.NOT_PASSED_ON), says(farewell)]


def test_a_picture_is_held_with_its_words_and_goes_out_with_them() -> None:
    change = text("look", attachments=(PICTURE,)).decide(facts(PAUSED))
    assert change.held == (HeldMessage(BOB.participant_id, "look", (PICTURE,)),)
    resumed = ResumeConversation("r", "c").decide(about(HOLDS_BOBS, held=change.held))
    assert [(one.body, one.attachments) for one in resumed.texts][-1] == ("look", (PICTURE,))


def test_a_picture_without_words_is_held_too() -> None:
    change = text("", attachments=(PICTURE,)).decide(facts(PAUSED))
    assert change.held == (HeldMessage(BOB.participant_id, "", (PICTURE,)),)


def test_a_file_in_a_pause_is_not_lost_silently() -> None:
    refused = (BOB, says(Template.ATTACHMENT_NOT_PASSED_ON))
    first = text("look", attachments=(CARD,)).decide(facts(PAUSED))
    assert told(first) == [(BOB, says(Template.PAUSED_HELD)), refused]
    further = text("look", attachments=(CARD,)).decide(facts(HOLDS_BOBS))
    assert told(further) == [refused]
    for change in (first, further):
        assert [(one.body, one.attachments) for one in change.held] == [("look", ())]
        assert ("ATTACHMENTS_REFUSED", "") in happened(change)
