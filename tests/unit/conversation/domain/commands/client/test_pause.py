"""During a pause messages are held or refused; then they are relayed in order, or dropped."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.client.end import EndConversation
from conversation_service.domain.commands.client.pause import PauseConversation, ResumeConversation
from conversation_service.domain.commands.client.send import SendMessage
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import Command
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
from support.conversations import ALICE, BOB, POOL, system_message
from support.decisions import (
    ACTIVE,
    CARD,
    CODE,
    NOW,
    PAUSED,
    PICTURE,
    after,
    event_details,
    incoming,
    pool_with,
    sent_bodies,
    snapshot_about,
    snapshot_of,
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


def from_paused(body: str, sender: Person = BOB, conversation: Conversation = PAUSED) -> Change:
    return incoming(body, sender).decide(snapshot_of(conversation, now=LATER))


def resumed(conversation: Conversation, held: tuple[HeldMessage, ...] = HELD) -> Change:
    return ResumeConversation("r", "c").decide(
        replace(snapshot_about(conversation, held=held), now=LATER)
    )


def test_a_pause_notifies_nobody() -> None:
    change = PauseConversation("r", "c").decide(snapshot_about(ACTIVE))
    assert after(change) == replace(ACTIVE, etag="change", pause_time=NOW)
    assert change.texts == ()
    assert event_details(change) == [("CONVERSATION_PAUSED", "")]


def test_the_first_message_during_a_pause_is_held_and_gets_a_reply() -> None:
    change = from_paused("hello")
    assert change.held == (HeldMessage(BOB.participant_id, "hello"),)
    assert sent_bodies(change) == [(BOB, system_message(Template.PAUSED_HELD))]
    assert event_details(change) == [("MESSAGE_HELD", ""), ("SYSTEM_TEXT_ACCEPTED", "paused_held")]
    assert change.events[0].participant_id == BOB.participant_id
    assert change.events[0].message_id == "change"


def test_a_held_message_is_counted_for_its_author_and_moves_the_idle_end() -> None:
    idle_end = LATER + POOL.settings.idle_lifetime
    for author, held in ((ALICE, (1, 0)), (BOB, (0, 1))):
        assert after(from_paused("hello", author)) == replace(
            PAUSED,
            etag="change",
            held=held,
            last_message_time=LATER,
            idle_end_time=idle_end,
            due_time=idle_end,
        )


def test_further_messages_of_a_person_are_held_without_a_reply() -> None:
    change = from_paused("again", BOB, HOLDS_BOBS)
    assert [message.body for message in change.held] == ["again"]
    assert after(change).held == (0, 2)
    assert sent_bodies(change) == []
    assert sent_bodies(from_paused("hello", ALICE, HOLDS_BOBS)) == [
        (ALICE, system_message(Template.PAUSED_HELD))
    ]


def test_a_pool_may_refuse_messages_during_a_pause() -> None:
    change = incoming("hello").decide(snapshot_of(PAUSED, pool=REFUSES))
    assert (change.after, change.held) == (None, ())
    assert sent_bodies(change) == [(BOB, system_message(Template.PAUSED_REFUSED))]
    assert event_details(change)[0] == ("MESSAGE_NOT_RELAYED", "PAUSED")
    with pytest.raises(ConversationPaused):
        FOR_BOB.decide(replace(snapshot_about(PAUSED), pool=REFUSES))
    assert sent_bodies(incoming("hello").decide(snapshot_of(ACTIVE, pool=REFUSES))) == [
        (ALICE, "hello")
    ]


def test_messages_are_held_up_to_the_limit_of_both_together() -> None:
    change = from_paused("one more", BOB, FULL)
    assert (change.after, change.held) == (None, ())
    assert sent_bodies(change) == [(BOB, system_message(Template.PAUSED_REFUSED))]
    assert event_details(change)[0] == ("MESSAGE_NOT_RELAYED", "TOO_MANY_HELD")
    with pytest.raises(TooManyHeld):
        FOR_BOB.decide(snapshot_about(FULL))
    one_less = replace(FULL, held=(0, HELD_LIMIT - 1))
    assert after(from_paused("the last", BOB, one_less)).held == (0, HELD_LIMIT)
    assert after(FOR_BOB.decide(snapshot_about(one_less))).held == (0, HELD_LIMIT)


@pytest.mark.parametrize(
    ("body", "attachments", "template"),
    [("", (), Template.EMPTY), (" ", (CARD,), Template.ATTACHMENT_NOT_PASSED_ON)],
)
def test_an_empty_message_is_not_held(
    body: str, attachments: tuple[Attachment, ...], template: Template
) -> None:
    change = incoming(body, attachments=attachments).decide(snapshot_of(PAUSED))
    assert (change.held, sent_bodies(change)) == ((), [(BOB, system_message(template))])


def test_keywords_work_during_a_pause() -> None:
    assert sent_bodies(from_paused("help")) == [(BOB, system_message(Template.HELP))]
    assert sent_bodies(from_paused("start")) == [(BOB, system_message(Template.ALREADY_TALKING))]
    assert after(from_paused(f"end {CODE}")).end_reason is EndReason.PARTICIPANT_ENDED
    assert after(from_paused("report")).report_time == LATER


def test_a_message_of_a_client_is_held_without_a_reply() -> None:
    change = FOR_BOB.decide(snapshot_about(PAUSED))
    assert change.held == (HeldMessage(BOB.participant_id, "hi"),)
    assert after(change).held == (0, 1)
    assert change.texts == ()
    assert event_details(change) == [("MESSAGE_HELD", "")]


def test_a_message_of_the_system_is_sent_during_a_pause_too() -> None:
    change = SendMessage("r", "c", "", "hi").decide(
        replace(snapshot_about(HOLDS_BOTH), pool=REFUSES)
    )
    assert sent_bodies(change) == [(ALICE, "hi"), (BOB, "hi")]
    assert after(change).pause_time == PAUSED.pause_time
    assert after(change).held == HOLDS_BOTH.held


def test_a_resume_notifies_both_and_relays_held_messages_in_order() -> None:
    change = resumed(HOLDS_BOTH)
    assert sent_bodies(change) == [
        (ALICE, system_message(Template.RESUMED)),
        (BOB, system_message(Template.RESUMED)),
        (ALICE, "first"),
        (BOB, "second"),
        (ALICE, "third"),
    ]
    assert event_details(change) == [
        ("CONVERSATION_RESUMED", ""),
        *[("SYSTEM_TEXT_ACCEPTED", "resumed")] * 2,
        *[("MESSAGE_RELAYED", "")] * 3,
    ]
    authors = [message.author_id for message in HELD]
    assert [event.participant_id for event in change.events[3:]] == authors


def test_a_resumed_conversation_holds_no_messages_and_has_a_new_idle_end() -> None:
    idle_end = LATER + POOL.settings.idle_lifetime
    assert after(resumed(HOLDS_BOTH)) == replace(
        ACTIVE, etag="change", last_message_time=LATER, idle_end_time=idle_end, due_time=idle_end
    )


def test_a_resume_notifies_only_people_who_know_of_the_pause() -> None:
    change = resumed(HOLDS_BOBS, HELD[:1])
    assert sent_bodies(change) == [(BOB, system_message(Template.RESUMED)), (ALICE, "first")]
    assert sent_bodies(resumed(PAUSED, ())) == []
    assert ResumeConversation("r", "c").read_set(POOL).held_in == "c"


@pytest.mark.parametrize(
    ("command", "snapshot", "template"),
    [
        (EndConversation("r", "c"), snapshot_about(HOLDS_BOBS), Template.ENDED),
        (EndConversation("r", "c", BOB.participant_id), snapshot_about(HOLDS_BOBS), Template.ENDED),
        (
            ExpireConversation("c", "e"),
            snapshot_about(HOLDS_BOBS, now=ACTIVE.due_time),
            Template.IDLE_EXPIRED,
        ),
        (EndConversationForOptOut("c", "e", ALICE), snapshot_about(HOLDS_BOBS), Template.ENDED),
        (incoming("end", ALICE), snapshot_of(HOLDS_BOBS), Template.ENDED),
        (incoming("block", ALICE), snapshot_of(HOLDS_BOBS), Template.ENDED),
        (incoming("quit", ALICE), snapshot_of(HOLDS_BOBS), Template.ENDED),
    ],
)
def test_an_author_of_dropped_messages_is_notified_before_the_end(
    command: Command, snapshot: Snapshot, template: Template
) -> None:
    change = command.decide(snapshot)
    to_bob = [body for person, body in sent_bodies(change) if person == BOB]
    assert to_bob == [system_message(Template.NOT_PASSED_ON), system_message(template)]
    assert (ALICE, system_message(Template.NOT_PASSED_ON)) not in sent_bodies(change)
    assert ("MESSAGE_DROPPED", "1") in event_details(change)
    assert (after(change).held, after(change).pause_time) == ((0, 0), None)


def test_dropped_messages_are_counted_for_each_author() -> None:
    change = EndConversation("r", "c").decide(snapshot_about(HOLDS_BOTH))
    dropped = {
        event.participant_id: event.detail
        for event in change.events
        if event.type.value == "MESSAGE_DROPPED"
    }
    assert dropped == {ALICE.participant_id: "1", BOB.participant_id: "2"}
    assert sent_bodies(change).count((ALICE, system_message(Template.NOT_PASSED_ON))) == 1
    assert sent_bodies(change).count((BOB, system_message(Template.NOT_PASSED_ON))) == 1


def test_an_opt_out_gets_no_notice_of_dropped_messages() -> None:
    change = incoming("quit").decide(snapshot_of(HOLDS_BOBS))
    assert [body for person, body in sent_bodies(change) if person == BOB] == [
        system_message(Template.OPTED_OUT)
    ]
    assert sent_bodies(
        EndConversationForOptOut("c", "e", BOB).decide(snapshot_about(HOLDS_BOBS))
    ) == [(ALICE, system_message(Template.ENDED))]


def test_an_end_without_held_messages_drops_none() -> None:
    change = EndConversation("r", "c").decide(snapshot_about(PAUSED))
    assert "MESSAGE_DROPPED" not in dict(event_details(change))
    assert sent_bodies(change) == [
        (ALICE, system_message(Template.ENDED)),
        (BOB, system_message(Template.ENDED)),
    ]


@pytest.mark.parametrize(
    ("word", "farewell"), [("end", Template.ENDED), ("block", Template.BLOCKED)]
)
def test_a_leaver_is_notified_of_their_own_dropped_messages(word: str, farewell: Template) -> None:
    change = from_paused(word, BOB, HOLDS_BOTH)
    to_bob = [body for person, body in sent_bodies(change) if person == BOB]
    assert to_bob == [system_message(Template.NOT_PASSED_ON), system_message(farewell)]


@pytest.mark.parametrize("body", ["look", ""])
def test_a_picture_is_held_and_relayed_with_its_body(body: str) -> None:
    change = incoming(body, attachments=(PICTURE,)).decide(snapshot_of(PAUSED))
    assert change.held == (HeldMessage(BOB.participant_id, body, (PICTURE,)),)
    sent = resumed(HOLDS_BOBS, change.held).texts[-1]
    assert (sent.body, sent.attachments) == (body, (PICTURE,))


def test_a_refused_file_during_a_pause_gets_a_reply() -> None:
    refused = (BOB, system_message(Template.ATTACHMENT_NOT_PASSED_ON))
    first = incoming("look", attachments=(CARD,)).decide(snapshot_of(PAUSED))
    assert sent_bodies(first) == [(BOB, system_message(Template.PAUSED_HELD)), refused]
    further = incoming("look", attachments=(CARD,)).decide(snapshot_of(HOLDS_BOBS))
    assert sent_bodies(further) == [refused]
    for change in (first, further):
        assert [(message.body, message.attachments) for message in change.held] == [("look", ())]
        assert ("ATTACHMENTS_REFUSED", "") in event_details(change)
