"""JOIN with a code, by message."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.joining import join, may_join, wrong_code
from conversation_service.domain.commands.core.replies import Reply, reply_to, reply_to_stranger
from conversation_service.domain.commands.inbound.inbound_message import (
    InboundContext,
    join_request_time,
)
from conversation_service.domain.model.rate_limits import LOCKOUT, NUMBER_CODE_ATTEMPTS_LIMIT
from conversation_service.domain.templates.catalog import Template


def join_by_keyword(inbound: InboundContext, *, is_wrong_answered: bool = True) -> Change:
    """Connects the two; wrong, used, expired and unreachable codes all get the same reply.

    With the last one before the sender is locked out they are told so; after it there is no reply.
    """
    snapshot, person, invitation = inbound.snapshot, inbound.sender, inbound.snapshot.invitation
    if snapshot.limits_of(person).is_locked_out(snapshot.now):
        return Change()
    if invitation is None or not may_join(snapshot, invitation, inbound.route):
        return _wrong_code(inbound, is_answered=is_wrong_answered)
    reply = reply_to(snapshot, person, Template.YOU_JOINED)
    requested = join_request_time(inbound.message.carrier_time, snapshot.now)
    # Sent beyond the limit of replies too: it says who texts and how to opt out.
    welcome = reply.drafts or (snapshot.system_message(person, Template.YOU_JOINED),)
    change = join(snapshot, invitation, person, welcome, requested)
    return replace(change, sender_limits=reply.limits)


def _wrong_code(inbound: InboundContext, *, is_answered: bool) -> Change:
    snapshot, route = inbound.snapshot, inbound.route
    limits, counted = wrong_code(snapshot, inbound.sender, route.masked_number)
    is_locked_out = limits.is_locked_out(snapshot.now)
    template = Template.TOO_MANY_TRIES if is_locked_out else Template.CODE_NOT_VALID
    reply = reply_to(snapshot, inbound.sender, template, span=LOCKOUT, limits=limits)
    # Somebody guesses codes from many phones on one number: replies would help them.
    attempts = snapshot.code_attempts_on_number.value_at(snapshot.now)
    if not is_answered or attempts >= NUMBER_CODE_ATTEMPTS_LIMIT:
        reply = Reply((), reply.limits)
    replied = reply_to_stranger(snapshot, route, reply)
    return replace(counted, texts=replied.texts, sender_limits=replied.sender_limits)
