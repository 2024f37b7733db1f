"""Joining by code, and counting wrong codes so that they cannot be guessed."""

from dataclasses import replace
from datetime import datetime

from conversation_service.domain.commands.core.change import Change, CodeAttemptsChange
from conversation_service.domain.commands.core.lifecycle import joined
from conversation_service.domain.commands.core.number_selection import route_claims
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import Draft, Snapshot
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.rate_limits import NUMBER_CODE_ATTEMPTS_WINDOW, SenderLimits
from conversation_service.domain.templates.catalog import Template


def may_join(snapshot: Snapshot, invitation: Conversation, route: Route) -> bool:
    """Whether the code is somebody else's, on this number, and the two may meet."""
    inviter = invitation.participants[0]
    return (
        invitation.masked_number == route.masked_number
        and route.person != inviter
        and snapshot.may_meet(route.person, inviter)
    )


def join(
    snapshot: Snapshot,
    invitation: Conversation,
    joiner: Person,
    welcome: tuple[Draft, ...],
    join_request_time: datetime | None = None,
    reference: str = "",
) -> Change:
    """Makes the conversation active, with `welcome` for the joiner and a notice for the inviter.

    `reference` is the joiner's consent reference, if a client joins them.
    """
    after = joined(snapshot, invitation, joiner, join_request_time)
    inviters_reference, _ = invitation.consent_references
    after = replace(after, consent_references=(inviters_reference, reference))
    inviter = invitation.participants[0]
    drafts = [*welcome, snapshot.system_message(inviter, Template.SOMEBODY_JOINED)]
    event = Event(EventType.CONVERSATION_JOINED, after.conversation_id, joiner.participant_id)
    return replace(
        transition(snapshot, invitation, after, drafts, [event]),
        claims=route_claims(snapshot, after.masked_number, (joiner,)),
        requires_unblocked=(joiner, inviter),
    )


def wrong_code(
    snapshot: Snapshot, person: Person, masked_number: str
) -> tuple[SenderLimits, Change]:
    """Counts a wrong code for the person, and for the masked number unless that is empty."""
    limits = snapshot.limits_of(person).wrong_code_entered(snapshot.now)
    events = _lockout_events(person) if limits.is_locked_out(snapshot.now) else ()
    attempts = None
    if masked_number:
        after = snapshot.code_attempts_on_number.incremented(
            snapshot.now, NUMBER_CODE_ATTEMPTS_WINDOW
        )
        attempts = CodeAttemptsChange(masked_number, snapshot.code_attempts_on_number, after)
    return limits, Change(code_attempts=attempts, events=events)


def _lockout_events(person: Person) -> tuple[Event, ...]:
    return (Event(EventType.PERSON_JOIN_LIMIT_REACHED, participant_id=person.participant_id),)
