"""JOIN with a code, by message."""

from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.joining import join, may_join, wrong_code
from conversation_service.domain.commands.core.replies import Reply, reply_to, reply_to_stranger
from conversation_service.domain.commands.inbound.inbound_message import (
    InboundContext,
    join_request_time,
)
from conversation_service.domain.model.rate_limits import NUMBER_CODE_ATTEMPTS_LIMIT
from conversation_service.domain.templates.catalog import Template


def join_by_keyword(inbound: InboundContext) -> Change:
    """Connects the two; wrong, used, expired and unreachable codes all get the same reply.

    While the sender is locked out there is no reply.
    """
    snapshot, person, invitation = inbound.snapshot, inbound.sender, inbound.snapshot.invitation
    if snapshot.limits_of(person).is_locked_out(snapshot.now):
        return Change()
    if invitation is None or not may_join(snapshot, invitation, inbound.route):
        return _wrong_code(inbound)
    reply = reply_to(snapshot, person, Template.YOU_JOINED)
    requested = join_request_time(inbound.message.carrier_time, snapshot.now)
    change = join(snapshot, invitation, person, reply.drafts, requested)
    return replace(change, sender_limits=reply.limits)


def _wrong_code(inbound: InboundContext) -> Change:
    snapshot, route = inbound.snapshot, inbound.route
    limits, counted = wrong_code(snapshot, inbound.sender, route.masked_number)
    reply = reply_to(snapshot, inbound.sender, Template.CODE_NOT_VALID, limits=limits)
    if snapshot.code_attempts_on_number.value_at(snapshot.now) >= NUMBER_CODE_ATTEMPTS_LIMIT:
        # Somebody guesses codes from many phones on one number: replies would help them.
        reply = Reply((), reply.limits)
    replied = reply_to_stranger(snapshot, route, reply)
    return replace(counted, texts=replied.texts, sender_limits=replied.sender_limits)
