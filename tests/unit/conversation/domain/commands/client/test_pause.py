"""During a pause messages are held or refused; then they are relayed in order, or dropped."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.client.end import EndConversation
from conversation_service.domain.commands.client.pause import PauseConversation, ResumeConversation
from conversation_service.domain.commands.client.send import SendMessage
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.holding import HELD_LIMIT
from conversation_service.domain.commands.system.end_by_system import EndConversationBySystem
from conversation_service.domain.commands.system.expire import ExpireConversation
from conversation_service.domain.errors import ConversationPaused, HeldMessageLimitReached
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.events import EventType
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import PausePolicy
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import ALICE, BOB, POOL, system_message
from support.builders.decisions import (
    ACTIVE,
    CARD,
    CODE,
    NOW,
    PAUSED,
    PICTURE,
    after,
    event_details,
    pool_with,
    sent_bodies,
    snapshot_about,
    system,
    texted,
    to_both,
)

LATER = NOW + timedelta(hours=1)
REFUSES = pool_with({"relay.pause_policy": PausePolicy.REFUSE})
HALF = HELD_LIMIT // 2
FULL = replace(PAUSED, held=(("a",) * HALF, ("b",) * (HELD_LIMIT - HALF)))
HOLDS_BOTH = replace(PAUSED, held=(("m2",), ("m1", "m3")))
HOLDS_BOBS = replace(PAUSED, held=((), ("m1",)))
HELD = (
    HeldMessage("m1", BOB.participant_id, "first"),
    HeldMessage("m2", ALICE.participant_id, "second"),
    HeldMessage("m3", BOB.participant_id, "third"),
)
FOR_BOB = SendMessage("r", "c", BOB.participant_id, "hi")


def from_paused(body: str, sender: Person = BOB, conversation: Conversation = PAUSED) -> Change:
    return texted(body, conversation, by=sender, now=LATER)


def resumed(conversation: Conversation, held: tuple[HeldMessage, ...] = HELD) -> Change:
    snapshot = snapshot_about(conversation, held=held, now=LATER)
    return ResumeConversation("r", "c").decide(snapshot)


def bodies_to_bob(change: Change) -> list[str]:
    return [body for person, body in sent_bodies(change) if person == BOB]


def test_a_pause_notifies_nobody() -> None:
    change = PauseConversation("r", "c").decide(snapshot_about(ACTIVE))
    assert after(change) == replace(ACTIVE, state=State.PAUSED, etag="change", pause_time=NOW)
    assert (change.texts, event_details(change)) == ((), [("CONVERSATION_PAUSED", "")])


def test_the_first_message_during_a_pause_is_held_and_gets_a_reply() -> None:
    change = from_paused("hello")
    assert change.held == (HeldMessage("change", BOB.participant_id, "hello"),)
    assert sent_bodies(change) == [system(BOB, Template.PAUSED_HELD)]
    assert event_details(change) == [("MESSAGE_HELD", ""), ("MESSAGE_ACCEPTED", "paused_held")]
    event = change.events[0]
    assert (event.participant_id, event.message_id) == (BOB.participant_id, "change")


def test_a_held_message_is_counted_for_its_author_and_moves_the_idle_end() -> None:
    end = LATER + POOL.settings.lifecycle.idle_timeout
    moved = replace(PAUSED, last_message_time=LATER, idle_end_time=end, due_time=end)
    for author, held in ((ALICE, (("change",), ())), (BOB, ((), ("change",)))):
        expected = replace(moved, etag="change", held=held)
        assert after(from_paused("hello", author)) == expected


def test_further_messages_of_a_person_are_held_without_a_reply() -> None:
    change = from_paused("again", BOB, HOLDS_BOBS)
    assert [message.body for message in change.held] == ["again"]
    assert (after(change).held, sent_bodies(change)) == (((), ("m1", "change")), [])
    to_alice = system(ALICE, Template.PAUSED_HELD)
    assert sent_bodies(from_paused("hello", ALICE, HOLDS_BOBS)) == [to_alice]


def test_messages_are_refused_if_the_pool_says_so_or_too_many_are_held() -> None:
    for change, rule in (
        (texted("hello", PAUSED, pool=REFUSES), "PAUSED"),
        (from_paused("one more", BOB, FULL), "HELD_MESSAGE_LIMIT_REACHED"),
    ):
        assert (change.after, change.held) == (None, ())
        assert sent_bodies(change) == [system(BOB, Template.PAUSED_REFUSED)]
        assert event_details(change)[0] == ("MESSAGE_NOT_RELAYED", rule)
    with pytest.raises(ConversationPaused):
        FOR_BOB.decide(snapshot_about(PAUSED, pool=REFUSES))
    with pytest.raises(HeldMessageLimitReached):
        FOR_BOB.decide(snapshot_about(FULL))
    assert sent_bodies(texted("hello", ACTIVE, pool=REFUSES)) == [(ALICE, "hello")]


def test_messages_are_held_up_to_the_limit_of_both_together() -> None:
    one_less = replace(FULL, held=((), ("b",) * (HELD_LIMIT - 1)))
    full = ((), (*one_less.held[1], "change"))
    assert after(from_paused("the last", BOB, one_less)).held == full
    assert after(FOR_BOB.decide(snapshot_about(one_less))).held == full


def test_an_empty_message_is_not_held() -> None:
    for change, template in (
        (texted("", PAUSED), Template.EMPTY),
        (texted(" ", PAUSED, attachments=(CARD,)), Template.ATTACHMENT_NOT_PASSED_ON),
    ):
        assert (change.held, sent_bodies(change)) == ((), [system(BOB, template)])


def test_keywords_work_during_a_pause() -> None:
    assert sent_bodies(from_paused("help")) == [system(BOB, Template.HELP_TALKING)]
    assert sent_bodies(from_paused("start")) == [system(BOB, Template.ALREADY_TALKING)]
    assert after(from_paused(f"end {CODE}")).end_reason is EndReason.PARTICIPANT_ENDED
    assert after(from_paused("report")).report_time == LATER


def test_a_message_of_a_client_is_held_without_a_reply() -> None:
    change = FOR_BOB.decide(snapshot_about(PAUSED))
    assert change.held == (HeldMessage("change", BOB.participant_id, "hi"),)
    assert (after(change).held, change.texts) == (((), ("change",)), ())
    assert event_details(change) == [("MESSAGE_HELD", "")]


def test_a_message_of_the_system_is_sent_during_a_pause_too() -> None:
    snapshot = snapshot_about(HOLDS_BOTH, pool=REFUSES)
    change = SendMessage("r", "c", "", "hi").decide(snapshot)
    assert sent_bodies(change) == [(ALICE, "hi"), (BOB, "hi")]
    assert after(change).pause_time == PAUSED.pause_time
    assert after(change).held == HOLDS_BOTH.held


def test_a_resume_notifies_both_and_relays_held_messages_in_order() -> None:
    change = resumed(HOLDS_BOTH)
    relayed = [(ALICE, "first"), (BOB, "second"), (ALICE, "third")]
    assert sent_bodies(change) == [*to_both(Template.RESUMED), *relayed]
    assert event_details(change) == [
        ("CONVERSATION_RESUMED", ""),
        *[("MESSAGE_ACCEPTED", "resumed")] * 2,
        *[("MESSAGE_RELAYED", "")] * 3,
    ]
    authors = [message.author_id for message in HELD]
    assert [event.participant_id for event in change.events[3:]] == authors


def test_a_resumed_conversation_holds_no_messages_and_has_a_new_idle_end() -> None:
    end = LATER + POOL.settings.lifecycle.idle_timeout
    assert after(resumed(HOLDS_BOTH)) == replace(
        ACTIVE, etag="change", last_message_time=LATER, idle_end_time=end, due_time=end
    )


def test_a_resume_notifies_only_people_who_know_of_the_pause() -> None:
    change = resumed(HOLDS_BOBS, HELD[:1])
    assert sent_bodies(change) == [system(BOB, Template.RESUMED), (ALICE, "first")]
    assert sent_bodies(resumed(PAUSED, ())) == []
    assert ResumeConversation("r", "c").read_set(POOL).held_in == "c"


def test_an_author_of_dropped_messages_is_notified_before_the_end() -> None:
    expired = snapshot_about(HOLDS_BOBS, now=ACTIVE.due_time)
    ends = [
        EndConversation("r", "c").decide(snapshot_about(HOLDS_BOBS)),
        EndConversation("r", "c", BOB.participant_id).decide(snapshot_about(HOLDS_BOBS)),
        EndConversationBySystem("c", "e", EndReason.OPTED_OUT, ALICE).decide(
            snapshot_about(HOLDS_BOBS)
        ),
        *(texted(body, HOLDS_BOBS, by=ALICE) for body in ("end", "block", "quit")),
    ]
    for change, template in (
        *((change, Template.ENDED) for change in ends),
        (ExpireConversation("c", "e").decide(expired), Template.IDLE_EXPIRED),
    ):
        notices = [system_message(Template.NOT_PASSED_ON), system_message(template)]
        assert bodies_to_bob(change) == notices
        assert system(ALICE, Template.NOT_PASSED_ON) not in sent_bodies(change)
        assert ("HELD_MESSAGES_DROPPED", "1") in event_details(change)
        assert (after(change).held, after(change).pause_time) == (((), ()), None)


def test_dropped_messages_are_counted_for_each_author() -> None:
    change = EndConversation("r", "c").decide(snapshot_about(HOLDS_BOTH))
    dropped = [event for event in change.events if event.type is EventType.HELD_MESSAGES_DROPPED]
    counts = {ALICE.participant_id: 1, BOB.participant_id: 2}
    assert {event.participant_id: event.detail for event in dropped} == counts
    for person in (ALICE, BOB):
        assert sent_bodies(change).count(system(person, Template.NOT_PASSED_ON)) == 1


def test_an_opt_out_gets_no_notice_of_dropped_messages() -> None:
    assert bodies_to_bob(texted("quit", HOLDS_BOBS)) == [system_message(Template.OPTED_OUT)]
    change = EndConversationBySystem("c", "e", EndReason.OPTED_OUT, BOB).decide(
        snapshot_about(HOLDS_BOBS)
    )
    assert sent_bodies(change) == [system(ALICE, Template.ENDED)]


def test_an_end_without_held_messages_drops_none() -> None:
    change = EndConversation("r", "c").decide(snapshot_about(PAUSED))
    assert "HELD_MESSAGES_DROPPED" not in dict(event_details(change))
    assert sent_bodies(change) == to_both(Template.ENDED)


def test_a_leaver_is_notified_of_their_own_dropped_messages() -> None:
    for word, template in (("end", Template.ENDED), ("block", Template.BLOCKED)):
        expected = [system_message(Template.NOT_PASSED_ON), system_message(template)]
        assert bodies_to_bob(from_paused(word, BOB, HOLDS_BOTH)) == expected


def test_a_picture_is_held_and_relayed_with_its_body() -> None:
    for body in ("look", ""):
        change = texted(body, PAUSED, attachments=(PICTURE,))
        assert change.held == (HeldMessage("change", BOB.participant_id, body, (PICTURE,)),)
        sent = resumed(HOLDS_BOBS, change.held).texts[-1]
        assert (sent.body, sent.attachments) == (body, (PICTURE,))


def test_a_refused_file_during_a_pause_gets_a_reply() -> None:
    refused = system(BOB, Template.ATTACHMENT_NOT_PASSED_ON)
    held = system(BOB, Template.PAUSED_HELD)
    for conversation, replies in ((PAUSED, [held, refused]), (HOLDS_BOBS, [refused])):
        change = texted("look", conversation, attachments=(CARD,))
        assert sent_bodies(change) == replies
        assert [(message.body, message.attachments) for message in change.held] == [("look", ())]
        assert ("MESSAGE_ATTACHMENTS_REFUSED", "") in event_details(change)
