"""How conversations start, go on and end, and which notices that causes."""

from collections.abc import Sequence
from datetime import datetime

from model.reference.records import Conversation, PastConversation
from model.reference.state import NO_TIME, Model

from conversation_service.domain.templates.catalog import Template

_EXPIRED = {
    "CODE_EXPIRED": Template.CODE_EXPIRED,
    "IDLE_EXPIRED": Template.IDLE_EXPIRED,
    "LIFETIME_EXPIRED": Template.LIFETIME_EXPIRED,
}


def start(
    model: Model, pool: str, number: str, people: list[str], unique_name: str = ""
) -> Conversation:
    """A waiting conversation of one person, or an active one of two."""
    code_end = model.now + model.pools[pool].settings.lifecycle.join_code_lifetime
    conversation = Conversation(
        pool, number, people[:1], model.now, code_end, unique_name, due=code_end
    )
    conversation.has_code = len(people) == 1
    model.erased_cool_offs.pop((pool, number, people[0]), None)
    model.conversations.append(conversation)
    for person in people[1:]:
        join(model, conversation, person)
    return conversation


def join(model: Model, conversation: Conversation, person: str) -> None:
    conversation.people.append(person)
    activate(model, conversation)


def activate(model: Model, conversation: Conversation) -> None:
    """All lifetimes start anew."""
    settings = model.pools[conversation.pool].settings
    for person in conversation.people:
        model.erased_cool_offs.pop((conversation.pool, conversation.number, person), None)
    conversation.idle_end = model.now + settings.lifecycle.idle_timeout
    conversation.latest_end = model.now + settings.lifecycle.max_lifetime
    conversation.end_time, conversation.end_reason, conversation.warned_end_time = None, "", None
    conversation.last_bodies, conversation.last_author, conversation.repetitions = {}, "", 0
    _schedule(model, conversation)


def prolong(model: Model, conversation: Conversation, latest_end: datetime) -> None:
    """Or shortens: it ends at this time at the latest."""
    conversation.latest_end = latest_end
    _schedule(model, conversation)


def message_passed(model: Model, conversation: Conversation) -> None:
    """A message was relayed or held."""
    conversation.last_message = model.now
    conversation.idle_end = (
        model.now + model.pools[conversation.pool].settings.lifecycle.idle_timeout
    )
    _schedule(model, conversation)


def end(
    model: Model,
    conversation: Conversation,
    reason: str,
    leaver: str = "",
    farewell: Sequence[Template] | None = None,
) -> None:
    """Everybody gets the same notice, except a leaver with a farewell of their own."""
    notice = ending_notice(conversation, reason)
    for person in conversation.people:
        is_leaving = person == leaver and farewell is not None
        notify_held = conversation.has_held(person) and not (is_leaving and reason == "OPTED_OUT")
        about_held = [Template.NOT_PASSED_ON] if notify_held else []
        last = farewell if is_leaving and farewell is not None else [notice]
        for template in (*about_held, *last):
            model.notify(conversation.number, person, template, conversation)
    conversation.end_time, conversation.end_reason = model.now, reason
    conversation.end_number = next(model.ends)
    conversation.is_paused, conversation.held = False, []
    if len(conversation.people) > 1:
        pool, number, people = conversation.pool, conversation.number, conversation.people
        model.past.append(PastConversation(pool, number, tuple(people), model.now))
        model.pools[pool].record_end(people, number, model.now)
        if reason == "PARTICIPANT_ENDED":
            model.pools[pool].parted[frozenset(people)] = model.now


def ending_notice(conversation: Conversation, reason: str) -> Template:
    ended = Template.CANCELLED if conversation.is_waiting else Template.ENDED
    return _EXPIRED.get(reason, ended)


def end_all(model: Model, person: str) -> None:
    """A person opted out: all their conversations end, with a neutral notice to partners."""
    for conversation in list(model.live_conversations()):
        if person in conversation.people:
            end(model, conversation, "OPTED_OUT", person, ())


def expire(model: Model) -> None:
    """Ends what is overdue."""
    for conversation in list(model.live_conversations()):
        if conversation.next_end <= model.now:
            end(model, conversation, _expiry(conversation))


def due(model: Model) -> list[Conversation]:
    """Conversations that expire now or have to be warned."""
    return [
        conversation
        for conversation in model.live_conversations()
        if conversation.due is not None and conversation.due <= model.now
    ]


def warn(model: Model) -> None:
    """One warning for each end to come."""
    for conversation in due(model):
        is_idle = _expiry(conversation) == "IDLE_EXPIRED"
        template = Template.IDLE_WARNING if is_idle else Template.LIFETIME_WARNING
        left = conversation.next_end - model.now
        for person in conversation.people:
            model.notify(conversation.number, person, template, conversation, left)
        conversation.warned_end_time = conversation.next_end
        _schedule(model, conversation)


def purge(model: Model) -> None:
    """Deletes ended conversations whose time is over."""
    model.conversations = [
        conversation for conversation in model.conversations if not is_purged(model, conversation)
    ]


def is_purged(model: Model, conversation: Conversation) -> bool:
    """Once the job of purging has run."""
    kept = model.pools[conversation.pool].settings.retention.conversations
    return conversation.end_time is not None and conversation.end_time + kept <= model.now


def _expiry(conversation: Conversation) -> str:
    if conversation.is_waiting:
        return "CODE_EXPIRED"
    return "IDLE_EXPIRED" if conversation.next_end == conversation.idle_end else "LIFETIME_EXPIRED"


def _schedule(model: Model, conversation: Conversation) -> None:
    """A warning that is overdue already is due now."""
    lead, end_time = (
        model.pools[conversation.pool].settings.lifecycle.expiry_warning_lead,
        conversation.next_end,
    )
    warns = lead > NO_TIME and conversation.warned_end_time != end_time
    conversation.due = max(model.now, end_time - lead) if warns else end_time
