"""Texts of a person who is in no conversation on the number."""

from dataclasses import replace
from datetime import timedelta

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.lifecycle import started
from conversation_service.domain.commands.core.number_selection import claims
from conversation_service.domain.commands.core.replies import answer_to, change_of, stranger_told
from conversation_service.domain.commands.core.snapshot import Facts
from conversation_service.domain.commands.inbound.inbound_message import Inbound, kind_here
from conversation_service.domain.commands.inbound.join import join_by_text
from conversation_service.domain.keywords.keywords import Kind
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.templates.catalog import Template


def from_stranger(facts: Facts, text: Inbound) -> Change:
    """A new code, a join, help; anything else is helped once in a while, then met by silence."""
    kind = kind_here(text, facts)
    match kind:
        case Kind.HELP:
            return _told(facts, text, Template.HELP)
        case Kind.OPT_IN:
            # Flowroute lifts its block and answers UNSTOP itself; here there is nothing to lift.
            return Change()
        case _ if facts.cools(text.line) > timedelta(0):
            return _just_ended(facts, text)
        case Kind.START:
            return _start(facts, text)
        case Kind.JOIN:
            return join_by_text(facts, text)
        case _:
            return _help_once(facts, text)


def _start(facts: Facts, text: Inbound) -> Change:
    number = facts.pool.number(text.line.masked_number)
    if number is None or not number.takes_new:
        return _told(facts, text, Template.NO_NEW_HERE)
    conversation = started(facts, text.line)
    lifetime = facts.pool.settings.code_lifetime
    answer = answer_to(facts, text.sender, Template.CODE, code=conversation.code, span=lifetime)
    if not answer.said:
        # A code that nobody is told is of no use.
        return Change()
    begun = _begun(conversation)
    change = change_of(facts, None, conversation, answer.said, [begun])
    taken = claims(facts, conversation.masked_number, conversation.participants)
    return replace(change, conduct=answer.conduct, claims=taken)


def _begun(conversation: Conversation) -> Event:
    first = conversation.participants[0].participant_id
    return Event(EventType.CONVERSATION_STARTED, conversation.conversation_id, first)


def _just_ended(facts: Facts, text: Inbound) -> Change:
    """A late text: it goes to nobody, least of all to a new partner."""
    left = facts.cools(text.line)
    return stranger_told(
        facts, text.line, answer_to(facts, text.sender, Template.JUST_ENDED, span=left)
    )


def _help_once(facts: Facts, text: Inbound) -> Change:
    conduct = facts.conduct(text.sender)
    if conduct.is_left_alone(facts.now):
        return Change()
    answer = answer_to(facts, text.sender, Template.HELP, conduct=conduct.helped(facts.now))
    return stranger_told(facts, text.line, answer)


def _told(facts: Facts, text: Inbound, template: Template) -> Change:
    return stranger_told(facts, text.line, answer_to(facts, text.sender, template))
