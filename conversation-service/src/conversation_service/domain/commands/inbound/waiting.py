"""Messages of a person who has a code and waits for somebody to join."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.ending import end, ending_template
from conversation_service.domain.commands.core.replies import notify_limited, reply_to
from conversation_service.domain.commands.inbound.inbound_message import (
    InboundContext,
    keyword_event,
    not_relayed,
)
from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.events import RelayRefusal
from conversation_service.domain.templates.catalog import Template


def receive_from_waiting(inbound: InboundContext, waiting: Conversation) -> Change:
    """The same code again, its end, or help; otherwise a reply that nobody has joined."""
    keyword, code = inbound.keyword, waiting.code
    match keyword.kind:
        case Keyword.START:
            return _reply(inbound, waiting, Template.CODE)
        case Keyword.JOIN | Keyword.CODE if keyword.argument == code:
            return _reply(inbound, waiting, Template.OWN_CODE)
        case Keyword.HELP:
            return _reply(inbound, waiting, Template.HELP)
        case Keyword.END if keyword.argument in ("", code):
            return end_by_keyword(inbound, waiting)
        case Keyword.OPT_IN:
            return Change()
        case _:
            return _reply(inbound, waiting, Template.STILL_WAITING)


def end_by_keyword(inbound: InboundContext, conversation: Conversation) -> Change:
    """Ends the conversation even if the sender may get no reply any more."""
    snapshot, sender = inbound.snapshot, inbound.sender
    reason = EndReason.PARTICIPANT_ENDED
    reply = reply_to(snapshot, sender, ending_template(conversation, reason))
    ending = end(snapshot, conversation, reason, sender, reply.drafts)
    event = keyword_event(inbound, conversation.conversation_id)
    return replace(ending, sender_limits=reply.limits, events=(event, *ending.events))


def _reply(inbound: InboundContext, waiting: Conversation, template: Template) -> Change:
    # What is left of this code's lifetime, not the pool's setting.
    left = waiting.due_time - inbound.snapshot.now
    reply = reply_to(inbound.snapshot, inbound.sender, template, code=waiting.code, span=left)
    if inbound.effective_keyword in (Keyword.TALK, Keyword.CODE):
        return not_relayed(inbound, waiting, RelayRefusal.NOBODY_JOINED, reply)
    event = keyword_event(inbound, waiting.conversation_id)
    return notify_limited(inbound.snapshot, waiting, reply, [event])
