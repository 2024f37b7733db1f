"""What internal clients and time itself ask for."""

from dataclasses import dataclass, field

from conversation_service.domain import texts
from conversation_service.domain.change import Change, Line
from conversation_service.domain.conversation import Conversation, EndReason, State
from conversation_service.domain.endings import end
from conversation_service.domain.errors import (
    AlreadyInConversation,
    CodeNotValid,
    ConversationEnded,
    ConversationNotActive,
    ConversationNotFound,
    NoNumberAvailable,
    ParticipantNotFound,
)
from conversation_service.domain.facts import Facts, Lookup
from conversation_service.domain.intents import Receipt
from conversation_service.domain.phone import Person
from conversation_service.domain.receive_text import join
from conversation_service.domain.transitions import opened, talked


@dataclass(frozen=True, slots=True)
class Start:
    """A client opens a conversation for one person, on the first of `lines` that is free.

    `masked_number` is the one that was asked for, if one was.
    """

    request_id: str
    masked_number: str
    lines: tuple[Line, ...]

    @property
    def receipt(self) -> Receipt:
        """Named by the client; the person and the number asked for are its fields."""
        person = self.lines[0].person
        return Receipt("start", self.request_id, (person.phone_number, self.masked_number))

    @property
    def lookup(self) -> Lookup:
        """The person's live conversations."""
        return Lookup(lines=self.lines)

    def decide(self, facts: Facts) -> Change:
        """A waiting conversation, its code texted to the person."""
        line = next((line for line in self.lines if line not in facts.live), None)
        if line is None:
            if self.masked_number:
                raise AlreadyInConversation
            raise NoNumberAvailable(facts.pool.name)
        conversation = opened(facts, line)
        told = (line.person, texts.code(facts.pool, conversation.code))
        return Change(after=conversation, texts=facts.texts(conversation, told))


@dataclass(frozen=True, slots=True)
class Join:
    """A client lets a person into the conversation that a code leads to."""

    request_id: str
    code: str = field(repr=False)
    lines: tuple[Line, ...]

    @property
    def receipt(self) -> Receipt:
        """Named by the client; the person and the code are its fields."""
        return Receipt("join", self.request_id, (self.lines[0].person.phone_number, self.code))

    @property
    def lookup(self) -> Lookup:
        """The code's conversation, and the person's live ones on any number it may be on."""
        return Lookup(lines=self.lines, code=self.code)

    def decide(self, facts: Facts) -> Change:
        """The conversation is active and both are told."""
        invitation = facts.invitation
        if invitation is None:
            raise CodeNotValid
        line = Line(invitation.masked_number, self.lines[0].person)
        if line.person in invitation.participants:
            raise CodeNotValid
        if line in facts.live:
            raise AlreadyInConversation
        return join(facts, invitation, line)


@dataclass(frozen=True, slots=True)
class End:
    """A client ends a conversation, for a participant or as the operator."""

    request_id: str
    conversation_id: str
    participant_id: str = ""

    @property
    def receipt(self) -> Receipt:
        """Named by the client."""
        return Receipt("end", self.request_id, (self.conversation_id, self.participant_id))

    @property
    def lookup(self) -> Lookup:
        """The conversation."""
        return Lookup(conversation_id=self.conversation_id)

    def decide(self, facts: Facts) -> Change:
        """Whoever is in it is told."""
        conversation = _live(facts, self.conversation_id)
        if not self.participant_id:
            return end(facts, conversation, EndReason.OPERATOR_ENDED)
        _participant(conversation, self.participant_id)
        return end(facts, conversation, EndReason.PARTICIPANT_ENDED)


@dataclass(frozen=True, slots=True)
class Speak:
    """A client speaks into a conversation: for a participant, or as the system to both."""

    request_id: str
    conversation_id: str
    participant_id: str
    body: str = field(repr=False)

    @property
    def receipt(self) -> Receipt:
        """Named by the client."""
        fields = (self.conversation_id, self.participant_id, self.body)
        return Receipt("speak", self.request_id, fields)

    @property
    def lookup(self) -> Lookup:
        """The conversation."""
        return Lookup(conversation_id=self.conversation_id)

    def decide(self, facts: Facts) -> Change:
        """The words go to the other participant, or to both."""
        conversation = _live(facts, self.conversation_id)
        receivers = self._receivers(conversation)
        spoken = [(receiver, self.body) for receiver in receivers]
        return Change(conversation, talked(facts, conversation), facts.texts(conversation, *spoken))

    def _receivers(self, conversation: Conversation) -> tuple[Person, ...]:
        speaker = _participant(conversation, self.participant_id) if self.participant_id else None
        if conversation.state is not State.ACTIVE:
            raise ConversationNotActive(conversation.conversation_id)
        return tuple(person for person in conversation.participants if person != speaker)


@dataclass(frozen=True, slots=True)
class Expire:
    """Time ends a conversation that is overdue."""

    conversation_id: str
    etag: str

    @property
    def receipt(self) -> Receipt:
        """Once for each state that became overdue."""
        return Receipt("expire", f"{self.conversation_id} {self.etag}", ())

    @property
    def lookup(self) -> Lookup:
        """The conversation."""
        return Lookup(conversation_id=self.conversation_id)

    def decide(self, facts: Facts) -> Change:
        """Nothing, if it has moved on since it was seen to be overdue."""
        conversation = facts.conversation
        if conversation is None or not conversation.has_expired(facts.now):
            return Change()
        waiting = conversation.state is State.WAITING
        reason = EndReason.CODE_EXPIRED if waiting else EndReason.IDLE_EXPIRED
        return end(facts, conversation, reason)


def _live(facts: Facts, conversation_id: str) -> Conversation:
    conversation = facts.conversation
    if conversation is None:
        raise ConversationNotFound(conversation_id)
    if not conversation.is_live:
        raise ConversationEnded(conversation_id)
    return conversation


def _participant(conversation: Conversation, participant_id: str) -> Person:
    person = conversation.participant(participant_id)
    if person is None:
        raise ParticipantNotFound(conversation.conversation_id)
    return person
