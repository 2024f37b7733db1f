"""Texts of a person in an active conversation."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.lifecycle import reported
from conversation_service.domain.commands.core.replies import notify, reply_to, transition
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.commands.inbound.inbound_message import (
    ParsedMessage,
    effective_keyword,
    keyword_event,
    not_relayed_event,
)
from conversation_service.domain.commands.inbound.relay import relay_message
from conversation_service.domain.commands.inbound.waiting import end_by_text
from conversation_service.domain.keywords import join_codes as codes
from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.events import Event, EventType, Rule
from conversation_service.domain.templates.catalog import Template


def receive_from_active(facts: Snapshot, text: ParsedMessage, active: Conversation) -> Change:
    """A command does what it says; everything else is passed on as it is."""
    command = text.command
    match effective_keyword(text, facts):
        case Keyword.START:
            return _already_talking(facts, text, active)
        case Keyword.JOIN if codes.is_code_shaped(codes.normalized(command.argument)):
            # Relayed, it would hand somebody else's code to the partner.
            return _already_talking(facts, text, active)
        case Keyword.HELP:
            return _told(facts, text, active, Template.HELP)
        case Keyword.END if command.argument == "" or command.argument == active.code:
            return end_by_text(facts, text, active)
        case Keyword.END:
            return _told(facts, text, active, Template.END_OF_ANOTHER)
        case Keyword.BLOCK:
            return _block(facts, text, active)
        case Keyword.REPORT:
            return _report(facts, text, active)
        case Keyword.OPT_IN:
            return Change()
        case _:
            return relay_message(facts, text, active)


def _block(facts: Snapshot, text: ParsedMessage, active: Conversation) -> Change:
    """Ends it and keeps the two from meeting again in this pool."""
    partner = active.partner_of(text.sender)
    answer = reply_to(facts, text.sender, Template.BLOCKED)
    ending = end(facts, active, EndReason.BLOCKED, text.sender, answer.said)
    name, author = active.conversation_id, text.sender.participant_id
    told_of = (
        keyword_event(facts, text, name),
        Event(EventType.PARTICIPANT_BLOCKED, name, author, facts.change_id),
    )
    pair = (text.sender, partner) if partner else None
    return replace(ending, conduct=answer.conduct, blocks=pair, events=(*told_of, *ending.events))


def _report(facts: Snapshot, text: ParsedMessage, active: Conversation) -> Change:
    name, author = active.conversation_id, text.sender.participant_id
    told_of = [
        keyword_event(facts, text, name),
        Event(EventType.CONVERSATION_REPORTED, name, author, facts.change_id),
    ]
    answer = reply_to(facts, text.sender, Template.REPORTED)
    change = transition(facts, active, reported(facts, active), answer.said, told_of)
    return replace(change, conduct=answer.conduct)


def _already_talking(facts: Snapshot, text: ParsedMessage, active: Conversation) -> Change:
    event = not_relayed_event(facts, text, active.conversation_id, Rule.ALREADY_TALKING)
    return _answered(facts, text, active, Template.ALREADY_TALKING, event)


def _told(facts: Snapshot, text: ParsedMessage, active: Conversation, template: Template) -> Change:
    event = keyword_event(facts, text, active.conversation_id)
    return _answered(facts, text, active, template, event)


def _answered(
    facts: Snapshot, text: ParsedMessage, active: Conversation, template: Template, event: Event
) -> Change:
    answer = reply_to(facts, text.sender, template)
    return replace(notify(facts, active, answer.said, [event]), conduct=answer.conduct)
