"""Messages of a person who is in no conversation on the number."""

from dataclasses import replace
from datetime import timedelta

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.creation import creation
from conversation_service.domain.commands.core.lifecycle import created
from conversation_service.domain.commands.core.replies import reply_to, reply_to_stranger
from conversation_service.domain.commands.inbound.inbound_message import InboundContext
from conversation_service.domain.commands.inbound.join import join_by_keyword
from conversation_service.domain.keywords.keywords import Keyword, resembles_keyword
from conversation_service.domain.model.rate_limits import SenderLimits
from conversation_service.domain.templates.catalog import Template


def receive_from_stranger(inbound: InboundContext) -> Change:
    """START, JOIN, a code and HELP; anything else gets one help text, then none for a while."""
    cool_off_left = inbound.snapshot.cool_off_left(inbound.route)
    match inbound.effective_keyword:
        case Keyword.HELP:
            return _reply(inbound, Template.HELP)
        case Keyword.OPT_IN:
            # Flowroute lifts its block and answers UNSTOP itself; there is none to lift here.
            return Change()
        case _ if cool_off_left > timedelta(0):
            # The message was meant for the former partner: it must not reach or make a new one.
            return _reply(inbound, Template.JUST_ENDED, span=cool_off_left)
        case Keyword.START:
            return _start(inbound)
        case Keyword.JOIN | Keyword.CODE:
            return join_by_keyword(inbound)
        case _:
            return _help_once(inbound)


def _start(inbound: InboundContext) -> Change:
    snapshot, route = inbound.snapshot, inbound.route
    number = snapshot.pool.number(route.masked_number)
    if number is None or not number.accepts_new:
        return _reply(inbound, Template.NO_NEW_HERE)
    conversation = created(snapshot, route.masked_number, (inbound.sender,))
    lifetime = snapshot.pool.settings.lifecycle.join_code_lifetime
    reply = reply_to(snapshot, inbound.sender, Template.CODE, code=conversation.code, span=lifetime)
    if not reply.drafts:
        # A code that nobody receives is of no use.
        return Change()
    return replace(creation(snapshot, conversation, reply.drafts), sender_limits=reply.limits)


def _help_once(inbound: InboundContext) -> Change:
    snapshot, sender = inbound.snapshot, inbound.sender
    limits = snapshot.limits_of(sender)
    if limits.is_help_muted(snapshot.now) and not _is_answered_attempt(inbound, limits):
        return Change()
    reply = reply_to(snapshot, sender, Template.HELP, limits=limits.help_sent(snapshot.now))
    return reply_to_stranger(snapshot, inbound.route, reply)


def _is_answered_attempt(inbound: InboundContext, limits: SenderLimits) -> bool:
    """Whether the sender looks for a keyword. Answered less often, as auto-responders may too."""
    return limits.may_answer_attempt(inbound.snapshot.now) and resembles_keyword(
        inbound.message.body, inbound.snapshot.pool.keywords
    )


def _reply(inbound: InboundContext, template: Template, span: timedelta | None = None) -> Change:
    reply = reply_to(inbound.snapshot, inbound.sender, template, span=span)
    return reply_to_stranger(inbound.snapshot, inbound.route, reply)
