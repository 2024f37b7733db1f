"""Messages of a person in an active conversation."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.lifecycle import reported
from conversation_service.domain.commands.core.replies import notify_limited, reply_to, transition
from conversation_service.domain.commands.inbound.inbound_message import (
    InboundContext,
    keyword_event,
    not_relayed,
)
from conversation_service.domain.commands.inbound.relay import relay_message, with_notice_of_files
from conversation_service.domain.commands.inbound.waiting import end_by_keyword
from conversation_service.domain.keywords import join_codes
from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.events import Event, EventType, RelayRefusal
from conversation_service.domain.model.participants import Block
from conversation_service.domain.templates.catalog import Template


def receive_from_active(inbound: InboundContext, active: Conversation) -> Change:
    """Carries out a keyword; relays everything else unchanged."""
    change = _carry_out(inbound, active)
    if change is None:
        return relay_message(inbound, active)
    return with_notice_of_files(inbound, change, active.conversation_id)


def _carry_out(inbound: InboundContext, active: Conversation) -> Change | None:
    """None for a message to be relayed."""
    argument = inbound.keyword.argument
    match inbound.effective_keyword:
        case Keyword.START:
            return _already_in_conversation(inbound, active)
        case Keyword.JOIN if join_codes.is_code_shaped(argument):
            # Relaying it would disclose somebody else's code to the partner.
            return _already_in_conversation(inbound, active)
        case Keyword.HELP:
            return _reply_to_keyword(inbound, active, Template.HELP_TALKING)
        case Keyword.END if argument in ("", active.code):
            return end_by_keyword(inbound, active)
        case Keyword.END:
            return _reply_to_keyword(inbound, active, Template.END_OF_ANOTHER)
        case Keyword.BLOCK:
            return _block(inbound, active)
        case Keyword.REPORT:
            return _report(inbound, active)
        case Keyword.OPT_IN:
            return Change()
        case _:
            return None


def _block(inbound: InboundContext, active: Conversation) -> Change:
    """Ends the conversation and keeps the two from meeting again in this pool."""
    sender = inbound.sender
    reply = reply_to(inbound.snapshot, sender, Template.BLOCKED)
    ending = end(inbound.snapshot, active, EndReason.BLOCKED, sender, reply.drafts)
    return replace(
        ending,
        sender_limits=reply.limits,
        new_block=_new_block(inbound, active),
        events=(*_keyword_events(inbound, active, EventType.PARTICIPANT_BLOCKED), *ending.events),
    )


def _new_block(inbound: InboundContext, active: Conversation) -> Block | None:
    snapshot, partner = inbound.snapshot, active.partner_of(inbound.sender)
    if partner is None:
        return None
    return Block(
        snapshot.change_id,
        inbound.sender.participant_id,
        partner.participant_id,
        snapshot.now,
        active.conversation_id,
    )


def _report(inbound: InboundContext, active: Conversation) -> Change:
    snapshot = inbound.snapshot
    events = _keyword_events(inbound, active, EventType.CONVERSATION_REPORTED)
    reply = reply_to(snapshot, inbound.sender, Template.REPORTED)
    change = transition(snapshot, active, reported(snapshot, active), reply.drafts, events)
    return replace(change, sender_limits=reply.limits)


def _keyword_events(
    inbound: InboundContext, active: Conversation, effect: EventType
) -> tuple[Event, Event]:
    """The keyword, and what it did."""
    conversation_id, author_id = active.conversation_id, inbound.sender.participant_id
    return (
        keyword_event(inbound, conversation_id),
        Event(effect, conversation_id, author_id),
    )


def _already_in_conversation(inbound: InboundContext, active: Conversation) -> Change:
    reply = reply_to(inbound.snapshot, inbound.sender, Template.ALREADY_TALKING)
    return not_relayed(inbound, active, RelayRefusal.ALREADY_IN_CONVERSATION, reply)


def _reply_to_keyword(inbound: InboundContext, active: Conversation, template: Template) -> Change:
    event = keyword_event(inbound, active.conversation_id)
    reply = reply_to(inbound.snapshot, inbound.sender, template)
    return notify_limited(inbound.snapshot, active, reply, [event])
