"""How a decision's outcome is put together: the texts, and the events that tell of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from conversation_service.domain.commands.core.change import Change, ConductChange
from conversation_service.domain.commands.core.snapshot import Facts, Said
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event
from conversation_service.domain.model.participants import Line, Person
from conversation_service.domain.model.rate_limits import Conduct
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender of a text is told, or nothing, and what is remembered of that."""

    said: tuple[Said, ...]
    conduct: ConductChange | None


def change_of(
    facts: Facts,
    before: Conversation | None,
    after: Conversation,
    said: Iterable[Said] = (),
    events: Sequence[Event] = (),
) -> Change:
    """A conversation moves from `before` to `after`, and people are told."""
    spoken, name = tuple(said), after.conversation_id
    return Change(
        before,
        after,
        texts=facts.texts(after.masked_number, name, spoken),
        events=(*events, *facts.text_events(name, spoken)),
    )


def told(
    facts: Facts, conversation: Conversation, said: Iterable[Said], events: Sequence[Event] = ()
) -> Change:
    """People of a conversation are told something, which leaves it as it is."""
    return replace(change_of(facts, None, conversation, said, events), after=None)


def told_of(
    facts: Facts, conversation: Conversation, answer: Answer, events: Sequence[Event] = ()
) -> Change:
    """The same, for an answer with what is remembered of it."""
    return replace(told(facts, conversation, answer.said, events), conduct=answer.conduct)


def stranger_told(facts: Facts, line: Line, answer: Answer) -> Change:
    """Somebody who is in no conversation is told something."""
    texts = facts.texts(line.masked_number, "", answer.said)
    return Change(texts=texts, conduct=answer.conduct)


def answer_to(
    facts: Facts,
    person: Person,
    template: Template,
    *,
    code: str = "",
    span: timedelta | None = None,
    conduct: Conduct | None = None,
) -> Answer:
    """A reply to somebody who texted, unless they have had too many of them lately.

    So a machine that answers every text is soon answered by nothing. `conduct` is what has been
    decided to remember of the person already.
    """
    before = facts.conduct(person)
    known = conduct or before
    if not known.may_be_answered(facts.now):
        return Answer((), _remembered(person, before, known))
    said = facts.says(person, template, code=code, span=span)
    return Answer((said,), _remembered(person, before, known.answered(facts.now)))


def answers_to(facts: Facts, person: Person, templates: Iterable[Template]) -> Answer:
    """Several replies to one text, in order, each within the same limit."""
    said: tuple[Said, ...] = ()
    conduct: ConductChange | None = None
    for template in templates:
        known = conduct.after if conduct else None
        answer = answer_to(facts, person, template, conduct=known)
        said, conduct = (*said, *answer.said), answer.conduct or conduct
    return Answer(said, conduct)


def failure_told(facts: Facts, person: Person, template: Template) -> Answer:
    """Word of a text that failed, unless the person has just had such a word or many of them."""
    known = facts.conduct(person)
    if not known.may_hear_of_failure(facts.now):
        return Answer((), None)
    heard = known.heard_of_failure(facts.now)
    return Answer((facts.says(person, template),), ConductChange(person, known, heard))


def _remembered(person: Person, before: Conduct, after: Conduct) -> ConductChange | None:
    return ConductChange(person, before, after) if after != before else None
