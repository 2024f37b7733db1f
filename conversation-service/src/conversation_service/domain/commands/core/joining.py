"""Joining by code, and what keeps codes from being guessed."""

from dataclasses import replace
from datetime import datetime

from conversation_service.domain.commands.core.change import Change, CodeAttemptsChange
from conversation_service.domain.commands.core.lifecycle import joined
from conversation_service.domain.commands.core.number_selection import route_claims
from conversation_service.domain.commands.core.replies import (
    transition,
)
from conversation_service.domain.commands.core.snapshot import Draft, Snapshot
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.rate_limits import (
    NUMBER_TRIES_WINDOW,
    SenderLimits,
)
from conversation_service.domain.templates.catalog import Template


def may_join(facts: Snapshot, invitation: Conversation, line: Route) -> bool:
    """Whether the code leads to somebody else on this number whom the person may meet."""
    inviter = invitation.participants[0]
    return (
        invitation.masked_number == line.masked_number
        and line.person != inviter
        and facts.may_meet(line.person, inviter)
    )


def join(
    facts: Snapshot,
    invitation: Conversation,
    joiner: Person,
    welcome: tuple[Draft, ...],
    asked: datetime | None = None,
) -> Change:
    """Lets a person in, greeted by `welcome`, and tells who waited; `asked` if well before."""
    after = joined(facts, invitation, joiner, asked)
    inviter = invitation.participants[0]
    said = [*welcome, facts.says(inviter, Template.SOMEBODY_JOINED)]
    name = after.conversation_id
    event = Event(EventType.CONVERSATION_JOINED, name, joiner.participant_id)
    return replace(
        transition(facts, invitation, after, said, [event]),
        claims=route_claims(facts, after.masked_number, (joiner,)),
        unless_blocked=(joiner, inviter),
    )


def wrong_code(facts: Snapshot, person: Person, masked_number: str) -> tuple[SenderLimits, Change]:
    """A wrong try is counted: for the person, and for the number where it is known."""
    before = facts.conduct(person)
    conduct = before.wrong_code_entered(facts.now)
    events = _locked_out(person) if conduct.is_locked(facts.now) else ()
    tries = None
    if masked_number:
        after = facts.tries.more(facts.now, NUMBER_TRIES_WINDOW)
        tries = CodeAttemptsChange(masked_number, facts.tries, after)
    return conduct, Change(tries=tries, events=events)


def _locked_out(person: Person) -> tuple[Event, ...]:
    return (Event(EventType.CODE_TRIES_EXCEEDED, participant_id=person.participant_id),)
