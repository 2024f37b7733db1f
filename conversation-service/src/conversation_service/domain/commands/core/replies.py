"""How a decision's outcome is put together: the texts, and the events that tell of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from conversation_service.domain.commands.core.change import Change, SenderLimitsChange
from conversation_service.domain.commands.core.snapshot import Draft, Snapshot
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.rate_limits import SenderLimits
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class Reply:
    """What the sender of a text is told, or nothing, and what is remembered of that."""

    said: tuple[Draft, ...]
    conduct: SenderLimitsChange | None


def transition(
    facts: Snapshot,
    before: Conversation | None,
    after: Conversation,
    said: Iterable[Draft] = (),
    events: Sequence[Event] = (),
) -> Change:
    """A conversation moves from `before` to `after`, and people are told."""
    spoken, name = tuple(said), after.conversation_id
    return Change(
        before,
        after,
        texts=facts.texts(after.masked_number, name, spoken),
        events=(*events, *facts.message_events(name, spoken)),
    )


def notify(
    facts: Snapshot, conversation: Conversation, said: Iterable[Draft], events: Sequence[Event] = ()
) -> Change:
    """People of a conversation are told something, which leaves it as it is."""
    return replace(transition(facts, None, conversation, said, events), after=None)


def notify_limited(
    facts: Snapshot, conversation: Conversation, answer: Reply, events: Sequence[Event] = ()
) -> Change:
    """The same, for an answer with what is remembered of it."""
    return replace(notify(facts, conversation, answer.said, events), conduct=answer.conduct)


def reply_to_stranger(facts: Snapshot, line: Route, answer: Reply) -> Change:
    """Somebody who is in no conversation is told something."""
    texts = facts.texts(line.masked_number, "", answer.said)
    return Change(texts=texts, conduct=answer.conduct)


def reply_to(
    facts: Snapshot,
    person: Person,
    template: Template,
    *,
    code: str = "",
    span: timedelta | None = None,
    conduct: SenderLimits | None = None,
) -> Reply:
    """A reply to somebody who texted, unless they have had too many of them lately.

    So a machine that answers every text is soon answered by nothing. `conduct` is what has been
    decided to remember of the person already.
    """
    before = facts.conduct(person)
    known = conduct or before
    if not known.may_reply(facts.now):
        return Reply((), _remembered(person, before, known))
    said = facts.says(person, template, code=code, span=span)
    return Reply((said,), _remembered(person, before, known.answered(facts.now)))


def replies_to(facts: Snapshot, person: Person, templates: Iterable[Template]) -> Reply:
    """Several replies to one text, in order, each within the same limit."""
    said: tuple[Draft, ...] = ()
    conduct: SenderLimitsChange | None = None
    for template in templates:
        known = conduct.after if conduct else None
        answer = reply_to(facts, person, template, conduct=known)
        said, conduct = (*said, *answer.said), answer.conduct or conduct
    return Reply(said, conduct)


def limited_failure_notice(facts: Snapshot, person: Person, template: Template) -> Reply:
    """Word of a text that failed, unless the person has just had such a word or many of them."""
    known = facts.conduct(person)
    if not known.may_send_failure_notice(facts.now):
        return Reply((), None)
    heard = known.failure_notice_sent(facts.now)
    return Reply((facts.says(person, template),), SenderLimitsChange(person, known, heard))


def _remembered(
    person: Person, before: SenderLimits, after: SenderLimits
) -> SenderLimitsChange | None:
    return SenderLimitsChange(person, before, after) if after != before else None
