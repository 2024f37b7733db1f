"""An inbound text, read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.replies import failure_told, told_of
from conversation_service.domain.commands.core.snapshot import Facts
from conversation_service.domain.keywords.keywords import Command, Kind
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType, Rule
from conversation_service.domain.model.messages import Attachment
from conversation_service.domain.model.participants import Line, Person
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class Inbound:
    """What arrived on a line, and what it asks for."""

    line: Line
    body: str = field(repr=False)
    command: Command
    attachments: tuple[Attachment, ...] = ()
    # When the carrier took it, if it said so.
    carrier_time: datetime | None = None

    @property
    def sender(self) -> Person:
        """Who texted."""
        return self.line.person


def kind_here(text: Inbound, facts: Facts) -> Kind:
    """What the text asks for; words for what the pool does not offer are talk."""
    settings, asked = facts.pool.settings, text.command.kind
    allowed = {
        Kind.BLOCK: settings.allows_block,
        Kind.REPORT: settings.allows_report,
        Kind.ERASE: settings.allows_erase,
    }
    return asked if asked is not Kind.YES and allowed.get(asked, True) else Kind.TALK


def received(facts: Facts, text: Inbound, name: str) -> Event:
    """That a text was understood as a command in a conversation."""
    return Event(
        EventType.COMMAND_RECEIVED,
        conversation_id=name,
        participant_id=text.sender.participant_id,
        message_id=facts.change_id,
        detail=text.command.kind.name,
    )


def recovered(facts: Facts, sender: Person, name: str) -> Event:
    """That a text whose callback never came was found."""
    return Event(EventType.MESSAGE_RECOVERED, name, sender.participant_id, facts.change_id)


def attachments_refused(facts: Facts, text: Inbound, name: str) -> Event:
    """That files of a text are not passed on."""
    author = text.sender.participant_id
    return Event(EventType.ATTACHMENTS_REFUSED, name, author, facts.change_id)


def not_relayed(facts: Facts, text: Inbound, name: str, rule: Rule) -> Event:
    """That a text was received and not passed on, and why."""
    return Event(
        EventType.MESSAGE_NOT_RELAYED,
        conversation_id=name,
        participant_id=text.sender.participant_id,
        message_id=facts.change_id,
        detail=rule.value,
    )


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
