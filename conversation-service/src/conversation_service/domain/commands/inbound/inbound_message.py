"""An inbound text, read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.replies import limited_failure_notice, notify_limited
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.keywords.keywords import Keyword, ParsedKeyword
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType, Rule
from conversation_service.domain.model.messages import Attachment
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """What arrived on a line, and what it asks for."""

    line: Route
    body: str = field(repr=False)
    command: ParsedKeyword
    attachments: tuple[Attachment, ...] = ()
    # When the carrier took it, if it said so.
    carrier_time: datetime | None = None

    @property
    def sender(self) -> Person:
        """Who texted."""
        return self.line.person


def effective_keyword(text: ParsedMessage, facts: Snapshot) -> Keyword:
    """What the text asks for; words for what the pool does not offer are talk."""
    settings, asked = facts.pool.settings, text.command.kind
    allowed = {
        Keyword.BLOCK: settings.allows_block,
        Keyword.REPORT: settings.allows_report,
        Keyword.ERASE: settings.allows_erase,
    }
    return asked if asked is not Keyword.YES and allowed.get(asked, True) else Keyword.TALK


def keyword_event(facts: Snapshot, text: ParsedMessage, name: str) -> Event:
    """That a text was understood as a command in a conversation."""
    return Event(
        EventType.COMMAND_RECEIVED,
        conversation_id=name,
        participant_id=text.sender.participant_id,
        message_id=facts.change_id,
        detail=text.command.kind.name,
    )


def reconciled_event(facts: Snapshot, sender: Person, name: str) -> Event:
    """That a text whose callback never came was found."""
    return Event(EventType.MESSAGE_RECOVERED, name, sender.participant_id, facts.change_id)


def attachments_refused(facts: Snapshot, text: ParsedMessage, name: str) -> Event:
    """That files of a text are not passed on."""
    author = text.sender.participant_id
    return Event(EventType.ATTACHMENTS_REFUSED, name, author, facts.change_id)


def not_relayed_event(facts: Snapshot, text: ParsedMessage, name: str, rule: Rule) -> Event:
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


def is_stale(text: ParsedMessage, active: Conversation) -> bool:
    """Whether the carrier took it before anybody could mean the present partner with it."""
    since, taken = active.active_since, text.carrier_time
    return since is not None and taken is not None and taken < since - CLOCK_DIFFERENCE


def join_request_time(taken: datetime | None, now: datetime) -> datetime | None:
    """When somebody asked to join, if their text comes late or the carrier's clock is slow."""
    return taken if taken is not None and taken < now - CLOCK_DIFFERENCE else None


def refuse_stale(facts: Snapshot, text: ParsedMessage, active: Conversation) -> Change:
    """It is neither words for the present partner nor a command about them."""
    event = not_relayed_event(facts, text, active.conversation_id, Rule.TOO_LATE)
    answer = limited_failure_notice(facts, text.sender, Template.NOT_DELIVERED)
    return notify_limited(facts, active, answer, [event])
