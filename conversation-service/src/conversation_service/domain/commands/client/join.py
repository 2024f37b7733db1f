"""A client joins a person to a conversation."""

from dataclasses import dataclass, field, replace

from conversation_service.domain.commands.core.change import Change, SenderLimitsChange
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.contact_limits import (
    check_consent_reference,
    check_pair_may_meet_again,
    counted_openings,
)
from conversation_service.domain.commands.core.joining import join, may_join, wrong_code
from conversation_service.domain.commands.core.number_selection import (
    check_not_blocked_at_carrier,
    check_not_cooling,
    check_not_live,
)
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.errors import JoinCodeInvalid, ParticipantOptedOut
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class JoinConversation:
    """Joins a person to the conversation of a code, and tells them what it is about, if given."""

    request_id: str
    code: str = field(repr=False)
    person: Person
    consent_reference: str = field(default="", repr=False)
    about: str = field(default="", repr=False)

    @property
    def idempotency_key(self) -> IdempotencyKey:
        fields = (self.person.phone_number, self.code, self.consent_reference, self.about)
        return IdempotencyKey("join", self.request_id, fields)

    def read_set(self, pool: Pool) -> ReadSet:
        """The code's conversation, and the person's routes, as its number is not known yet."""
        routes = tuple(Route(number, self.person) for number in pool.masked_numbers)
        return ReadSet(
            routes=routes,
            carrier_blocks_on=routes,
            code=self.code,
            people=(self.person,),
            blocks_of=self.person,
            endings_of=self.person,
        )

    def decide(self, snapshot: Snapshot) -> Change:
        """Makes the conversation active and notifies both; counts and refuses a wrong code."""
        check_consent_reference(snapshot, self.consent_reference)
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
        check_not_blocked_at_carrier(snapshot, route, "participant")
        check_not_live(snapshot, route, "participant")
        check_not_cooling(snapshot, route, (*invitation.participants, person), "participant")
        check_pair_may_meet_again(snapshot, person, invitation.participants[0], "participant")
        openings = counted_openings(snapshot, (person,), ("participant",))
        template = Template.OPENED if self.about else Template.YOU_JOINED
        welcome = snapshot.system_message(person, template, about=self.about)
        change = join(snapshot, invitation, person, (welcome,), reference=self.consent_reference)
        return replace(change, openings=openings)

    def _wrong_code(self, snapshot: Snapshot) -> Change:
        after, counted = wrong_code(snapshot, self.person, masked_number="")
        limits = SenderLimitsChange(self.person, snapshot.limits_of(self.person), after)
        return replace(counted, sender_limits=limits, refusal=JoinCodeInvalid())
