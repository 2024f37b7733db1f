"""An inbound text, read."""

from dataclasses import dataclass, field
from datetime import datetime

from conversation_service.domain.attachment import Attachment
from conversation_service.domain.change import Line
from conversation_service.domain.commands import Command, Kind
from conversation_service.domain.events import Event, EventType, Rule
from conversation_service.domain.facts import Facts
from conversation_service.domain.phone import Person


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
