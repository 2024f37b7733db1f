"""The effects of a message whose sender is in a live conversation."""

from datetime import datetime, timedelta

from model.reference.inbound_context import InboundContext
from model.reference.lifecycle import end, ending_notice, message_passed
from model.reference.records import Conversation

from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.pool import PausePolicy
from conversation_service.domain.templates.catalog import Template

HELD_LIMIT = 50
# The eighth repetition of two auto-responders is not relayed.
LOOP_LENGTH = 8
LOOP_WINDOW = timedelta(minutes=3)
FILE_REFUSED = Template.ATTACHMENT_NOT_PASSED_ON


def receive_from_waiting(context: InboundContext, conversation: Conversation) -> None:
    """START repeats the code, END cancels, HELP helps; nothing else has an effect."""
    keyword, argument = context.message.keyword, context.message.argument
    if keyword is Keyword.END and argument in ("", conversation.code):
        _end(context, conversation)
        return
    if keyword is Keyword.OPT_IN:
        return
    template = {Keyword.START: Template.CODE, Keyword.HELP: Template.HELP}.get(keyword)
    if keyword is Keyword.JOIN and argument and argument == conversation.code:
        template = Template.OWN_CODE
    left = conversation.next_end - context.model.now
    context.reply(template or Template.STILL_WAITING, conversation, left)


def receive_from_active(context: InboundContext, conversation: Conversation) -> None:
    """A keyword has its effect; other messages are relayed."""
    if not _carry_out(context, conversation):
        _relay(context, conversation)


def _carry_out(context: InboundContext, conversation: Conversation) -> bool:
    """Whether the message is a keyword."""
    argument = context.message.argument
    match context.keyword:
        case Keyword.START:
            context.reply(Template.ALREADY_TALKING, conversation)
        case Keyword.JOIN if context.message.has_code:
            context.reply(Template.ALREADY_TALKING, conversation)
        case Keyword.HELP:
            context.reply(Template.HELP_TALKING, conversation)
        case Keyword.END if argument in ("", conversation.code):
            _end(context, conversation)
        case Keyword.END:
            context.reply(Template.END_OF_ANOTHER, conversation)
        case Keyword.BLOCK:
            _block(context, conversation)
        case Keyword.REPORT:
            conversation.is_reported = True
            context.reply(Template.REPORTED, conversation)
        case Keyword.OPT_IN:
            pass
        case _:
            return False
    return True


def _end(context: InboundContext, conversation: Conversation) -> None:
    reason = "PARTICIPANT_ENDED"
    farewell = context.farewell(ending_notice(conversation, reason))
    end(context.model, conversation, reason, context.message.person, farewell)


def _block(context: InboundContext, conversation: Conversation) -> None:
    """The conversation ends and the two cannot meet again; others of theirs go on."""
    people = frozenset(conversation.people)
    context.pool.unaffected_by_block |= {
        other.conversation_id
        for other in context.model.live_conversations()
        if people == set(other.people)
    }
    context.pool.blocked.add(people)
    farewell = context.farewell(Template.BLOCKED)
    end(context.model, conversation, "BLOCKED", context.message.person, farewell)


def _relay(context: InboundContext, conversation: Conversation) -> None:
    message = context.message
    if not message.relayed_body.strip():
        context.reply(FILE_REFUSED if message.has_refused_files else Template.EMPTY, conversation)
    elif conversation.is_paused and not may_hold(
        context.pool.settings.relay.pause_policy, conversation
    ):
        context.reply(Template.PAUSED_REFUSED, conversation)
    elif until := _refused_until(context):
        _refuse(context, conversation, until)
    elif conversation.is_paused:
        _hold(context, conversation)
    elif _is_loop(context, conversation):
        context.reply(Template.LOOP_STOPPED, conversation)
    else:
        context.limits.relayed(context.model.now)
        context.model.accept(conversation, message.person, message.body)
        context.model.relay(conversation, message.person, message.relayed_body)
        if message.has_refused_files:
            context.reply(FILE_REFUSED, conversation)
        _hint(context, conversation)
        message_passed(context.model, conversation)


def _hint(context: InboundContext, conversation: Conversation) -> None:
    """Once for each of the two, where the limit of replies allows it."""
    message = context.message
    if not message.requests_opt_out or message.person in conversation.hinted:
        return
    if context.reply(Template.OPT_OUT_HINT, conversation):
        conversation.hinted.add(message.person)


def _refused_until(context: InboundContext) -> datetime | None:
    settings = context.pool.settings
    per_minute, per_day = (
        settings.relay.max_messages_per_minute,
        settings.relay.max_messages_per_day,
    )
    return context.limits.refused_until(context.model.now, per_minute, per_day)


def _refuse(context: InboundContext, conversation: Conversation, until: datetime) -> None:
    """The sender is told once, until their messages are relayed again."""
    limits, now = context.limits, context.model.now
    if limits.knows_of_refusal_until is None or now >= limits.knows_of_refusal_until:
        limits.knows_of_refusal_until = until
        context.reply(Template.TOO_MANY_TEXTS, conversation, until - now)


def _hold(context: InboundContext, conversation: Conversation) -> None:
    message = context.message
    context.limits.relayed(context.model.now)
    if not conversation.has_held(message.person):
        context.reply(Template.PAUSED_HELD, conversation)
    if message.has_refused_files:
        context.reply(FILE_REFUSED, conversation)
    _hint(context, conversation)
    context.model.accept(conversation, message.person, message.body)
    conversation.held.append((message.person, message.relayed_body))
    message_passed(context.model, conversation)


def may_hold(policy: PausePolicy, conversation: Conversation) -> bool:
    """Whether a paused conversation keeps another message."""
    return policy is PausePolicy.HOLD and len(conversation.held) < HELD_LIMIT


def _is_loop(context: InboundContext, conversation: Conversation) -> bool:
    """Whether two auto-responders reply to each other; if not, the turn is recorded."""
    message, now, last_time = context.message, context.model.now, conversation.last_message
    is_turn = last_time is not None and conversation.last_author != message.person
    is_quick = last_time is not None and now - last_time <= LOOP_WINDOW
    is_same = message.body.strip() != ""
    is_same = is_same and conversation.last_bodies.get(message.person) == message.body
    repetitions = conversation.repetitions + 1 if is_turn and is_quick and is_same else 0
    if repetitions >= LOOP_LENGTH:
        return True
    conversation.last_bodies[message.person] = message.body
    conversation.last_author, conversation.repetitions = message.person, repetitions
    return False
