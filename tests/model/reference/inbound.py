"""The effects of an inbound message, by where its sender stands (DESIGN.md, section 7)."""

from dataclasses import replace

from model.reference.active_sender import receive_from_active, receive_from_waiting
from model.reference.erasure import erase, erasure_id_of
from model.reference.inbound_context import InboundContext, InboundMessage
from model.reference.lifecycle import end, end_all, expire, join, start
from model.reference.limits import LOCKOUT
from model.reference.records import Conversation
from model.reference.state import NO_TIME, Model, PoolModel

from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.templates.catalog import Template


def receive(model: Model, message: InboundMessage) -> str:
    """Returns the expected outcome."""
    pool = model.pool_of(message.number)
    if pool is None:
        was_received = any(message.message_id in pool.received_ids for pool in model.pools.values())
        return "REPEATED_OR_UNKNOWN" if was_received else "MASKED_NUMBER_NOT_FOUND"
    if message.message_id in pool.received_ids:
        return "REPEATED"
    pool.received_ids.add(message.message_id)
    expire(model)
    _note_carrier_block(pool, message)
    _decide(InboundContext(model, pool, message))
    return "ACCEPTED"


def _note_carrier_block(pool: PoolModel, message: InboundMessage) -> None:
    """What the carrier does with the message by itself."""
    line = (message.number, message.person)
    match message.body.strip().lower():
        case "stop":
            pool.carrier_blocks.add(line)
        case "start" | "unstop":
            pool.carrier_blocks.discard(line)


def follow_up(model: Model, message: InboundMessage) -> None:
    """Effects on other numbers, after the whole batch was decided.

    An opt-out ends conversations on other numbers too, unless it was taken back meanwhile.
    """
    if message.message_id in model.erasure_message_ids:
        erase(model, message.person, erasure_id_of(OptOutSource.TEXT, message.message_id))
    elif model.opted_out.get(message.person) == message.message_id:
        end_all(model, message.person)


def _decide(context: InboundContext) -> None:
    """Files with a keyword are not relayed: the reply says so, or a notice of its own."""
    model, message, conversation = context.model, context.message, context.live
    before, had_opted_out = len(model.outbox), message.person in model.opted_out
    is_in_conversation = conversation is not None and not conversation.is_waiting
    # JOIN and something that is no code is relayed there.
    is_talk = is_in_conversation and context.keyword is Keyword.JOIN and not message.has_code
    _carry_out(context)
    if context.keyword is Keyword.TALK or is_talk or not message.files:
        return
    replies = [
        index
        for index in range(before, len(model.outbox))
        if model.outbox[index].to == message.person
    ]
    if replies:
        index = replies[-1]
        model.outbox[index] = replace(model.outbox[index], tells_of_files=True)
    elif not had_opted_out and message.person not in model.opted_out:
        context.reply(Template.ATTACHMENT_NOT_PASSED_ON, conversation)


def _carry_out(context: InboundContext) -> None:
    conversation = context.live
    if context.keyword is Keyword.ERASE:
        _erase(context)
    elif context.message.person in context.model.opted_out:
        _receive_from_opted_out(context)
    elif context.opts_out:
        _opt_out(context)
    elif conversation is None:
        _receive_from_stranger(context)
    elif conversation.is_waiting:
        receive_from_waiting(context, conversation)
    else:
        receive_from_active(context, conversation)


def _opt_out(context: InboundContext) -> None:
    """One confirmation, unless the carrier sends its own."""
    model, message = context.model, context.message
    model.opted_out[message.person] = message.message_id
    confirmation = [] if message.body.lower() == "stop" else [Template.OPTED_OUT]
    _end_or_notify(context, confirmation)


def _erase(context: InboundContext) -> None:
    """One confirmation with the erasure's id, unless they had opted out; see `follow_up`."""
    model, message = context.model, context.message
    had_opted_out = message.person in model.opted_out
    model.opted_out.setdefault(message.person, message.message_id)
    model.erasure_message_ids.add(message.message_id)
    model.erasure_ids[message.person] = erasure_id_of(OptOutSource.TEXT, message.message_id)
    _end_or_notify(context, [] if had_opted_out else [Template.ERASED])


def _end_or_notify(context: InboundContext, confirmation: list[Template]) -> None:
    model, message, conversation = context.model, context.message, context.live
    if conversation is not None:
        end(model, conversation, "OPTED_OUT", message.person, confirmation)
        return
    for template in confirmation:
        model.notify(message.number, message.person, template)


def _receive_from_opted_out(context: InboundContext) -> None:
    """No reply until they opt in again, by a working code too; but help once a day."""
    model, message, conversation = context.model, context.message, context.live
    if message.keyword is Keyword.HELP:
        _help_opted_out(context)
        return
    if message.keyword is Keyword.JOIN and conversation is None:
        _join_opted_out(context)
        return
    if message.keyword not in (Keyword.START, Keyword.YES, Keyword.OPT_IN):
        if conversation is not None:
            end(model, conversation, "OPTED_OUT", message.person, ())
        return
    del model.opted_out[message.person]
    if message.keyword is Keyword.START and conversation is None:
        _receive_from_stranger(context)
    else:
        model.notify(message.number, message.person, Template.OPTED_IN)
    if message.keyword is not Keyword.YES:
        _tell_of_stopped_numbers(context)


def _tell_of_stopped_numbers(context: InboundContext) -> None:
    pool, message = context.pool, context.message
    others = set(pool.numbers) - {message.number}
    if any((number, message.person) in pool.carrier_blocks for number in others):
        context.model.notify(message.number, message.person, Template.NUMBERS_STOPPED)


def _help_opted_out(context: InboundContext) -> None:
    model, message, conversation = context.model, context.message, context.live
    if conversation is not None:
        end(model, conversation, "OPTED_OUT", message.person, ())
    if context.limits.may_help_opted_out(model.now):
        model.notify(
            message.number, message.person, Template.HELP, conversation, is_daily_help=True
        )


def _join_opted_out(context: InboundContext) -> None:
    """A code that does not work is counted, and nothing is said."""
    model, message = context.model, context.message
    is_cooling = model.cooling(context.pool, message.number, message.person) is not None
    erased_cool_off = model.erased_cool_off(context.pool, message.number, message.person)
    if is_cooling or erased_cool_off > NO_TIME or context.limits.is_locked_out(model.now):
        return
    if _invitation(context) is None:
        context.limits.wrong_code_entered(model.now)
        context.too_many_wrong_codes()
        context.limits.may_reply(model.now)
        return
    del model.opted_out[message.person]
    _join(context)
    _tell_of_stopped_numbers(context)


def _receive_from_stranger(context: InboundContext) -> None:
    model, message = context.model, context.message
    ended = model.cooling(context.pool, message.number, message.person)
    erased_cool_off = model.erased_cool_off(context.pool, message.number, message.person)
    if message.keyword is Keyword.HELP:
        context.reply(Template.HELP)
    elif message.keyword is Keyword.OPT_IN:
        pass
    elif ended is not None:
        context.reply(Template.JUST_ENDED, duration=model.cool_off_left(context.pool, ended))
    elif erased_cool_off > NO_TIME:
        context.reply(Template.JUST_ENDED, duration=erased_cool_off)
    elif message.keyword is Keyword.START:
        _start(context)
    elif message.keyword is Keyword.JOIN:
        _join(context)
    elif context.limits.may_help_stranger(
        model.now, is_attempt=message.body.startswith("start the car")
    ):
        model.notify(message.number, message.person, Template.HELP)


def _start(context: InboundContext) -> None:
    """No conversation starts if the limit forbids to send its code."""
    model, message = context.model, context.message
    if not context.pool.numbers[message.number].accepts_new:
        context.reply(Template.NO_NEW_HERE)
    elif context.limits.may_reply(model.now):
        conversation = start(model, context.pool.name, message.number, [message.person])
        lifetime = context.pool.settings.lifecycle.join_code_lifetime
        model.notify(message.number, message.person, Template.CODE, conversation, lifetime)


def _invitation(context: InboundContext) -> Conversation | None:
    """The conversation of the code, if the sender may join it."""
    message, pool = context.message, context.pool
    conversation = context.model.by_code(pool, message.argument)
    if conversation is None or conversation.number != message.number:
        return None
    may_meet = pool.may_meet(conversation.people[0], message.person)
    return conversation if may_meet else None


def _join(context: InboundContext) -> None:
    model, message = context.model, context.message
    if context.limits.is_locked_out(model.now):
        return
    conversation = _invitation(context)
    if conversation is None:
        _wrong_code(context)
        return
    context.limits.may_reply(model.now)
    model.notify(message.number, message.person, Template.YOU_JOINED, conversation)
    join(model, conversation, message.person)
    model.notify(message.number, conversation.people[0], Template.SOMEBODY_JOINED, conversation)


def _wrong_code(context: InboundContext) -> None:
    """The same reply for wrong, used and expired codes and other numbers; above a limit none."""
    now = context.model.now
    context.limits.wrong_code_entered(now)
    if context.too_many_wrong_codes():
        context.limits.may_reply(now)
    elif context.limits.is_locked_out(now):
        context.reply(Template.TOO_MANY_TRIES, duration=LOCKOUT)
    else:
        context.reply(Template.CODE_NOT_VALID)
