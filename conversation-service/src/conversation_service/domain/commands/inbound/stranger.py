"""Texts of a person who is in no conversation on the number."""

from dataclasses import replace
from datetime import timedelta

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.lifecycle import started
from conversation_service.domain.commands.core.number_selection import route_claims
from conversation_service.domain.commands.core.replies import (
    reply_to,
    reply_to_stranger,
    transition,
)
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.inbound.inbound_message import (
    ParsedMessage,
    effective_keyword,
)
from conversation_service.domain.commands.inbound.join import join_by_text
from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.templates.catalog import Template


def receive_from_stranger(facts: Snapshot, text: ParsedMessage) -> Change:
    """A new code, a join, help; anything else is helped once in a while, then met by silence."""
    kind = effective_keyword(text, facts)
    match kind:
        case Keyword.HELP:
            return _told(facts, text, Template.HELP)
        case Keyword.OPT_IN:
            # Flowroute lifts its block and answers UNSTOP itself; here there is nothing to lift.
            return Change()
        case _ if facts.cool_off_left(text.line) > timedelta(0):
            return _just_ended(facts, text)
        case Keyword.START:
            return _start(facts, text)
        case Keyword.JOIN:
            return join_by_text(facts, text)
        case _:
            return _help_once(facts, text)


def _start(facts: Snapshot, text: ParsedMessage) -> Change:
    number = facts.pool.number(text.line.masked_number)
    if number is None or not number.accepts_new:
        return _told(facts, text, Template.NO_NEW_HERE)
    conversation = started(facts, text.line)
    lifetime = facts.pool.settings.code_lifetime
    answer = reply_to(facts, text.sender, Template.CODE, code=conversation.code, span=lifetime)
    if not answer.said:
        # A code that nobody is told is of no use.
        return Change()
    begun = _begun(conversation)
    change = transition(facts, None, conversation, answer.said, [begun])
    taken = route_claims(facts, conversation.masked_number, conversation.participants)
    return replace(change, conduct=answer.conduct, claims=taken)


def _begun(conversation: Conversation) -> Event:
    first = conversation.participants[0].participant_id
    return Event(EventType.CONVERSATION_STARTED, conversation.conversation_id, first)


def _just_ended(facts: Snapshot, text: ParsedMessage) -> Change:
    """A late text: it goes to nobody, least of all to a new partner."""
    left = facts.cool_off_left(text.line)
    return reply_to_stranger(
        facts, text.line, reply_to(facts, text.sender, Template.JUST_ENDED, span=left)
    )


def _help_once(facts: Snapshot, text: ParsedMessage) -> Change:
    conduct = facts.conduct(text.sender)
    if conduct.is_help_muted(facts.now):
        return Change()
    answer = reply_to(facts, text.sender, Template.HELP, conduct=conduct.help_sent(facts.now))
    return reply_to_stranger(facts, text.line, answer)


def _told(facts: Snapshot, text: ParsedMessage, template: Template) -> Change:
    return reply_to_stranger(facts, text.line, reply_to(facts, text.sender, template))
