"""Joining by code, and what keeps codes from being guessed."""

from dataclasses import replace
from datetime import datetime

from conversation_service.domain.change import Change, Line, TriesChange
from conversation_service.domain.conduct import NUMBER_TRIES_LIMIT, NUMBER_TRIES_WINDOW, Conduct
from conversation_service.domain.conversation import Conversation
from conversation_service.domain.events import Event, EventType
from conversation_service.domain.facts import Facts, Said
from conversation_service.domain.inbound import Inbound
from conversation_service.domain.lateness import ask_time
from conversation_service.domain.numbers import claims
from conversation_service.domain.outcomes import Answer, answer_to, change_of, stranger_told
from conversation_service.domain.phone import Person
from conversation_service.domain.texts import Template
from conversation_service.domain.transitions import joined


def join_by_text(facts: Facts, text: Inbound) -> Change:
    """Connected, or the same answer for wrong, used, expired and out of reach; then silence."""
    person = text.sender
    if facts.conduct(person).is_locked(facts.now):
        return Change()
    invitation = facts.invitation
    if invitation is None or not may_join(facts, invitation, text.line):
        return _wrong_code(facts, text)
    answer = answer_to(facts, person, Template.YOU_JOINED)
    asked = ask_time(text.carrier_time, facts.now)
    change = join(facts, invitation, person, answer.said, asked)
    return replace(change, conduct=answer.conduct)


def may_join(facts: Facts, invitation: Conversation, line: Line) -> bool:
    """Whether the code leads to somebody else on this number whom the person may meet."""
    inviter = invitation.participants[0]
    return (
        invitation.masked_number == line.masked_number
        and line.person != inviter
        and facts.may_meet(line.person, inviter)
    )


def join(
    facts: Facts,
    invitation: Conversation,
    joiner: Person,
    welcome: tuple[Said, ...],
    asked: datetime | None = None,
) -> Change:
    """Lets a person in, greeted by `welcome`, and tells who waited; `asked` if well before."""
    after = joined(facts, invitation, joiner, asked)
    inviter = invitation.participants[0]
    said = [*welcome, facts.says(inviter, Template.SOMEBODY_JOINED)]
    name = after.conversation_id
    event = Event(EventType.CONVERSATION_JOINED, name, joiner.participant_id)
    return replace(
        change_of(facts, invitation, after, said, [event]),
        claims=claims(facts, after.masked_number, (joiner,)),
        unless_blocked=(joiner, inviter),
    )


def wrong_code(facts: Facts, person: Person, masked_number: str) -> tuple[Conduct, Change]:
    """A wrong try is counted: for the person, and for the number where it is known."""
    before = facts.conduct(person)
    conduct = before.guessed_wrong(facts.now)
    events = _locked_out(person) if conduct.is_locked(facts.now) else ()
    tries = None
    if masked_number:
        after = facts.tries.more(facts.now, NUMBER_TRIES_WINDOW)
        tries = TriesChange(masked_number, facts.tries, after)
    return conduct, Change(tries=tries, events=events)


def _wrong_code(facts: Facts, text: Inbound) -> Change:
    conduct, counted = wrong_code(facts, text.sender, text.line.masked_number)
    answer = answer_to(facts, text.sender, Template.CODE_NOT_VALID, conduct=conduct)
    if facts.tries.at(facts.now) >= NUMBER_TRIES_LIMIT:
        # Somebody tries many phones on one number: no more answers tell them anything.
        answer = Answer((), answer.conduct)
    told = stranger_told(facts, text.line, answer)
    return replace(counted, texts=told.texts, conduct=told.conduct)


def _locked_out(person: Person) -> tuple[Event, ...]:
    return (Event(EventType.CODE_TRIES_EXCEEDED, participant_id=person.participant_id),)
