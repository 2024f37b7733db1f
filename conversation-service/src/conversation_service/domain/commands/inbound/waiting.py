"""Texts of a person who has a code and waits for somebody to join."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.ending import end, ending_words
from conversation_service.domain.commands.core.replies import answer_to, told
from conversation_service.domain.commands.core.snapshot import Facts
from conversation_service.domain.commands.inbound.inbound_message import (
    Inbound,
    kind_here,
    not_relayed,
    received,
)
from conversation_service.domain.keywords import join_codes as codes
from conversation_service.domain.keywords.keywords import Kind
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.events import Event, Rule
from conversation_service.domain.templates.catalog import Template


def from_waiting(facts: Facts, text: Inbound, waiting: Conversation) -> Change:
    """The same code again, the end of it, help; anything else is told that nobody has joined."""
    command, code = text.command, waiting.code
    match command.kind:
        case Kind.START:
            return _told(facts, text, waiting, Template.CODE)
        case Kind.JOIN if codes.normalised(command.argument) == code:
            return _told(facts, text, waiting, Template.OWN_CODE)
        case Kind.HELP:
            return _told(facts, text, waiting, Template.HELP)
        case Kind.END if command.argument in ("", code):
            return end_by_text(facts, text, waiting)
        case Kind.OPT_IN:
            return Change()
        case _:
            return _told(facts, text, waiting, Template.STILL_WAITING)


def end_by_text(facts: Facts, text: Inbound, conversation: Conversation) -> Change:
    """It is over whether or not the sender can still be answered."""
    reason = EndReason.PARTICIPANT_ENDED
    answer = answer_to(facts, text.sender, ending_words(conversation, reason))
    ending = end(facts, conversation, reason, text.sender, answer.said)
    command = received(facts, text, conversation.conversation_id)
    return replace(ending, conduct=answer.conduct, events=(command, *ending.events))


def _told(facts: Facts, text: Inbound, waiting: Conversation, template: Template) -> Change:
    # The code's own end, not the pool's lifetime: some of it may be over.
    left = waiting.due_time - facts.now
    answer = answer_to(facts, text.sender, template, code=waiting.code, span=left)
    event = _what_came(facts, text, waiting.conversation_id)
    return replace(told(facts, waiting, answer.said, [event]), conduct=answer.conduct)


def _what_came(facts: Facts, text: Inbound, name: str) -> Event:
    if kind_here(text, facts) is Kind.TALK:
        return not_relayed(facts, text, name, Rule.NOBODY_JOINED)
    return received(facts, text, name)
