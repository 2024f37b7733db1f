"""Events of all decisions: published words only, no phone numbers, no message bodies."""

from dataclasses import replace
from datetime import timedelta
from types import NoneType

from conversation_service.domain.commands.client.create import CreateConversation
from conversation_service.domain.commands.client.end import EndConversation
from conversation_service.domain.commands.client.join import JoinConversation
from conversation_service.domain.commands.client.pause import PauseConversation, ResumeConversation
from conversation_service.domain.commands.client.reopen import ReopenConversation
from conversation_service.domain.commands.client.send import SendMessage
from conversation_service.domain.commands.client.update import UpdateConversation
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.commands.operator.blocks import DeleteBlock
from conversation_service.domain.commands.operator.masked_numbers import (
    ActivateMaskedNumber,
    AddMaskedNumber,
    DrainMaskedNumber,
    RemoveMaskedNumber,
    UpdateMaskedNumber,
)
from conversation_service.domain.commands.system.end_by_system import EndConversationBySystem
from conversation_service.domain.commands.system.expire import ExpireConversation
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.events import DETAILS, EventType
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.domain.model.participants import Block
from support.builders.conversations import ALICE, BOB, CAROL, MASKED, NUMBERS, OTHER_MASKED, POOL
from support.builders.decisions import (
    ACTIVE,
    CARD,
    CODE,
    ENDED,
    NOW,
    OTHER_CODE,
    PAUSED,
    PICTURE,
    WAITING,
    draining,
    incoming,
    snapshot_about,
    snapshot_of,
)

NOTED = replace(ACTIVE, unique_name="order 7")
HOLDS = replace(PAUSED, held=(("m1",), ("m2",)), unique_name="order 7")
HELD = (
    HeldMessage("m1", ALICE.participant_id, "a secret"),
    HeldMessage("m2", BOB.participant_id, "a secret"),
)
OUT = {BOB: OptOut(NOW, OptOutSource.TEXT, "an earlier text")}
WARNED_AT = ACTIVE.due_time - timedelta(hours=1)
DRAINED = replace(POOL, numbers=draining(NUMBERS[0].phone_number))
BLOCK = Block("b", ALICE.participant_id, BOB.participant_id, NOW, "c")
ONE_NUMBER = replace(POOL, numbers=NUMBERS[:1])
INVITED = snapshot_of(invitation=WAITING)

TEXTS = ["start", f"join {CODE}", f"join {OTHER_CODE}", "hello", "a secret", "", "help", "report"]
TEXTS += ["block", "end", f"end {CODE}", f"end {OTHER_CODE}", "quit", "stop", "yes", "unstop"]

DECISIONS: list[Change] = [
    *(incoming(body).decide(INVITED) for body in TEXTS),
    *(incoming(body, attachments=(PICTURE, CARD)).decide(snapshot_of(NOTED)) for body in TEXTS),
    *(incoming(body, ALICE).decide(snapshot_of(WAITING)) for body in TEXTS),
    *(incoming(body).decide(snapshot_of(HOLDS)) for body in TEXTS),
    *(incoming(body).decide(snapshot_of(ENDED)) for body in TEXTS),
    *(incoming(body).decide(snapshot_of(NOTED, opt_outs=OUT)) for body in TEXTS),
    CreateConversation("r", (BOB,), unique_name="order 7").decide(snapshot_of()),
    CreateConversation("r", (ALICE, BOB), unique_name="order 7").decide(snapshot_of()),
    JoinConversation("r", CODE, BOB).decide(INVITED),
    JoinConversation("r", OTHER_CODE, BOB).decide(snapshot_of()),
    EndConversation("r", "c", note="a secret").decide(snapshot_about(HOLDS)),
    EndConversationBySystem("c", "e", EndReason.OPTED_OUT, BOB).decide(snapshot_about(HOLDS)),
    SendMessage("r", "c", ALICE.participant_id, "a secret").decide(snapshot_about(NOTED)),
    SendMessage("r", "c", ALICE.participant_id, "a secret").decide(snapshot_about(HOLDS)),
    SendMessage("r", "c", "", "a secret").decide(snapshot_about(NOTED)),
    UpdateConversation("r", "c", frozenset(["labels"]), labels={"note": "a secret"}).decide(
        snapshot_about(NOTED)
    ),
    PauseConversation("r", "c").decide(snapshot_about(NOTED)),
    ResumeConversation("r", "c").decide(snapshot_about(HOLDS, held=HELD)),
    ReopenConversation("r", ENDED).decide(snapshot_about(ENDED)),
    ExpireConversation("c", "e").decide(snapshot_about(HOLDS, now=WARNED_AT)),
    ExpireConversation("c", "e").decide(
        snapshot_about(replace(HOLDS, due_time=WARNED_AT), now=WARNED_AT)
    ),
    AddMaskedNumber("r", replace(NUMBERS[0], phone_number=OTHER_MASKED)).decide(
        snapshot_of(pool=ONE_NUMBER)
    ),
    UpdateMaskedNumber("r", MASKED, True).decide(snapshot_of()),
    ActivateMaskedNumber("r", MASKED).decide(snapshot_of(pool=DRAINED)),
    DrainMaskedNumber("r", MASKED).decide(snapshot_of()),
    RemoveMaskedNumber("r", MASKED).decide(snapshot_of()),
    DeleteBlock("r", "b").decide(
        replace(snapshot_of(blocks={"b": BLOCK}), read_set=ReadSet(block_id="b"))
    ),
]
EVENTS = [event for change in DECISIONS for event in change.events]
# Messages that are not relayed: their events carry ids of their own, those of keywords none.
RECEIVED = [
    *((body, ACTIVE) for body in ("start", "help", "end", "block", "report", "quit", "")),
    *((body, WAITING) for body in ("start", "hello", "end", "quit")),
    ("hello", PAUSED),
]
# Of types whose detail may be absent: a client's own message has no template.
OPTIONAL = {EventType.MESSAGE_ACCEPTED}


def test_no_event_contains_a_phone_number_a_body_or_a_unique_name() -> None:
    events = repr(EVENTS)
    secrets = [CODE, OTHER_CODE, "secret", "order 7", MASKED]
    secrets += [person.phone_number for person in (ALICE, BOB, CAROL)]
    assert not [secret for secret in secrets if secret in events]


def test_every_event_has_exactly_the_detail_of_its_type() -> None:
    for event in EVENTS:
        expected = DETAILS.get(event.type, NoneType)
        is_absent = event.detail is None and event.type in OPTIONAL
        assert is_absent or type(event.detail) is expected, event


def test_the_decisions_above_record_every_type_of_event_that_a_decision_can_record() -> None:
    elsewhere = {kind for kind in EventType if kind.value.startswith(("MESSAGE_", "POOL_"))}
    elsewhere |= {EventType.PERSON_JOIN_LIMIT_REACHED, EventType.CONVERSATION_ERASED}
    decided = {"ACCEPTED", "RELAYED", "HELD", "NOT_RELAYED", "ATTACHMENTS_REFUSED"}
    expected = set(EventType) - elsewhere | {EventType(f"MESSAGE_{name}") for name in decided}
    assert {event.type for event in EVENTS} >= expected


def test_every_outbound_message_of_a_conversation_has_an_event_with_its_id_and_recipient() -> None:
    for change in DECISIONS:
        events = {event.message_id: event for event in change.events}
        for message in change.texts:
            if not message.conversation_id:
                assert message.message_id not in events, change
                continue
            event = events[message.message_id]
            assert event.conversation_id == message.conversation_id, change
            if event.type is EventType.MESSAGE_ACCEPTED:
                assert event.participant_id == message.to.participant_id, change
        sent = {message.message_id for message in change.texts}
        accepted = [e for e in change.events if e.type is EventType.MESSAGE_ACCEPTED]
        assert {event.message_id for event in accepted} <= sent, change


def test_the_event_of_a_message_within_a_conversation_names_its_sender() -> None:
    for body, conversation in RECEIVED:
        sender = conversation.participants[-1]
        event = incoming(body, sender).decide(snapshot_of(conversation)).events[0]
        is_keyword = event.type in (EventType.KEYWORD_RECEIVED, EventType.PERSON_OPTED_OUT)
        message_id = "" if is_keyword else "change"
        assert (event.conversation_id, event.message_id) == ("c", message_id), body
        assert event.participant_id == sender.participant_id, body


def test_every_change_has_a_new_etag_and_events_of_its_conversation_only() -> None:
    for change in DECISIONS:
        ids = {event.conversation_id for event in change.events} - {""}
        assert ids <= {change.after.conversation_id if change.after else "c"}, change
        if change.after:
            assert change.after.etag == "change", change
            assert change.before is None or change.before.etag != "change", change
