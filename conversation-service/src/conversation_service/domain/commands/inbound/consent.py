"""Texts of a person who has opted out: nothing is sent to them until they opt in again."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.snapshot import Draft, Snapshot
from conversation_service.domain.commands.inbound.inbound_message import (
    ParsedMessage,
    keyword_event,
)
from conversation_service.domain.commands.inbound.stranger import receive_from_stranger
from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.consent import ConsentChange
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.templates.catalog import Template

# Flowroute answers the single word STOP itself and would refuse an answer of ours (Flowroute
# support, STOP article).
ANSWERED_BY_CARRIER = "stop"


def opt_out(facts: Snapshot, text: ParsedMessage, conversation: Conversation | None) -> Change:
    """Nothing more is sent to the person but one confirmation; a partner is told neutrally.

    Their conversations on other numbers and in other pools are ended by the operation.
    """
    return _opted_out(facts, text, conversation, _confirmation(facts, text))


def erase(
    facts: Snapshot,
    text: ParsedMessage,
    conversation: Conversation | None,
    erasure_id: str,
    *,
    is_confirmed: bool,
) -> Change:
    """All about the person goes, and nothing more is sent to them but one confirmation.

    Not even that to who opted out before. What is stored about the person is removed by the
    operation, which the change asks for by the erasure's name.
    """
    said = facts.says(text.sender, Template.ERASED, receipt=erasure_id, may_reach_opted_out=True)
    change = _opted_out(facts, text, conversation, (said,) if is_confirmed else ())
    return replace(change, erasure_id=erasure_id)


def _opted_out(
    facts: Snapshot,
    text: ParsedMessage,
    conversation: Conversation | None,
    farewell: tuple[Draft, ...],
) -> Change:
    wish, tells = (
        ConsentChange(text.sender, opts_in=False),
        _told_of(text, EventType.PERSON_OPTED_OUT),
    )
    if conversation is None:
        texts = facts.texts(text.line.masked_number, "", farewell)
        return Change(wish=wish, texts=texts, events=(tells,))
    command = keyword_event(facts, text, conversation.conversation_id)
    ending = end(facts, conversation, EndReason.OPTED_OUT, text.sender, farewell)
    return replace(ending, wish=wish, events=(command, tells, *ending.events))


def opt_in(facts: Snapshot, text: ParsedMessage) -> Change:
    """The person gets texts again, and is told so."""
    said = facts.says(text.sender, Template.OPTED_IN)
    texts = facts.texts(text.line.masked_number, "", (said,))
    wish, tells = (
        ConsentChange(text.sender, opts_in=True),
        _told_of(text, EventType.PERSON_OPTED_IN),
    )
    return Change(wish=wish, texts=texts, events=(tells,))


def opted_in_first(change: Change, text: ParsedMessage) -> Change:
    """The same change for a person who has to be opted in for it."""
    tells = _told_of(text, EventType.PERSON_OPTED_IN)
    wish = ConsentChange(text.sender, opts_in=True)
    return replace(change, wish=wish, events=(tells, *change.events))


def _confirmation(facts: Snapshot, text: ParsedMessage) -> tuple[Draft, ...]:
    """The one that the rules allow (47 CFR 64.1200(a)(12)), unless the carrier sends its own."""
    if text.body.strip().lower() == ANSWERED_BY_CARRIER:
        return ()
    return (facts.says(text.sender, Template.OPTED_OUT, may_reach_opted_out=True),)


def _told_of(text: ParsedMessage, kind: EventType) -> Event:
    return Event(kind, participant_id=text.sender.participant_id)


def receive_from_opted_out(facts: Snapshot, text: ParsedMessage) -> Change:
    """START opts in and starts, YES and UNSTOP opt in; anything else is answered by nothing."""
    match text.command.kind:
        case Keyword.START if facts.live(text.line) is None:
            return opted_in_first(receive_from_stranger(facts, text), text)
        case Keyword.START | Keyword.YES | Keyword.OPT_IN:
            return opt_in(facts, text)
        case _:
            return _leave(facts, text)


def _leave(facts: Snapshot, text: ParsedMessage) -> Change:
    """A conversation that was begun while they opted out is over."""
    conversation = facts.live(text.line)
    if conversation is None:
        return Change()
    return end(facts, conversation, EndReason.OPTED_OUT, text.sender, farewell=())
