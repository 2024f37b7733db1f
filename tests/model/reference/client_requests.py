"""The effects of calls about existing conversations, people and numbers.

Functions return the reason of the expected refusal, or an empty string.
"""

from dataclasses import dataclass
from datetime import timedelta

from model.reference.active_sender import may_hold
from model.reference.lifecycle import (
    activate,
    end,
    end_all,
    expire,
    message_passed,
    prolong,
)
from model.reference.records import Conversation
from model.reference.state import NO_TIME, Model, PoolModel

from conversation_service.domain.model.pool import PausePolicy
from conversation_service.domain.templates.catalog import Template


def end_conversation(model: Model, conversation: Conversation, person: str) -> str:
    """For a participant, or for an operator if `person` is empty."""
    if refusal := _not_live(model, conversation):
        return refusal
    if person and person not in conversation.people:
        return "PARTICIPANT_NOT_FOUND"
    reason = "PARTICIPANT_ENDED" if person else "CLIENT"
    end(model, conversation, reason, person)
    return ""


def send(model: Model, conversation: Conversation, author: str, body: str, to: str = "") -> str:
    """From a participant to the other, or from the client to both, or to one, if `author` is
    empty."""
    if refusal := _not_live(model, conversation):
        return refusal
    if not {author, to} - {""} <= set(conversation.people):
        return "PARTICIPANT_NOT_FOUND"
    if conversation.is_waiting:
        return "CONVERSATION_NOT_ACTIVE"
    if author and conversation.is_paused:
        return _hold(model, conversation, author, body)
    if author:
        model.accept(conversation, author, body)
    for receiver in conversation.people:
        if receiver != author and to in ("", receiver):
            model.relay(conversation, author, body, to=receiver)
    message_passed(model, conversation)
    return ""


@dataclass(frozen=True)
class Update:
    """What a client changes: None stays as it is."""

    unique_name: str | None = None
    # A key and its value, None to remove it.
    label: tuple[str, str | None] | None = None
    # From now on.
    longest: timedelta | None = None


def update(model: Model, pool: PoolModel, conversation: Conversation, change: Update) -> str:
    """Without a notice."""
    if refusal := _not_live(model, conversation):
        return refusal
    if change.unique_name is not None:
        holder = model.by_unique_name(pool, change.unique_name)
        if holder not in (None, conversation):
            return "UNIQUE_NAME_ALREADY_EXISTS"
    if change.longest is not None:
        if conversation.is_waiting:
            return "CONVERSATION_NOT_ACTIVE"
        if not NO_TIME < change.longest <= pool.settings.lifecycle.max_lifetime:
            return "INVALID_ARGUMENT"
        prolong(model, conversation, model.now + change.longest)
    if change.unique_name is not None:
        conversation.unique_name = change.unique_name
    if change.label is not None:
        key, value = change.label
        conversation.labels.pop(key, None)
        conversation.labels |= {} if value is None else {key: value}
    return ""


def pause(model: Model, conversation: Conversation) -> str:
    """Without a notice."""
    if refusal := _not_live(model, conversation):
        return refusal
    if conversation.is_waiting:
        return "CONVERSATION_NOT_ACTIVE"
    if conversation.is_paused:
        return "CONVERSATION_PAUSED"
    conversation.is_paused = True
    return ""


def resume(model: Model, conversation: Conversation) -> str:
    """Authors of held messages get a notice; then those messages are relayed in order."""
    if refusal := _not_live(model, conversation):
        return refusal
    if not conversation.is_paused:
        return "CONVERSATION_NOT_PAUSED"
    for person in conversation.people:
        if conversation.has_held(person):
            model.notify(conversation.number, person, Template.RESUMED, conversation)
    for author, body in conversation.held:
        model.relay(conversation, author, body)
    conversation.is_paused, conversation.held = False, []
    message_passed(model, conversation)
    return ""


def reopen(model: Model, pool: PoolModel, conversation: Conversation) -> str:
    """An ended conversation goes on, unless something else has come between."""
    expire(model)
    if not _may_reopen(model, pool, conversation):
        return "CONVERSATION_NOT_REOPENABLE"
    if model.by_unique_name(pool, conversation.unique_name):
        return "UNIQUE_NAME_ALREADY_EXISTS"
    if any(person in model.opted_out for person in conversation.people):
        return "PARTICIPANT_OPTED_OUT"
    if any((conversation.number, person) in pool.carrier_blocks for person in conversation.people):
        return "MASKED_NUMBER_BLOCKED_AT_CARRIER"
    people = conversation.people
    if not pool.may_connect(people, model.now) or not pool.may_bring_in(people, model.now):
        return "CONTACT_LIMIT_REACHED"
    for person in people:
        pool.limits_of(person).brought_in(model.now)
    activate(model, conversation)
    for person in conversation.people:
        model.notify(conversation.number, person, Template.REOPENED, conversation)
    return ""


def opt_out(model: Model, person: str, request_id: str) -> None:
    """By a call: the person gets no confirmation."""
    expire(model)
    model.opted_out.setdefault(person, request_id)
    end_all(model, person)


def remove_number(model: Model, pool: PoolModel, number: str) -> str:
    if number not in pool.numbers:
        return "MASKED_NUMBER_NOT_FOUND"
    for conversation in model.live_conversations():
        if (conversation.pool, conversation.number) == (pool.name, number):
            return "MASKED_NUMBER_IN_USE"
    del pool.numbers[number]
    return ""


def _may_reopen(model: Model, pool: PoolModel, conversation: Conversation) -> bool:
    people, number = conversation.people, conversation.number
    if conversation.end_time is None or len(people) < 2 or number not in pool.numbers:
        return False
    in_time = model.now < conversation.end_time + pool.settings.lifecycle.reopen_window
    current = {model.current(pool, number, person) for person in people}
    was_erased = any(model.erased_cool_off(pool, number, person) for person in people)
    is_free = current <= {None, conversation} and not was_erased
    return in_time and is_free and pool.numbers[number].accepts_new and pool.may_meet(*people)


def _not_live(model: Model, conversation: Conversation) -> str:
    expire(model)
    return "" if conversation.is_live else "CONVERSATION_ENDED"


def _hold(model: Model, conversation: Conversation, author: str, body: str) -> str:
    policy = model.pools[conversation.pool].settings.relay.pause_policy
    if not may_hold(policy, conversation):
        return (
            "CONVERSATION_PAUSED" if policy is PausePolicy.REFUSE else "HELD_MESSAGE_LIMIT_REACHED"
        )
    model.accept(conversation, author, body)
    conversation.held.append((author, body))
    message_passed(model, conversation)
    return ""
