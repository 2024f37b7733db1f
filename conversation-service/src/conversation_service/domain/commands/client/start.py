"""How internal clients begin conversations: start, open, join."""

from dataclasses import dataclass, field, replace

from conversation_service.domain.commands.core.change import Change, SenderLimitsChange
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.joining import join, may_join, wrong_code
from conversation_service.domain.commands.core.lifecycle import opened, started
from conversation_service.domain.commands.core.number_selection import (
    ANY_NUMBER,
    NumberSelection,
    is_cooling_for_others,
    route_claims,
    select_number,
)
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.errors import (
    AlreadyInConversation,
    CodeNotValid,
    NumberCooling,
    PairBlocked,
    ParticipantOptedOut,
    UniqueNameTaken,
)
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class StartConversation:
    """A client starts a conversation for one person, who waits with a code."""

    request_id: str
    person: Person
    selection: NumberSelection = ANY_NUMBER
    unique_name: str = field(default="", repr=False)

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client."""
        fields = (self.person.phone_number, self.unique_name, *self.selection.fields)
        return IdempotencyKey("start", self.request_id, fields)

    def lookup(self, pool: Pool) -> ReadSet:
        """What is on the person's lines, and how much is on each number."""
        return ReadSet(
            lines=_lines(pool, self.selection, (self.person,)),
            people=(self.person,),
            unique_name=self.unique_name,
            needs_loads=True,
            needs_code=True,
        )

    def decide(self, facts: Snapshot) -> Change:
        """A waiting conversation, its code texted to the person."""
        _check_wanted(facts, (self.person,), self.unique_name)
        masked_number = select_number(facts, (self.person,), self.selection)
        conversation = started(facts, Route(masked_number, self.person), self.unique_name)
        lifetime = facts.pool.settings.code_lifetime
        code = conversation.code
        said = [facts.says(self.person, Template.CODE, code=code, span=lifetime)]
        name, first = conversation.conversation_id, self.person.participant_id
        event = Event(EventType.CONVERSATION_STARTED, name, first)
        return _begun(facts, conversation, transition(facts, None, conversation, said, [event]))


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """A client opens a conversation between two people who are both known."""

    request_id: str
    people: tuple[Person, Person]
    selection: NumberSelection = ANY_NUMBER
    unique_name: str = field(default="", repr=False)
    is_silent: bool = False

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client."""
        numbers = (person.phone_number for person in self.people)
        fields = (*numbers, self.unique_name, str(self.is_silent), *self.selection.fields)
        return IdempotencyKey("open", self.request_id, fields)

    def lookup(self, pool: Pool) -> ReadSet:
        """What is on both people's lines, what they used last, and whether they may meet."""
        return ReadSet(
            lines=_lines(pool, self.selection, self.people),
            people=self.people,
            blocks_of=self.people[0],
            pair=self.people,
            unique_name=self.unique_name,
            needs_loads=True,
        )

    def decide(self, facts: Snapshot) -> Change:
        """An active conversation; both are told of it unless that is not wanted."""
        _check_wanted(facts, self.people, self.unique_name)
        if not facts.may_meet(*self.people):
            raise PairBlocked
        masked_number = select_number(facts, self.people, self.selection)
        conversation = opened(facts, masked_number, self.people, self.unique_name)
        told = () if self.is_silent else self.people
        said = [facts.says(person, Template.OPENED) for person in told]
        event = Event(EventType.CONVERSATION_OPENED, conversation.conversation_id)
        change = transition(facts, None, conversation, said, [event])
        return replace(_begun(facts, conversation, change), unless_blocked=self.people)


@dataclass(frozen=True, slots=True)
class JoinConversation:
    """A client lets a person into the conversation that a code leads to."""

    request_id: str
    code: str = field(repr=False)
    person: Person

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client; the person and the code are its fields."""
        return IdempotencyKey("join", self.request_id, (self.person.phone_number, self.code))

    def lookup(self, pool: Pool) -> ReadSet:
        """The code's conversation, and what is on the person's lines wherever it may be."""
        return ReadSet(
            lines=_lines(pool, ANY_NUMBER, (self.person,)),
            code=self.code,
            people=(self.person,),
            blocks_of=self.person,
        )

    def decide(self, facts: Snapshot) -> Change:
        """The conversation is active and both are told; a wrong code is counted and refused."""
        invitation, person = facts.invitation, self.person
        if person in facts.opt_outs:
            raise ParticipantOptedOut
        if facts.conduct(person).is_locked(facts.now):
            raise CodeNotValid
        if invitation is None:
            return self._wrong(facts)
        line = Route(invitation.masked_number, person)
        if not may_join(facts, invitation, line):
            return self._wrong(facts)
        if facts.live(line):
            raise AlreadyInConversation
        if is_cooling_for_others(facts, line, (*invitation.participants, person)):
            raise NumberCooling
        return join(facts, invitation, person, (facts.says(person, Template.YOU_JOINED),))

    def _wrong(self, facts: Snapshot) -> Change:
        conduct, counted = wrong_code(facts, self.person, masked_number="")
        before = facts.conduct(self.person)
        remembered = SenderLimitsChange(self.person, before, conduct)
        return replace(counted, conduct=remembered, refusal=CodeNotValid())


def _lines(pool: Pool, selection: NumberSelection, people: tuple[Person, ...]) -> tuple[Route, ...]:
    asked = selection.masked_number
    numbers = (asked,) if asked else pool.masked_numbers
    return tuple(Route(number, person) for number in numbers for person in people)


def _check_wanted(facts: Snapshot, people: tuple[Person, ...], unique_name: str) -> None:
    if any(person in facts.opt_outs for person in people):
        raise ParticipantOptedOut
    if unique_name and facts.named is not None:
        raise UniqueNameTaken(facts.pool.name)


def _begun(facts: Snapshot, conversation: Conversation, change: Change) -> Change:
    taken = route_claims(facts, conversation.masked_number, conversation.participants)
    return replace(change, claims=taken)
