"""A client starts, opens or joins a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from conversation_service.domain.commands.core.change import Change, SenderLimitsChange
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.joining import join, may_join, wrong_code
from conversation_service.domain.commands.core.lifecycle import opened, started
from conversation_service.domain.commands.core.number_selection import (
    ANY_NUMBER,
    NumberSelection,
    check_name_is_free,
    check_none_opted_out,
    check_not_cooling,
    check_not_live,
    route_claims,
    select_number,
)
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import Draft, ReadSet, Snapshot
from conversation_service.domain.errors import (
    JoinCodeInvalid,
    PairBlocked,
    ParticipantOptedOut,
)
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class StartConversation:
    """Starts a conversation for one person, who waits with a code."""

    request_id: str
    person: Person
    selection: NumberSelection = ANY_NUMBER
    unique_name: str = field(default="", repr=False)

    @property
    def idempotency_key(self) -> IdempotencyKey:
        fields = (self.person.phone_number, self.unique_name, *self.selection.fields)
        return IdempotencyKey("start", self.request_id, fields)

    def read_set(self, pool: Pool) -> ReadSet:
        """The person's routes, and the number of live conversations on each masked number."""
        return ReadSet(
            routes=_routes(pool, self.selection, (self.person,)),
            people=(self.person,),
            unique_name=self.unique_name,
            needs_live_counts=True,
            needs_code=True,
        )

    def decide(self, snapshot: Snapshot) -> Change:
        """A waiting conversation; the person gets its code."""
        _check_may_begin(snapshot, (self.person,), self.unique_name)
        masked_number = select_number(snapshot, (self.person,), self.selection)
        conversation = started(snapshot, Route(masked_number, self.person), self.unique_name)
        lifetime = snapshot.pool.settings.code_lifetime
        code = conversation.code
        drafts = [snapshot.system_message(self.person, Template.CODE, code=code, span=lifetime)]
        event = Event(
            EventType.CONVERSATION_CREATED, conversation.conversation_id, self.person.participant_id
        )
        return _started(snapshot, conversation, drafts, event)


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """Opens a conversation between two people. If silent, they get no notice of it."""

    request_id: str
    people: tuple[Person, Person]
    selection: NumberSelection = ANY_NUMBER
    unique_name: str = field(default="", repr=False)
    is_silent: bool = False

    @property
    def idempotency_key(self) -> IdempotencyKey:
        numbers = (person.phone_number for person in self.people)
        fields = (*numbers, self.unique_name, str(self.is_silent), *self.selection.fields)
        return IdempotencyKey("open", self.request_id, fields)

    def read_set(self, pool: Pool) -> ReadSet:
        """Both people's routes, the number that they used last, and whether they may meet."""
        return ReadSet(
            routes=_routes(pool, self.selection, self.people),
            people=self.people,
            blocks_of=self.people[0],
            pair=self.people,
            unique_name=self.unique_name,
            needs_live_counts=True,
        )

    def decide(self, snapshot: Snapshot) -> Change:
        """An active conversation; both are notified unless it is silent."""
        _check_may_begin(snapshot, self.people, self.unique_name)
        if not snapshot.may_meet(*self.people):
            raise PairBlocked
        masked_number = select_number(snapshot, self.people, self.selection)
        conversation = opened(snapshot, masked_number, self.people, self.unique_name)
        notified = () if self.is_silent else self.people
        drafts = [snapshot.system_message(person, Template.OPENED) for person in notified]
        event = Event(EventType.CONVERSATION_CREATED, conversation.conversation_id)
        change = _started(snapshot, conversation, drafts, event)
        return replace(change, requires_unblocked=self.people)


@dataclass(frozen=True, slots=True)
class JoinConversation:
    """Joins a person to the conversation of a code."""

    request_id: str
    code: str = field(repr=False)
    person: Person

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return IdempotencyKey("join", self.request_id, (self.person.phone_number, self.code))

    def read_set(self, pool: Pool) -> ReadSet:
        """The code's conversation, and the person's routes, as its number is not known yet."""
        return ReadSet(
            routes=_routes(pool, ANY_NUMBER, (self.person,)),
            code=self.code,
            people=(self.person,),
            blocks_of=self.person,
        )

    def decide(self, snapshot: Snapshot) -> Change:
        """Makes the conversation active and notifies both; counts and refuses a wrong code."""
        invitation, person = snapshot.invitation, self.person
        if person in snapshot.opt_outs:
            raise ParticipantOptedOut("participant")
        if snapshot.limits_of(person).is_locked_out(snapshot.now):
            raise JoinCodeInvalid
        if invitation is None:
            return self._wrong_code(snapshot)
        route = Route(invitation.masked_number, person)
        if not may_join(snapshot, invitation, route):
            return self._wrong_code(snapshot)
        check_not_live(snapshot, route, "participant")
        check_not_cooling(snapshot, route, (*invitation.participants, person), "participant")
        return join(
            snapshot, invitation, person, (snapshot.system_message(person, Template.YOU_JOINED),)
        )

    def _wrong_code(self, snapshot: Snapshot) -> Change:
        after, counted = wrong_code(snapshot, self.person, masked_number="")
        limits = SenderLimitsChange(self.person, snapshot.limits_of(self.person), after)
        return replace(counted, sender_limits=limits, refusal=JoinCodeInvalid())


def _routes(
    pool: Pool, selection: NumberSelection, people: tuple[Person, ...]
) -> tuple[Route, ...]:
    requested = selection.masked_number
    numbers = (requested,) if requested else pool.masked_numbers
    return tuple(Route(number, person) for number in numbers for person in people)


def _check_may_begin(snapshot: Snapshot, people: tuple[Person, ...], unique_name: str) -> None:
    check_none_opted_out(snapshot, people)
    if unique_name:
        check_name_is_free(snapshot)


def _started(
    snapshot: Snapshot, conversation: Conversation, drafts: Sequence[Draft], event: Event
) -> Change:
    change = transition(snapshot, None, conversation, drafts, [event])
    claims = route_claims(snapshot, conversation.masked_number, conversation.participants)
    return replace(change, claims=claims)
