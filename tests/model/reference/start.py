"""The effects of clients' calls that create or join a conversation."""

from dataclasses import dataclass

from model.reference import lifecycle
from model.reference.records import Conversation
from model.reference.state import NO_TIME, Model, PoolModel

from conversation_service.domain.model.pool import NumberPreference
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True)
class StartOptions:
    """The number and the name that a client asks for."""

    number: str = ""
    unique_name: str = ""
    preference: NumberPreference | None = None
    allow_reserved: bool = False


@dataclass(frozen=True)
class NumberChoice:
    """The masked numbers of which the service may choose any, or the reason of a refusal."""

    numbers: frozenset[str] = frozenset()
    refusal: str = ""


def number_choice(
    model: Model, pool: PoolModel, people: list[str], options: StartOptions
) -> NumberChoice:
    """For a conversation of these people."""
    lifecycle.expire(model)
    if any(person in model.opted_out for person in people):
        return NumberChoice(refusal="PARTICIPANT_OPTED_OUT")
    if model.by_unique_name(pool, options.unique_name):
        return NumberChoice(refusal="UNIQUE_NAME_ALREADY_EXISTS")
    if len(people) > 1 and not pool.may_meet(*people):
        return NumberChoice(refusal="PAIR_BLOCKED")
    if not pool.may_connect(people, model.now):
        return NumberChoice(refusal="CONTACT_LIMIT_REACHED")
    choice = (
        _named_number(model, pool, people, options.number)
        if options.number
        else _any_number(model, pool, people, options)
    )
    if choice.numbers and not pool.may_bring_in(people, model.now):
        return NumberChoice(refusal="CONTACT_LIMIT_REACHED")
    return choice


def create(
    model: Model, pool: PoolModel, people: list[str], number: str, options: StartOptions
) -> Conversation:
    """Without notices; see `notify_created`."""
    for person in people:
        pool.limits_of(person).brought_in(model.now)
    return lifecycle.start(model, pool.name, number, people, options.unique_name)


def notify_created(
    model: Model, pool: PoolModel, conversation: Conversation, *, silent: bool
) -> None:
    """If silent, only people who have not been told yet who texts."""
    template, lifetime = Template.OPENED, None
    if conversation.is_waiting:
        template, lifetime = Template.CODE, pool.settings.lifecycle.join_code_lifetime
    for person in conversation.people:
        if not (silent and person in pool.introduced):
            model.notify(conversation.number, person, template, conversation, lifetime)


def join(model: Model, pool: PoolModel, person: str, code: str) -> Conversation | str:
    """The joined conversation, or the reason of a refusal."""
    lifecycle.expire(model)
    if person in model.opted_out:
        return "PARTICIPANT_OPTED_OUT"
    limits, conversation = pool.limits_of(person), model.by_code(pool, code)
    if limits.is_locked_out(model.now):
        return "JOIN_CODE_INVALID"
    if conversation is None or not pool.may_meet(conversation.people[0], person):
        limits.wrong_code_entered(model.now)
        return "JOIN_CODE_INVALID"
    number, starter = conversation.number, conversation.people[0]
    if (number, person) in pool.carrier_blocks:
        return "MASKED_NUMBER_BLOCKED_AT_CARRIER"
    if model.live(number, person):
        return "ALREADY_IN_CONVERSATION"
    if _is_cooling_for_others(model, pool, number, person, [starter, person]):
        return "MASKED_NUMBER_COOLING"
    may_connect = pool.may_connect([starter, person], model.now)
    if not may_connect or not pool.may_bring_in([person], model.now):
        return "CONTACT_LIMIT_REACHED"
    limits.brought_in(model.now)
    lifecycle.join(model, conversation, person)
    model.notify(number, person, Template.YOU_JOINED, conversation)
    model.notify(number, starter, Template.SOMEBODY_JOINED, conversation)
    return conversation


def _named_number(model: Model, pool: PoolModel, people: list[str], number: str) -> NumberChoice:
    if number not in pool.numbers:
        return NumberChoice(refusal="MASKED_NUMBER_NOT_FOUND")
    if not pool.numbers[number].accepts_new:
        return NumberChoice(refusal="MASKED_NUMBER_NOT_ACTIVE")
    if any((number, person) in pool.carrier_blocks for person in people):
        return NumberChoice(refusal="MASKED_NUMBER_BLOCKED_AT_CARRIER")
    if any(model.live(number, person) for person in people):
        return NumberChoice(refusal="ALREADY_IN_CONVERSATION")
    if any(_is_cooling_for_others(model, pool, number, person, people) for person in people):
        return NumberChoice(refusal="MASKED_NUMBER_COOLING")
    return NumberChoice(frozenset([number]))


def _any_number(
    model: Model, pool: PoolModel, people: list[str], options: StartOptions
) -> NumberChoice:
    free = {
        number
        for number, state in pool.numbers.items()
        if (options.allow_reserved or not state.is_reserved)
        and _named_number(model, pool, people, number).numbers
    }
    if not free:
        return NumberChoice(refusal="NO_NUMBER_AVAILABLE")
    preference = options.preference or pool.settings.relay.number_preference
    is_sticky = preference is NumberPreference.PREFER_STICKY
    preferred = [
        (free & {last} if is_sticky else free - {last}) or free
        for last in pool.last_numbers_of(people)
    ]
    return NumberChoice(frozenset().union(*preferred))


def _is_cooling_for_others(
    model: Model, pool: PoolModel, number: str, person: str, people: list[str]
) -> bool:
    """Whether a person's route cools off after a conversation with somebody else."""
    ended = model.cooling(pool, number, person)
    if ended is None:
        return model.erased_cool_off(pool, number, person) > NO_TIME
    return set(ended.people) != set(people)
