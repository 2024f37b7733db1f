"""What a decision may know, and what has to be looked up for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from conversation_service.domain.errors import (
    ConversationEnded,
    ConversationNotFound,
    ParticipantNotFound,
)
from conversation_service.domain.model.consent import OptOut
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import Attachment, HeldMessage, OutboundMessage
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.rate_limits import NEVER, SenderLimits, WindowCounter
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class Draft:
    """A text to somebody: one that Maskline writes, by its template, or words of others.

    `author_id` is the participant whose words they are; a client may speak for nobody of them.
    """

    to: Person
    body: str = field(repr=False)
    template: Template | None = None
    author_id: str = ""
    may_reach_opted_out: bool = False
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadSet:
    """What to load before deciding.

    Lines with the conversations on them, live or just ended; a code's conversation; one by id; one
    by unique name; people's conduct; the block list of one; wrong tries on a number; the number
    that a pair used last; a conversation's held texts; how many conversations each number has; and
    whether a code has to be drawn.
    """

    lines: tuple[Route, ...] = ()
    code: str = ""
    conversation_id: str = ""
    unique_name: str = ""
    people: tuple[Person, ...] = ()
    blocks_of: Person | None = None
    tries_on: str = ""
    pair: tuple[Person, Person] | None = None
    held_in: str = ""
    needs_loads: bool = False
    needs_code: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a decision may depend on, besides the intent itself.

    `change_id` is fresh, unique and sorts by time: the id of a new conversation, the etag after
    the change and the stem of its message ids. `fresh_code` has just been drawn, if it is needed.
    """

    pool: Pool
    now: datetime
    change_id: str
    fresh_code: str
    lines: Mapping[Route, Conversation]
    # The id of what is on each line, even if it is forgotten already.
    current_conversation_ids: Mapping[Route, str] = field(default_factory=dict)
    invitation: Conversation | None = None
    conversation: Conversation | None = None
    named: Conversation | None = None
    sender_limits: Mapping[Person, SenderLimits] = field(default_factory=dict)
    # Whom people may not meet, by participant id.
    blocks: Mapping[Person, frozenset[str]] = field(default_factory=dict)
    tries: WindowCounter = NEVER
    opt_outs: Mapping[Person, OptOut] = field(default_factory=dict)
    last_number: str = ""
    held: tuple[HeldMessage, ...] = ()
    loads: Mapping[str, int] = field(default_factory=dict)

    def live(self, line: Route) -> Conversation | None:
        """The live conversation of a line."""
        found = self.lines.get(line)
        return found if found and found.is_live else None

    def cooling(self, line: Route) -> Conversation | None:
        """The conversation that ended on a line so lately that its number is not given away."""
        found = self.lines.get(line)
        return found if found and self.cool_off_left_of(found) > timedelta(0) else None

    def cool_off_left(self, line: Route) -> timedelta:
        """How long a line stays with what ended on it; nothing where it is free, or in use.

        What was erased keeps its line for as long as anything could.
        """
        found = self.lines.get(line)
        if found is not None:
            return self.cool_off_left_of(found)
        return self.pool.settings.cool_off if self.current_conversation_id(line) else timedelta(0)

    def cool_off_left_of(self, conversation: Conversation) -> timedelta:
        """How long its number stays with its people; nothing while it is live or never had two."""
        if conversation.end_time is None or len(conversation.participants) < 2:
            return timedelta(0)
        return conversation.end_time + self.pool.settings.cool_off - self.now

    def current_conversation_id(self, line: Route) -> str:
        """The id of what is on a line, live or ended; empty where nothing is."""
        return self.current_conversation_ids.get(line, "")

    def conduct(self, person: Person) -> SenderLimits:
        """What a person has lately done."""
        return self.sender_limits.get(person, SenderLimits())

    def may_meet(self, person: Person, other: Person) -> bool:
        """Whether neither has blocked the other; `person` is whose list was looked up."""
        return other.participant_id not in self.blocks.get(person, frozenset())

    def says(
        self,
        to: Person,
        template: Template,
        *,
        code: str = "",
        span: timedelta | None = None,
        receipt: str = "",
        may_reach_opted_out: bool = False,
    ) -> Draft:
        """A text that Maskline writes."""
        body = self.pool.speech.say(template, code=code, span=span, receipt=receipt)
        return Draft(to, body, template, may_reach_opted_out=may_reach_opted_out)

    def texts(
        self, masked_number: str, name: str, said: Iterable[Draft]
    ) -> tuple[OutboundMessage, ...]:
        """Texts of this change, in order; `name` is the conversation's, empty outside of any."""
        return tuple(
            OutboundMessage(
                message_id=f"{self.change_id}-{number}",
                conversation_id=name,
                from_number=masked_number,
                to=one.to,
                body=one.body,
                may_reach_opted_out=one.may_reach_opted_out,
                is_relayed=one.author_id != "",
                attachments=one.attachments,
            )
            for number, one in enumerate(said)
        )

    def message_events(self, name: str, said: Iterable[Draft]) -> tuple[Event, ...]:
        """What to tell of the same texts."""
        return tuple(self._text_event(name, at, one) for at, one in enumerate(said))

    def _text_event(self, name: str, at: int, said: Draft) -> Event:
        kind = EventType.MESSAGE_RELAYED
        if said.template is not None:
            kind = EventType.SYSTEM_TEXT_ACCEPTED
        return Event(
            kind,
            conversation_id=name,
            participant_id=said.author_id if said.template is None else said.to.participant_id,
            message_id=f"{self.change_id}-{at}",
            detail=said.template.value if said.template else "",
        )


def live_conversation(facts: Snapshot, conversation_id: str) -> Conversation:
    conversation = facts.conversation
    if conversation is None:
        raise ConversationNotFound(conversation_id)
    if not conversation.is_live:
        raise ConversationEnded(conversation_id)
    return conversation


def participant_of(conversation: Conversation, participant_id: str) -> Person:
    person = conversation.participant(participant_id)
    if person is None:
        raise ParticipantNotFound(conversation.conversation_id)
    return person
