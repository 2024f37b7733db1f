"""What internal clients ask for, in conversations that are there; and what time does to them."""

from dataclasses import dataclass, field, replace

from conversation_service.domain.change import Change, HeldText, Line
from conversation_service.domain.conversation import Conversation, EndReason, State
from conversation_service.domain.endings import end
from conversation_service.domain.errors import (
    ConversationEnded,
    ConversationNotActive,
    ConversationNotFound,
    ConversationNotPaused,
    ConversationNotReopenable,
    ConversationPaused,
    ParticipantNotFound,
    ParticipantOptedOut,
    TooManyHeld,
    UniqueNameTaken,
)
from conversation_service.domain.events import Event, EventType, Rule
from conversation_service.domain.facts import Facts, Lookup, Said
from conversation_service.domain.intents import Receipt
from conversation_service.domain.numbers import claims
from conversation_service.domain.outcomes import change_of
from conversation_service.domain.phone import Person
from conversation_service.domain.pool import Pool
from conversation_service.domain.relaying import hold, may_hold, words_of
from conversation_service.domain.texts import Template
from conversation_service.domain.transitions import paused, reopened, resumed, talked, warned


@dataclass(frozen=True, slots=True)
class End:
    """A client ends a conversation, for a participant or as the operator, who may say why."""

    request_id: str
    conversation_id: str
    participant_id: str = ""
    note: str = field(default="", repr=False)

    @property
    def receipt(self) -> Receipt:
        """Named by the client."""
        fields = (self.conversation_id, self.participant_id, self.note)
        return Receipt("end", self.request_id, fields)

    def lookup(self, pool: Pool) -> Lookup:
        """The conversation."""
        return Lookup(conversation_id=self.conversation_id)

    def decide(self, facts: Facts) -> Change:
        """Whoever is in it is told."""
        conversation = _live(facts, self.conversation_id)
        if not self.participant_id:
            return end(facts, conversation, EndReason.OPERATOR_ENDED, note=self.note)
        leaver = _participant(conversation, self.participant_id)
        return end(facts, conversation, EndReason.PARTICIPANT_ENDED, leaver, note=self.note)


@dataclass(frozen=True, slots=True)
class EndForOptOut:
    """A person has opted out: their conversation ends, if it is live."""

    conversation_id: str
    etag: str
    person: Person

    @property
    def receipt(self) -> Receipt:
        """Once for each state that the opt-out found."""
        return Receipt("opt-out", f"{self.conversation_id} {self.etag}", ())

    def lookup(self, pool: Pool) -> Lookup:
        """The conversation."""
        return Lookup(conversation_id=self.conversation_id)

    def decide(self, facts: Facts) -> Change:
        """The partner is told neutrally, the person nothing."""
        conversation = facts.conversation
        if conversation is None or not conversation.is_live:
            return Change()
        return end(facts, conversation, EndReason.OPTED_OUT, self.person, farewell=())


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

    def lookup(self, pool: Pool) -> Lookup:
        """The conversation."""
        return Lookup(conversation_id=self.conversation_id)

    def decide(self, facts: Facts) -> Change:
        """The words go to the other participant, or to both; a participant's may be held."""
        conversation = _live(facts, self.conversation_id)
        author = _participant(conversation, self.participant_id) if self.participant_id else None
        if conversation.state is not State.ACTIVE:
            raise ConversationNotActive(conversation.conversation_id)
        if author is not None and conversation.pause_time is not None:
            return self._hold(facts, conversation, author)
        receivers = (person for person in conversation.participants if person != author)
        said = [Said(one, self.body, author_id=self.participant_id) for one in receivers]
        after = talked(facts, conversation, conversation.exchange)
        return change_of(facts, conversation, after, said)

    def _hold(self, facts: Facts, conversation: Conversation, author: Person) -> Change:
        match may_hold(facts, conversation):
            case None:
                return hold(facts, conversation, HeldText(author.participant_id, self.body))
            case Rule.TOO_MANY_HELD:
                raise TooManyHeld(conversation.conversation_id)
            case _:
                raise ConversationPaused(conversation.conversation_id)


@dataclass(frozen=True, slots=True)
class Pause:
    """A client pauses a conversation."""

    request_id: str
    conversation_id: str

    @property
    def receipt(self) -> Receipt:
        """Named by the client."""
        return Receipt("pause", self.request_id, (self.conversation_id,))

    def lookup(self, pool: Pool) -> Lookup:
        """The conversation."""
        return Lookup(conversation_id=self.conversation_id)

    def decide(self, facts: Facts) -> Change:
        """Nobody is told until they text."""
        conversation = _live(facts, self.conversation_id)
        if conversation.state is not State.ACTIVE:
            raise ConversationNotActive(self.conversation_id)
        if conversation.pause_time is not None:
            raise ConversationPaused(self.conversation_id)
        event = Event(EventType.CONVERSATION_PAUSED, self.conversation_id)
        return change_of(facts, conversation, paused(facts, conversation), (), [event])


@dataclass(frozen=True, slots=True)
class Resume:
    """A client lets a paused conversation go on."""

    request_id: str
    conversation_id: str

    @property
    def receipt(self) -> Receipt:
        """Named by the client."""
        return Receipt("resume", self.request_id, (self.conversation_id,))

    def lookup(self, pool: Pool) -> Lookup:
        """The conversation and the texts it holds."""
        return Lookup(conversation_id=self.conversation_id, held_in=self.conversation_id)

    def decide(self, facts: Facts) -> Change:
        """Both are told, if anybody knew of the pause; then what was held goes out in order."""
        conversation = _live(facts, self.conversation_id)
        if conversation.pause_time is None:
            raise ConversationNotPaused(self.conversation_id)
        knew = [
            p
            for p, count in zip(conversation.participants, conversation.held, strict=True)
            if count
        ]
        said = [facts.says(person, Template.RESUMED) for person in knew]
        said += [
            words_of(conversation, one.author_id, one.body, one.attachments) for one in facts.held
        ]
        event = Event(EventType.CONVERSATION_RESUMED, self.conversation_id)
        return change_of(facts, conversation, resumed(facts, conversation), said, [event])


@dataclass(frozen=True, slots=True)
class Reopen:
    """A client takes an ending back. Who was in it, and on which number, never changes."""

    request_id: str
    ended: Conversation

    @property
    def receipt(self) -> Receipt:
        """Named by the client."""
        return Receipt("reopen", self.request_id, (self.ended.conversation_id,))

    def lookup(self, pool: Pool) -> Lookup:
        """The conversation, its lines, its name, and whether the two may meet."""
        number, people = self.ended.masked_number, self.ended.participants
        return Lookup(
            lines=tuple(Line(number, person) for person in people),
            conversation_id=self.ended.conversation_id,
            unique_name=self.ended.unique_name,
            people=people,
            blocks_of=people[0],
        )

    def decide(self, facts: Facts) -> Change:
        """Active again, if nothing has come between; both are told."""
        before = facts.conversation
        if before is None:
            raise ConversationNotFound(self.ended.conversation_id)
        if not self._may_go_on(facts, before):
            raise ConversationNotReopenable(before.conversation_id)
        if facts.named is not None:
            raise UniqueNameTaken(facts.pool.name)
        if any(person in facts.opt_outs for person in before.participants):
            raise ParticipantOptedOut
        first, second = before.participants
        said = [facts.says(person, Template.REOPENED) for person in before.participants]
        event = Event(EventType.CONVERSATION_REOPENED, before.conversation_id)
        return replace(
            change_of(facts, before, reopened(facts, before), said, [event]),
            claims=claims(facts, before.masked_number, before.participants),
            unless_blocked=(first, second),
        )

    def _may_go_on(self, facts: Facts, before: Conversation) -> bool:
        number = facts.pool.number(before.masked_number)
        if before.end_time is None or len(before.participants) < 2 or number is None:
            return False
        in_time = facts.now < before.end_time + facts.pool.settings.reopen_grace
        lines = (Line(before.masked_number, person) for person in before.participants)
        untouched = all(facts.occupant_id(line) in ("", before.conversation_id) for line in lines)
        return in_time and untouched and number.takes_new and facts.may_meet(*before.participants)


@dataclass(frozen=True, slots=True)
class Expire:
    """Time warns of an end, or ends a conversation that is overdue."""

    conversation_id: str
    etag: str

    @property
    def receipt(self) -> Receipt:
        """Once for each state that became overdue."""
        return Receipt("expire", f"{self.conversation_id} {self.etag}", ())

    def lookup(self, pool: Pool) -> Lookup:
        """The conversation."""
        return Lookup(conversation_id=self.conversation_id)

    def decide(self, facts: Facts) -> Change:
        """Nothing, if it has moved on since it was seen to be overdue."""
        conversation = facts.conversation
        if conversation is None or not conversation.is_live or conversation.due_time > facts.now:
            return Change()
        if not conversation.has_expired(facts.now):
            return _warn(facts, conversation)
        return end(facts, conversation, _expiry(conversation))


def _warn(facts: Facts, conversation: Conversation) -> Change:
    """One text to both before an end that time brings."""
    reason, end_time = _expiry(conversation), conversation.next_end_time
    by_idling = reason is EndReason.IDLE_EXPIRED
    template = Template.IDLE_WARNING if by_idling else Template.LIFETIME_WARNING
    left = end_time - facts.now if end_time else facts.pool.settings.warning_lead
    said = [facts.says(one, template, span=left) for one in conversation.participants]
    name = conversation.conversation_id
    event = Event(EventType.EXPIRY_WARNED, name, detail=reason.value)
    return change_of(facts, conversation, warned(facts, conversation), said, [event])


def _expiry(conversation: Conversation) -> EndReason:
    if conversation.state is State.WAITING:
        return EndReason.CODE_EXPIRED
    by_idling = conversation.next_end_time == conversation.idle_end_time
    return EndReason.IDLE_EXPIRED if by_idling else EndReason.LIFETIME_EXPIRED


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
