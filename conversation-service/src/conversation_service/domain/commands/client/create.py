"""A client creates a conversation."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.contact_limits import (
    check_consent_reference,
    check_pair_may_meet_again,
    counted_openings,
)
from conversation_service.domain.commands.core.creation import creation
from conversation_service.domain.commands.core.lifecycle import created
from conversation_service.domain.commands.core.number_selection import (
    ANY_NUMBER,
    NumberSelection,
    check_name_is_free,
    check_none_opted_out,
    place,
    select_number,
)
from conversation_service.domain.commands.core.snapshot import Draft, Pair, ReadSet, Snapshot
from conversation_service.domain.errors import PairBlocked
from conversation_service.domain.model.conversation import flattened
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class CreateConversation:
    """Connects two people, or lets one wait with a code.

    If silent, nobody is notified who was told lately who texts and how to opt out.
    """

    request_id: str
    # One or two.
    people: tuple[Person, ...]
    selection: NumberSelection = ANY_NUMBER
    unique_name: str = field(default="", repr=False)
    silent: bool = False
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)
    consent_reference: str = field(default="", repr=False)
    about: str = field(default="", repr=False)

    @property
    def idempotency_key(self) -> IdempotencyKey:
        numbers = (person.phone_number for person in self.people)
        fields = (
            self.unique_name,
            str(self.silent),
            self.consent_reference,
            self.about,
            *self.selection.fields,
            *numbers,
            *flattened(self.labels),
        )
        return IdempotencyKey("create", self.request_id, fields)

    def read_set(self, pool: Pool) -> ReadSet:
        """Their routes and the use of each number; of two, their last number, their blocks and
        endings."""
        requested, pair = self.selection.masked_number, self._pair
        numbers = (requested,) if requested else pool.masked_numbers
        routes = tuple(Route(number, person) for number in numbers for person in self.people)
        return ReadSet(
            routes=routes,
            carrier_blocks_on=routes,
            people=self.people,
            blocks_of=pair and pair[0],
            endings_of=pair and pair[0],
            pair=pair,
            unique_name=self.unique_name,
            introductions_of=self.people if self.silent else (),
            needs_live_counts=True,
            needs_code=pair is None,
        )

    def decide(self, snapshot: Snapshot) -> Change:
        """A waiting conversation of one person, or an active one of two."""
        check_consent_reference(snapshot, self.consent_reference)
        check_none_opted_out(snapshot, self.people)
        check_name_is_free(snapshot)
        pair = self._pair
        if pair and not snapshot.may_meet(*pair):
            raise PairBlocked
        if pair:
            check_pair_may_meet_again(snapshot, *pair, place(0))
        masked_number = select_number(snapshot, self.people, self.selection)
        places = [place(index) for index in range(len(self.people))]
        openings = counted_openings(snapshot, self.people, places)
        conversation = created(snapshot, masked_number, self.people, self.unique_name, self.labels)
        second_reference = self.consent_reference if pair else ""
        references = (self.consent_reference, second_reference)
        conversation = replace(conversation, consent_references=references)
        drafts = [
            self._notice(snapshot, person)
            for person in self.people
            if not self.silent or not snapshot.introductions.get(person)
        ]
        change = creation(snapshot, conversation, drafts)
        return replace(change, requires_unblocked=pair, openings=openings)

    @property
    def _pair(self) -> Pair | None:
        return (self.people[0], self.people[1]) if len(self.people) > 1 else None

    def _notice(self, snapshot: Snapshot, person: Person) -> Draft:
        if self._pair:
            return snapshot.system_message(person, Template.OPENED, about=self.about)
        lifetime = snapshot.pool.settings.lifecycle.join_code_lifetime
        return snapshot.system_message(person, Template.CODE, code=snapshot.new_code, span=lifetime)
