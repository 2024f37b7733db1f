"""What the model expects of clients' calls about conversations that are there."""

from conversation_service.domain.model.pool import PausePolicy
from conversation_service.domain.templates.catalog import Template

from model.reference.lifecycle import activate, end, end_all, expire, talked
from model.reference.state import Model, PoolModel
from model.reference.records import Talk
from model.reference.active_sender import may_hold


def ended(model: Model, talk: Talk, person: str) -> str:
    """Answers why not, or nothing; `person` is whose wish it is, nobody's if the operator's."""
    if refusal := _not_live(model, talk):
        return refusal
    if person and person not in talk.people:
        return "PARTICIPANT_NOT_FOUND"
    end(model, talk, "PARTICIPANT_ENDED" if person else "OPERATOR_ENDED", person)
    return ""


def spoken(model: Model, talk: Talk, author: str, words: str) -> str:
    """Words of a participant to the other, or of the system to both."""
    if refusal := _not_live(model, talk):
        return refusal
    if author and author not in talk.people:
        return "PARTICIPANT_NOT_FOUND"
    if talk.is_waiting:
        return "CONVERSATION_NOT_ACTIVE"
    if author and talk.is_paused:
        return _held(model, talk, author, words)
    if author:
        model.accept(talk, author, words)
    for receiver in talk.people:
        if receiver != author:
            model.relay(talk, author, words, to=receiver)
    talked(model, talk)
    return ""


def paused(model: Model, talk: Talk) -> str:
    """Nobody is told."""
    if refusal := _not_live(model, talk):
        return refusal
    if talk.is_waiting:
        return "CONVERSATION_NOT_ACTIVE"
    if talk.is_paused:
        return "CONVERSATION_PAUSED"
    talk.is_paused = True
    return ""


def resumed(model: Model, talk: Talk) -> str:
    """Who knew of the pause is told of its end; what was held goes out in order."""
    if refusal := _not_live(model, talk):
        return refusal
    if not talk.is_paused:
        return "CONVERSATION_NOT_PAUSED"
    for person in talk.people:
        if talk.has_held(person):
            model.tell(talk.number, person, Template.RESUMED, talk)
    for author, words in talk.held:
        model.relay(talk, author, words)
    talk.is_paused, talk.held = False, []
    talked(model, talk)
    return ""


def reopened(model: Model, pool: PoolModel, talk: Talk) -> str:
    """An ending is taken back, if nothing has come between."""
    expire(model)
    if not _may_go_on(model, pool, talk):
        return "CONVERSATION_NOT_REOPENABLE"
    if model.named(pool, talk.unique_name):
        return "UNIQUE_NAME_TAKEN"
    if any(person in model.opted_out for person in talk.people):
        return "PARTICIPANT_OPTED_OUT"
    activate(model, talk)
    for person in talk.people:
        model.tell(talk.number, person, Template.REOPENED, talk)
    return ""


def opted_out(model: Model, person: str, told_by: str) -> None:
    """However it becomes known; nothing is texted to the person."""
    expire(model)
    model.opted_out.setdefault(person, told_by)
    end_all(model, person)


def number_removed(model: Model, pool: PoolModel, number: str) -> str:
    """A number that nobody uses leaves."""
    if number not in pool.numbers:
        return "UNKNOWN_MASKED_NUMBER"
    if any(talk.number == number and talk.pool == pool.name for talk in model.live_talks()):
        return "NUMBER_IN_USE"
    del pool.numbers[number]
    return ""


def _may_go_on(model: Model, pool: PoolModel, talk: Talk) -> bool:
    number = pool.numbers.get(talk.number)
    if talk.end_time is None or len(talk.people) < 2 or number is None:
        return False
    in_time = model.now < talk.end_time + pool.settings.reopen_grace
    current_conversation_ids = {model.occupant(pool, talk.number, person) for person in talk.people}
    rests = any(model.rest(pool, talk.number, person) for person in talk.people)
    is_theirs = current_conversation_ids <= {None, talk} and not rests
    return in_time and is_theirs and number.accepts_new and pool.may_meet(*talk.people)


def _not_live(model: Model, talk: Talk) -> str:
    expire(model)
    return "" if talk.is_live else "CONVERSATION_ENDED"


def _held(model: Model, talk: Talk, author: str, words: str) -> str:
    pool = model.pools[talk.pool]
    if not may_hold(pool.settings.pause_policy, talk):
        refuses = pool.settings.pause_policy is PausePolicy.REFUSE
        return "CONVERSATION_PAUSED" if refuses else "TOO_MANY_HELD"
    model.accept(talk, author, words)
    talk.held.append((author, words))
    talked(model, talk)
    return ""
