"""Texts of a person in an active conversation."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.lifecycle import reported
from conversation_service.domain.commands.core.replies import answer_to, change_of, told
from conversation_service.domain.commands.core.snapshot import Facts
from conversation_service.domain.commands.inbound.inbound_message import (
    Inbound,
    kind_here,
    not_relayed,
    received,
)
from conversation_service.domain.commands.inbound.relay import relay_text
from conversation_service.domain.commands.inbound.waiting import end_by_text
from conversation_service.domain.keywords import join_codes as codes
from conversation_service.domain.keywords.keywords import Kind
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.events import Event, EventType, Rule
from conversation_service.domain.templates.catalog import Template


def from_talking(facts: Facts, text: Inbound, active: Conversation) -> Change:
    """A command does what it says; everything else is passed on as it is."""
    command = text.command
    match kind_here(text, facts):
        case Kind.START:
            return _already_talking(facts, text, active)
        case Kind.JOIN if codes.is_code_shaped(codes.normalised(command.argument)):
            # Relayed, it would hand somebody else's code to the partner.
            return _already_talking(facts, text, active)
        case Kind.HELP:
            return _told(facts, text, active, Template.HELP)
        case Kind.END if command.argument == "" or command.argument == active.code:
            return end_by_text(facts, text, active)
        case Kind.END:
            return _told(facts, text, active, Template.END_OF_ANOTHER)
        case Kind.BLOCK:
            return _block(facts, text, active)
        case Kind.REPORT:
            return _report(facts, text, active)
        case Kind.OPT_IN:
            return Change()
        case _:
            return relay_text(facts, text, active)


def _block(facts: Facts, text: Inbound, active: Conversation) -> Change:
    """Ends it and keeps the two from meeting again in this pool."""
    partner = active.partner_of(text.sender)
    answer = answer_to(facts, text.sender, Template.BLOCKED)
    ending = end(facts, active, EndReason.BLOCKED, text.sender, answer.said)
    name, author = active.conversation_id, text.sender.participant_id
    told_of = (
        received(facts, text, name),
        Event(EventType.PARTICIPANT_BLOCKED, name, author, facts.change_id),
    )
    pair = (text.sender, partner) if partner else None
    return replace(ending, conduct=answer.conduct, blocks=pair, events=(*told_of, *ending.events))


def _report(facts: Facts, text: Inbound, active: Conversation) -> Change:
    name, author = active.conversation_id, text.sender.participant_id
    told_of = [
        received(facts, text, name),
        Event(EventType.CONVERSATION_REPORTED, name, author, facts.change_id),
    ]
    answer = answer_to(facts, text.sender, Template.REPORTED)
    change = change_of(facts, active, reported(facts, active), answer.said, told_of)
    return replace(change, conduct=answer.conduct)


def _already_talking(facts: Facts, text: Inbound, active: Conversation) -> Change:
    event = not_relayed(facts, text, active.conversation_id, Rule.ALREADY_TALKING)
    return _answered(facts, text, active, Template.ALREADY_TALKING, event)


def _told(facts: Facts, text: Inbound, active: Conversation, template: Template) -> Change:
    event = received(facts, text, active.conversation_id)
    return _answered(facts, text, active, template, event)


def _answered(
    facts: Facts, text: Inbound, active: Conversation, template: Template, event: Event
) -> Change:
    answer = answer_to(facts, text.sender, template)
    return replace(told(facts, active, answer.said, [event]), conduct=answer.conduct)
