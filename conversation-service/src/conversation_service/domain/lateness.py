"""Texts that the carrier hands in so late that they belong to an earlier conversation."""

from datetime import datetime, timedelta

from conversation_service.domain.change import Change
from conversation_service.domain.conversation import Conversation
from conversation_service.domain.events import Rule
from conversation_service.domain.facts import Facts
from conversation_service.domain.inbound import Inbound, not_relayed
from conversation_service.domain.outcomes import failure_told, told_of
from conversation_service.domain.texts import Template

# More than the clocks of two well-kept machines differ by, and less than a number rests after an
# ending unless a pool chooses so.
CLOCK_DIFFERENCE = timedelta(seconds=60)


def is_too_late(text: Inbound, active: Conversation) -> bool:
    """Whether the carrier took it before anybody could mean the present partner with it."""
    since, taken = active.talk_time, text.carrier_time
    return since is not None and taken is not None and taken < since - CLOCK_DIFFERENCE


def ask_time(taken: datetime | None, now: datetime) -> datetime | None:
    """When somebody asked to join, if their text comes late or the carrier's clock is slow."""
    return taken if taken is not None and taken < now - CLOCK_DIFFERENCE else None


def refuse_late(facts: Facts, text: Inbound, active: Conversation) -> Change:
    """It is neither words for the present partner nor a command about them."""
    event = not_relayed(facts, text, active.conversation_id, Rule.TOO_LATE)
    answer = failure_told(facts, text.sender, Template.NOT_DELIVERED)
    return told_of(facts, active, answer, [event])
