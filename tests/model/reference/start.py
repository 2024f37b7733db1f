"""What the model expects of clients' calls that begin conversations."""

from dataclasses import dataclass

from conversation_service.domain.model.pool import NumberPreference
from conversation_service.domain.templates.catalog import Template

from model.reference.lifecycle import begin, expire, let_in
from model.reference.state import NO_TIME, Model, PoolModel
from model.reference.records import Talk


@dataclass(frozen=True)
class Wanted:
    """The number and the name that a client asks for."""

    number: str = ""
    unique_name: str = ""
    preference: NumberPreference | None = None
    allows_reserved: bool = False


@dataclass(frozen=True)
class Choice:
    """The masked numbers that may be chosen, the best ones; or why there is none."""

    numbers: frozenset[str] = frozenset()
    refusal: str = ""


def may_begin(model: Model, pool: PoolModel, people: list[str], wanted: Wanted) -> Choice:
    """Where people may be brought together now."""
    expire(model)
    if any(person in model.opted_out for person in people):
        return Choice(refusal="PARTICIPANT_OPTED_OUT")
    if model.named(pool, wanted.unique_name):
        return Choice(refusal="UNIQUE_NAME_TAKEN")
    if len(people) > 1 and not pool.may_meet(*people):
        return Choice(refusal="PAIR_BLOCKED")
    if wanted.number:
        return _named_number(model, pool, people, wanted.number)
    return _any_number(model, pool, people, wanted)


def started(model: Model, pool: PoolModel, person: str, number: str, unique_name: str) -> Talk:
    """One person waits."""
    talk = begin(model, pool.name, number, [person], unique_name)
    model.tell(number, person, Template.CODE, talk, pool.settings.code_lifetime)
    return talk


def opened(
    model: Model, pool: PoolModel, people: list[str], number: str, unique_name: str, is_silent: bool
) -> Talk:
    """Two people talk."""
    talk = begin(model, pool.name, number, people, unique_name)
    for person in () if is_silent else people:
        model.tell(number, person, Template.OPENED, talk)
    return talk


def joined(model: Model, pool: PoolModel, person: str, code: str) -> Talk | str:
    """A client lets somebody in."""
    expire(model)
    if person in model.opted_out:
        return "PARTICIPANT_OPTED_OUT"
    conduct, talk = pool.conduct(person), model.invitation(pool, code)
    if conduct.is_locked(model.now):
        return "CODE_NOT_VALID"
    if talk is None or not pool.may_meet(talk.people[0], person):
        conduct.guesses_wrong(model.now)
        return "CODE_NOT_VALID"
    if model.live(talk.number, person):
        return "ALREADY_IN_CONVERSATION"
    if _is_cooling(model, pool, talk.number, person, [*talk.people, person]):
        return "NUMBER_COOLING"
    let_in(model, talk, person)
    model.tell(talk.number, person, Template.YOU_JOINED, talk)
    model.tell(talk.number, talk.people[0], Template.SOMEBODY_JOINED, talk)
    return talk


def _named_number(model: Model, pool: PoolModel, people: list[str], number: str) -> Choice:
    if number not in pool.numbers:
        return Choice(refusal="UNKNOWN_MASKED_NUMBER")
    if not pool.numbers[number].accepts_new:
        return Choice(refusal="NUMBER_NOT_ACTIVE")
    if any(model.live(number, person) for person in people):
        return Choice(refusal="ALREADY_IN_CONVERSATION")
    if any(_is_cooling(model, pool, number, person, people) for person in people):
        return Choice(refusal="NUMBER_COOLING")
    return Choice(frozenset([number]))


def _any_number(model: Model, pool: PoolModel, people: list[str], wanted: Wanted) -> Choice:
    free = {
        number
        for number, known in pool.numbers.items()
        if (wanted.allows_reserved or not known.is_reserved)
        and _named_number(model, pool, people, number).numbers
    }
    if not free:
        return Choice(refusal="NO_NUMBER_AVAILABLE")
    preference = wanted.preference or pool.settings.number_preference
    sticks = preference is NumberPreference.PREFER_STICKY
    liked = [
        (free & {last} if sticks else free - {last}) or free for last in pool.used_last(people)
    ]
    return Choice(frozenset().union(*liked))


def _is_cooling(model: Model, pool: PoolModel, number: str, person: str, people: list[str]) -> bool:
    """Whether somebody's last conversation there, with somebody else, has only just ended."""
    ended = model.cooling(pool, number, person)
    if ended is None:
        return model.rest(pool, number, person) > NO_TIME
    return set(ended.people) != set(people)
