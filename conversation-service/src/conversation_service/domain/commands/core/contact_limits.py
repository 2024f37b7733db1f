"""Limits on what clients do to people: how often they open conversations, and with whom."""

from collections.abc import Sequence
from itertools import permutations

from conversation_service.domain.commands.core.change import SenderLimitsChange
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.errors import (
    ContactLimitReached,
    FieldViolation,
    InvalidArgument,
)
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.participants import Person


def check_consent_reference(snapshot: Snapshot, consent_reference: str) -> None:
    """Raises InvalidArgument if the pool requires one that is not given."""
    if snapshot.pool.settings.consent.consent_reference_required and not consent_reference:
        violation = FieldViolation("consent_reference", "required by this pool")
        raise InvalidArgument([violation])


def check_pair_may_meet_again(
    snapshot: Snapshot, person: Person, other: Person, participant: str
) -> None:
    """Raises ContactLimitReached, naming `participant`, if one of them ended a conversation of the
    two lately; the read set must name `person`'s endings."""
    ending = snapshot.endings.get(person.participant_id, {}).get(other.participant_id)
    if ending is None:
        return
    retry_time = ending + snapshot.pool.settings.consent.reopen_pause
    if snapshot.now < retry_time:
        raise ContactLimitReached(participant, retry_time)


def counted_openings(
    snapshot: Snapshot, people: Sequence[Person], participants: Sequence[str]
) -> tuple[SenderLimitsChange, ...]:
    """One more conversation that a client opens for each of these people.

    Raises ContactLimitReached, naming one of `participants`, if somebody has had enough of them.
    """
    most = snapshot.pool.settings.consent.max_openings_per_day
    for person, participant in zip(people, participants, strict=True):
        openings = snapshot.limits_of(person).openings
        if openings.until is not None and openings.value_at(snapshot.now) >= most:
            raise ContactLimitReached(participant, openings.until)
    limits = [(person, snapshot.limits_of(person)) for person in people]
    return tuple(
        SenderLimitsChange(person, before, before.opened(snapshot.now)) for person, before in limits
    )


def parted(after: Conversation) -> list[tuple[Person, Person]]:
    """Each participant with the other one, if one of them has ended the conversation."""
    if after.end_reason is not EndReason.PARTICIPANT_ENDED:
        return []
    return list(permutations(after.participants, 2))
