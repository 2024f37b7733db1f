"""How a conversation of the model moves, and what its people are told."""

from collections.abc import Sequence

from conversation_service.domain.templates.catalog import Template

from model.reference.state import NO_TIME, Model
from model.reference.records import Past, Talk

_EXPIRED = {
    "CODE_EXPIRED": Template.CODE_EXPIRED,
    "IDLE_EXPIRED": Template.IDLE_EXPIRED,
    "LIFETIME_EXPIRED": Template.LIFETIME_EXPIRED,
}


def begin(model: Model, pool: str, number: str, people: list[str], unique_name: str = "") -> Talk:
    """A conversation that waits, or one of two people from the start."""
    code_end = model.now + model.pools[pool].settings.code_lifetime
    talk = Talk(pool, number, people[:1], model.now, code_end, unique_name, due=code_end)
    talk.has_code = len(people) == 1
    model.rests.pop((pool, number, people[0]), None)
    model.talks.append(talk)
    for person in people[1:]:
        let_in(model, talk, person)
    return talk


def let_in(model: Model, talk: Talk, person: str) -> None:
    """The second person is in."""
    talk.people.append(person)
    activate(model, talk)


def activate(model: Model, talk: Talk) -> None:
    """It has all its time before it."""
    settings = model.pools[talk.pool].settings
    for person in talk.people:
        model.rests.pop((talk.pool, talk.number, person), None)
    talk.idle_end = model.now + settings.idle_lifetime
    talk.latest_end = model.now + settings.lifetime
    talk.end_time, talk.end_reason, talk.warned_end_time = None, "", None
    talk.said, talk.speaker, talk.rounds = {}, "", 0
    _schedule(model, talk)


def talked(model: Model, talk: Talk) -> None:
    """A text was relayed or held."""
    talk.last_message = model.now
    talk.idle_end = model.now + model.pools[talk.pool].settings.idle_lifetime
    _schedule(model, talk)


def end(
    model: Model,
    talk: Talk,
    reason: str,
    leaver: str = "",
    farewell: Sequence[Template] | None = None,
) -> None:
    """It is over. Everybody is told the same, but for a leaver with a farewell of their own."""
    words = ending_words(talk, reason)
    for person in talk.people:
        is_leaving = person == leaver and farewell is not None
        is_told = talk.has_held(person) and not (is_leaving and reason == "OPTED_OUT")
        about_held = [Template.NOT_PASSED_ON] if is_told else []
        last = farewell if is_leaving and farewell is not None else [words]
        for template in (*about_held, *last):
            model.tell(talk.number, person, template, talk)
    talk.end_time, talk.end_reason, talk.end_number = model.now, reason, next(model.ends)
    talk.is_paused, talk.held = False, []
    if len(talk.people) > 1:
        model.past.append(Past(talk.pool, talk.number, tuple(talk.people), model.now))
        model.pools[talk.pool].left(talk.people, talk.number, model.now)


def ending_words(talk: Talk, reason: str) -> Template:
    """What everybody is told of an end."""
    return _EXPIRED.get(reason, Template.CANCELLED if talk.is_waiting else Template.ENDED)


def end_all(model: Model, person: str) -> None:
    """A person who opted out is in nothing any more; partners are told neutrally."""
    for talk in list(model.live_talks()):
        if person in talk.people:
            end(model, talk, "OPTED_OUT", person, ())


def expire(model: Model) -> None:
    """Time ends what is overdue."""
    for talk in list(model.live_talks()):
        if talk.next_end <= model.now:
            end(model, talk, _expiry(talk))


def due(model: Model) -> list[Talk]:
    """What the sweeper has something to do with now."""
    return [talk for talk in model.live_talks() if talk.due is not None and talk.due <= model.now]


def warn(model: Model) -> None:
    """Time warns of an end to come, once."""
    for talk in due(model):
        by_idling = _expiry(talk) == "IDLE_EXPIRED"
        template = Template.IDLE_WARNING if by_idling else Template.LIFETIME_WARNING
        for person in talk.people:
            model.tell(talk.number, person, template, talk, talk.next_end - model.now)
        talk.warned_end_time = talk.next_end
        _schedule(model, talk)


def forget(model: Model) -> None:
    """Ended conversations are kept for a while."""
    model.talks = [one for one in model.talks if not _is_forgotten(model, one)]


def _is_forgotten(model: Model, talk: Talk) -> bool:
    kept = model.pools[talk.pool].settings.kept_after_end
    return talk.end_time is not None and talk.end_time + kept <= model.now


def _expiry(talk: Talk) -> str:
    if talk.is_waiting:
        return "CODE_EXPIRED"
    return "IDLE_EXPIRED" if talk.next_end == talk.idle_end else "LIFETIME_EXPIRED"


def _schedule(model: Model, talk: Talk) -> None:
    """A warning that is overdue already is due now."""
    lead, end_time = model.pools[talk.pool].settings.warning_lead, talk.next_end
    warns = lead > NO_TIME and talk.warned_end_time != end_time
    talk.due = max(model.now, end_time - lead) if warns else end_time
