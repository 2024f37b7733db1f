"""Opt-out, opt-in and erasure by keyword, and messages of people who have opted out."""

from dataclasses import replace
from datetime import datetime, timedelta

from conversation_service.domain.commands.core.change import (
    CarrierBlockChange,
    Change,
    SenderLimitsChange,
)
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.snapshot import Draft
from conversation_service.domain.commands.inbound.inbound_message import (
    InboundContext,
    is_forgotten,
    keyword_event,
)
from conversation_service.domain.commands.inbound.join import join_by_keyword
from conversation_service.domain.commands.inbound.stranger import receive_from_stranger
from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.consent import ConsentChange
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import InboundMessage, OutboundMessage
from conversation_service.domain.model.participants import Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template

# Flowroute confirms the single word STOP itself and would refuse a confirmation of ours (Flowroute
# support, STOP article).
CONFIRMED_BY_CARRIER = "stop"

# Lift the carrier's block of a number, if they are the whole message to it. Flowroute names UNSTOP,
# the network of toll-free numbers START as well.
LIFTED_BY_CARRIER = ("unstop", "start")


# Those whose reply names what stays blocked. YES is everyday talk, for which nothing more is read.
NAMES_BLOCKED_NUMBERS = (Keyword.START, Keyword.JOIN, Keyword.OPT_IN)


def opt_out(inbound: InboundContext, conversation: Conversation | None) -> Change:
    """Sends the person one confirmation and nothing after it; tells a partner neutrally.

    The application ends the person's conversations on other numbers and in other pools.
    """
    return _opted_out(inbound, conversation, _confirmation(inbound))


def erase(
    inbound: InboundContext,
    conversation: Conversation | None,
    erasure_id: str,
    *,
    is_confirmed: bool,
) -> Change:
    """Opts the person out, with a confirmation that names the erasure.

    `is_confirmed` is false for a person who had opted out before: they get no message at all. The
    application removes the stored data, as the change asks for by `erasure_id`.
    """
    confirmation = inbound.snapshot.system_message(
        inbound.sender, Template.ERASED, receipt=erasure_id, may_reach_opted_out=True
    )
    change = _opted_out(inbound, conversation, (confirmation,) if is_confirmed else ())
    return replace(change, erasure_id=erasure_id)


def receive_from_opted_out(inbound: InboundContext) -> Change:
    """START and JOIN opt in and do what they do, YES and UNSTOP opt in, HELP helps once a day.

    Anything else gets no reply, nor does a wrong code.
    """
    is_live = inbound.snapshot.live(inbound.route) is not None
    match inbound.keyword.kind:
        case Keyword.START if not is_live:
            return _with_opt_in(receive_from_stranger(inbound), inbound)
        case Keyword.JOIN if not is_live:
            return _join(inbound)
        case Keyword.HELP:
            return _help_once_a_day(inbound)
        case Keyword.START | Keyword.YES | Keyword.OPT_IN:
            return _opt_in(inbound)
        case _:
            return _end_if_live(inbound)


def other_routes(route: Route, pool: Pool) -> tuple[Route, ...]:
    """The person's routes on the other numbers of the pool."""
    others = (number for number in pool.masked_numbers if number != route.masked_number)
    return tuple(Route(number, route.person) for number in others)


def carrier_block_change(
    route: Route, message: InboundMessage, now: datetime
) -> CarrierBlockChange | None:
    """What a carrier does with the message by itself, whatever it means here.

    A late message lifts nothing: another STOP may have come after it.
    """
    word = message.carrier_body.strip().lower()
    if word == CONFIRMED_BY_CARRIER:
        return CarrierBlockChange(route, is_blocked=True)
    if word in LIFTED_BY_CARRIER and not is_forgotten(message, now):
        return CarrierBlockChange(route, is_blocked=False)
    return None


def _opted_out(
    inbound: InboundContext, conversation: Conversation | None, farewell: tuple[Draft, ...]
) -> Change:
    snapshot, consent = inbound.snapshot, ConsentChange(inbound.sender, opts_in=False)
    event = _consent_event(inbound, EventType.PERSON_OPTED_OUT)
    if conversation is None:
        texts = snapshot.outbound_messages(inbound.route.masked_number, "", farewell)
        return Change(consent=consent, texts=texts, events=(event,))
    ending = end(snapshot, conversation, EndReason.OPTED_OUT, inbound.sender, farewell)
    events = (keyword_event(inbound, conversation.conversation_id), event, *ending.events)
    return replace(ending, consent=consent, events=events)


def _opt_in(inbound: InboundContext) -> Change:
    confirmation = inbound.snapshot.system_message(inbound.sender, Template.OPTED_IN)
    texts = inbound.snapshot.outbound_messages(inbound.route.masked_number, "", (confirmation,))
    return _with_opt_in(Change(texts=texts), inbound)


def _join(inbound: InboundContext) -> Change:
    """A code that does not work opts nobody in."""
    if inbound.snapshot.cool_off_left(inbound.route) > timedelta(0):
        return Change()
    change = join_by_keyword(inbound, is_wrong_answered=False)
    return change if change.after is None else _with_opt_in(change, inbound)


def _help_once_a_day(inbound: InboundContext) -> Change:
    snapshot, sender = inbound.snapshot, inbound.sender
    limits = snapshot.limits_of(sender)
    if limits.is_opted_out_help_muted(snapshot.now):
        return _end_if_live(inbound)
    reply = snapshot.system_message(sender, Template.HELP, may_reach_opted_out=True)
    change = _end_if_live(inbound, (reply,))
    after = limits.opted_out_help_sent(snapshot.now)
    return replace(change, sender_limits=SenderLimitsChange(sender, limits, after))


def _with_opt_in(change: Change, inbound: InboundContext) -> Change:
    event = _consent_event(inbound, EventType.PERSON_OPTED_IN)
    consent = ConsentChange(inbound.sender, opts_in=True)
    texts = (*change.texts, *_notice_of_stopped_numbers(inbound, first=len(change.texts)))
    return replace(change, consent=consent, texts=texts, events=(event, *change.events))


def _notice_of_stopped_numbers(inbound: InboundContext, first: int) -> tuple[OutboundMessage, ...]:
    """What to do about numbers that stay blocked after an opt-in at another one."""
    snapshot = inbound.snapshot
    # Another message of the batch may have had the blocks read.
    if inbound.keyword.kind not in NAMES_BLOCKED_NUMBERS:
        return ()
    routes = other_routes(inbound.route, snapshot.pool)
    if not any(snapshot.carrier_blocks.get(route) for route in routes):
        return ()
    notice = snapshot.system_message(inbound.sender, Template.NUMBERS_STOPPED)
    return snapshot.outbound_messages(inbound.route.masked_number, "", (notice,), first)


def _confirmation(inbound: InboundContext) -> tuple[Draft, ...]:
    """The one that the rules allow (47 CFR 64.1200(a)(12)), unless the carrier sends its own."""
    if inbound.message.carrier_body.strip().lower() == CONFIRMED_BY_CARRIER:
        return ()
    confirmation = inbound.snapshot.system_message(
        inbound.sender, Template.OPTED_OUT, may_reach_opted_out=True
    )
    return (confirmation,)


def _consent_event(inbound: InboundContext, event_type: EventType) -> Event:
    return Event(event_type, participant_id=inbound.sender.participant_id)


def _end_if_live(inbound: InboundContext, reply: tuple[Draft, ...] = ()) -> Change:
    """Ends a conversation that a client began while the person had opted out."""
    snapshot, conversation = inbound.snapshot, inbound.snapshot.live(inbound.route)
    if conversation is None:
        return Change(texts=snapshot.outbound_messages(inbound.route.masked_number, "", reply))
    return end(snapshot, conversation, EndReason.OPTED_OUT, inbound.sender, reply)
