"""Opting out of all texts, and in again, by text."""

from dataclasses import replace

from conversation_service.domain.change import Change
from conversation_service.domain.conversation import Conversation, EndReason
from conversation_service.domain.endings import end
from conversation_service.domain.events import Event, EventType
from conversation_service.domain.facts import Facts, Said
from conversation_service.domain.inbound import Inbound, received
from conversation_service.domain.opt_outs import Wish
from conversation_service.domain.texts import Template

# Flowroute answers the single word STOP itself and would refuse an answer of ours (Flowroute
# support, STOP article).
ANSWERED_BY_CARRIER = "stop"


def opt_out(facts: Facts, text: Inbound, conversation: Conversation | None) -> Change:
    """Nothing more is sent to the person but one confirmation; a partner is told neutrally.

    Their conversations on other numbers and in other pools are ended by the operation.
    """
    return _opted_out(facts, text, conversation, _confirmation(facts, text))


def erase(
    facts: Facts,
    text: Inbound,
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
    facts: Facts, text: Inbound, conversation: Conversation | None, farewell: tuple[Said, ...]
) -> Change:
    wish, tells = Wish(text.sender, wants_texts=False), _told_of(text, EventType.PERSON_OPTED_OUT)
    if conversation is None:
        texts = facts.texts(text.line.masked_number, "", farewell)
        return Change(wish=wish, texts=texts, events=(tells,))
    command = received(facts, text, conversation.conversation_id)
    ending = end(facts, conversation, EndReason.OPTED_OUT, text.sender, farewell)
    return replace(ending, wish=wish, events=(command, tells, *ending.events))


def opt_in(facts: Facts, text: Inbound) -> Change:
    """The person gets texts again, and is told so."""
    said = facts.says(text.sender, Template.OPTED_IN)
    texts = facts.texts(text.line.masked_number, "", (said,))
    wish, tells = Wish(text.sender, wants_texts=True), _told_of(text, EventType.PERSON_OPTED_IN)
    return Change(wish=wish, texts=texts, events=(tells,))


def opted_in_first(change: Change, text: Inbound) -> Change:
    """The same change for a person who has to be opted in for it."""
    tells = _told_of(text, EventType.PERSON_OPTED_IN)
    wish = Wish(text.sender, wants_texts=True)
    return replace(change, wish=wish, events=(tells, *change.events))


def _confirmation(facts: Facts, text: Inbound) -> tuple[Said, ...]:
    """The one that the rules allow (47 CFR 64.1200(a)(12)), unless the carrier sends its own."""
    if text.body.strip().lower() == ANSWERED_BY_CARRIER:
        return ()
    return (facts.says(text.sender, Template.OPTED_OUT, may_reach_opted_out=True),)


def _told_of(text: Inbound, kind: EventType) -> Event:
    return Event(kind, participant_id=text.sender.participant_id)
