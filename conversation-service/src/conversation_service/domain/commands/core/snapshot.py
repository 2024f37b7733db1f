"""The state that a decision depends on, and the read set that says what to load of it."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta

from conversation_service.domain.errors import (
    ConversationEnded,
    ConversationNotFound,
    ParticipantNotFound,
)
from conversation_service.domain.model.consent import OptOut
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import Attachment, HeldMessage, OutboundMessage
from conversation_service.domain.model.participants import Block, Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.rate_limits import NEVER, SenderLimits, WindowCounter
from conversation_service.domain.templates.catalog import USING_RESERVE, Template


@dataclass(frozen=True, slots=True)
class Draft:
    """An outbound message before it has an id: a system message, or a relayed body."""

    to: Person
    body: str = field(repr=False)
    # Of a system message.
    template: Template | None = None
    # The participant who wrote it; empty for a message of the client.
    author_id: str = ""
    may_reach_opted_out: bool = False
    attachments: tuple[Attachment, ...] = ()
    # Of a participant's message, which has an id before it is relayed.
    message_id: str = ""
    was_held: bool = False


# Two people in any order.
Pair = tuple[Person, Person]


@dataclass(frozen=True, slots=True)
class ReadSet:
    """What to load before a decision. Empty fields load nothing."""

    # The conversation on each route, live or cooling off.
    routes: tuple[Route, ...] = ()
    # The conversation that waits behind a join code.
    code: str = ""
    conversation_id: str = ""
    # The live conversation with this name.
    unique_name: str = ""
    # Their rate limits and opt-outs, and whether their numbers are masked numbers.
    people: tuple[Person, ...] = ()
    # Whose blocks.
    blocks_of: Person | None = None
    # With whom they had a conversation that one of the two ended.
    endings_of: Person | None = None
    # The block with this id.
    block_id: str = ""
    # The masked number whose wrong codes are counted.
    code_attempts_on: str = ""
    # Whose last number.
    pair: Pair | None = None
    # Who may have been introduced to the pool.
    introductions_of: tuple[Person, ...] = ()
    # The conversation whose held messages.
    held_in: str = ""
    # How many live conversations each number has.
    needs_live_counts: bool = False
    # Which of these routes the carrier blocks.
    carrier_blocks_on: tuple[Route, ...] = ()
    # Whether to generate a join code.
    needs_code: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a decision may depend on, besides the command itself.

    The dictionaries hold what was loaded for all commands of a batch, by what it is about, with the
    outcomes of earlier commands; the properties select what this command's read set names.
    """

    pool: Pool
    now: datetime
    # Unique and sortable by time: the id of a new conversation, of a participant's message, the
    # etag after the change and the prefix of the ids of its other messages.
    change_id: str = ""
    # Generated if the read set needs a code.
    new_code: str = ""
    read_set: ReadSet = ReadSet()
    conversations: dict[str, Conversation] = field(default_factory=dict)
    # The id of the conversation on a route, even if the conversation is purged.
    current_conversation_ids: dict[Route, str] = field(default_factory=dict)
    # Whether the carrier delivers nothing on a route.
    carrier_blocks: dict[Route, bool] = field(default_factory=dict)
    # Conversation ids by join code and by unique name.
    codes: dict[str, str] = field(default_factory=dict)
    unique_names: dict[str, str] = field(default_factory=dict)
    sender_limits: dict[Person, SenderLimits] = field(default_factory=dict)
    opt_outs: dict[Person, OptOut] = field(default_factory=dict)
    # The people whose number is a masked number of any pool.
    masked: AbstractSet[Person] = frozenset()
    # By participant id: how many blocks stand between the participant and each other one.
    block_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    # By participant id: when one of the two last ended a conversation with each other one.
    endings: dict[str, dict[str, datetime]] = field(default_factory=dict)
    # By block id; the conversation that a block ended is apart from it.
    blocks: dict[str, Block] = field(default_factory=dict)
    block_conversation_ids: dict[str, str] = field(default_factory=dict)
    code_attempts: dict[str, WindowCounter] = field(default_factory=dict)
    # Whether a person was told lately who texts and how to opt out.
    introductions: dict[Person, bool] = field(default_factory=dict)
    last_numbers: dict[Pair, str] = field(default_factory=dict)
    held_messages: dict[str, tuple[HeldMessage, ...]] = field(default_factory=dict)
    # How many live conversations a masked number has.
    live_counts: dict[str, int] = field(default_factory=dict)

    def update(self, other: "Snapshot") -> None:
        """Adds what another snapshot has loaded."""
        for name in _LOADED:
            getattr(self, name).update(getattr(other, name))

    @property
    def conversation(self) -> Conversation | None:
        """The conversation that the read set names by its id."""
        return self.conversations.get(self.read_set.conversation_id)

    @property
    def block(self) -> Block | None:
        """The block that the read set names."""
        block = self.blocks.get(self.read_set.block_id)
        if block is None:
            return None
        conversation_id = self.block_conversation_ids.get(block.block_id, "")
        is_kept = conversation_id in self.conversations
        return replace(block, conversation_id=conversation_id if is_kept else "")

    @property
    def invitation(self) -> Conversation | None:
        """The waiting conversation that the read set's code leads to."""
        conversation = self.conversations.get(self.codes.get(self.read_set.code, ""))
        return conversation if conversation and conversation.state is State.WAITING else None

    @property
    def conversation_by_name(self) -> Conversation | None:
        """The live conversation with the read set's unique name."""
        conversation = self.conversations.get(self.unique_names.get(self.read_set.unique_name, ""))
        return conversation if conversation and conversation.is_live else None

    @property
    def code_attempts_on_number(self) -> WindowCounter:
        """Wrong codes on the read set's number."""
        return self.code_attempts.get(self.read_set.code_attempts_on, NEVER)

    @property
    def last_number(self) -> str:
        """The number that the read set's pair used last."""
        pair = self.read_set.pair
        return self.last_numbers.get(pair, "") if pair else ""

    @property
    def held(self) -> tuple[HeldMessage, ...]:
        """The held messages of the read set's conversation, oldest first."""
        return self.held_messages.get(self.read_set.held_in, ())

    def on_route(self, route: Route) -> Conversation | None:
        """The conversation on a route, live or cooling off."""
        return self.conversations.get(self.current_conversation_id(route))

    def live(self, route: Route) -> Conversation | None:
        """The live conversation on a route."""
        conversation = self.on_route(route)
        return conversation if conversation and conversation.is_live else None

    def cooling(self, route: Route) -> Conversation | None:
        """The ended conversation for which a route still cools off."""
        conversation = self.on_route(route)
        if conversation and self.cool_off_left_of(conversation) > timedelta(0):
            return conversation
        return None

    def cool_off_left(self, route: Route) -> timedelta:
        """Remaining cool-off of a route; zero if it is free or in use.

        The route of an erased conversation has the pool's whole cool-off left.
        """
        conversation = self.on_route(route)
        if conversation is not None:
            return self.cool_off_left_of(conversation)
        if not self.current_conversation_id(route):
            return timedelta(0)
        return self.pool.settings.lifecycle.cool_off

    def cool_off_left_of(self, conversation: Conversation) -> timedelta:
        """Remaining cool-off after a conversation; zero if it is live or never had two people."""
        if conversation.end_time is None or len(conversation.participants) < 2:
            return timedelta(0)
        return conversation.end_time + self.pool.settings.lifecycle.cool_off - self.now

    def current_conversation_id(self, route: Route) -> str:
        """The id of the conversation on a route, live or ended; empty if there is none."""
        return self.current_conversation_ids.get(route, "")

    def limits_of(self, person: Person) -> SenderLimits:
        """A person's rate limits."""
        return self.sender_limits.get(person, SenderLimits())

    def may_meet(self, person: Person, other: Person) -> bool:
        """Whether neither has blocked the other; the read set must name `person`'s blocks."""
        return other.participant_id not in self.block_counts.get(person.participant_id, {})

    def system_message(
        self,
        to: Person,
        template: Template,
        *,
        code: str = "",
        span: timedelta | None = None,
        receipt: str = "",
        about: str = "",
        may_reach_opted_out: bool = False,
    ) -> Draft:
        """A system message."""
        body = self.pool.catalog.render(
            template, code=code, span=span, receipt=receipt, about=about
        )
        return Draft(to, body, template, may_reach_opted_out=may_reach_opted_out)

    def outbound_messages(
        self, masked_number: str, conversation_id: str, drafts: Iterable[Draft], first: int = 0
    ) -> tuple[OutboundMessage, ...]:
        """The messages of this change, in order; outside of a conversation its id is empty.

        `first` is how many the change has already.
        """
        return tuple(
            OutboundMessage(
                message_id=self._message_id(draft, index),
                conversation_id=conversation_id,
                from_number=masked_number,
                to=draft.to,
                body=draft.body,
                may_reach_opted_out=draft.may_reach_opted_out,
                is_relayed=draft.author_id != "",
                uses_reserve=draft.template in USING_RESERVE,
                attachments=draft.attachments,
                template=draft.template,
                was_held=draft.was_held,
            )
            for index, draft in enumerate(drafts, first)
        )

    def message_events(
        self, conversation_id: str, drafts: Iterable[Draft], first: int = 0
    ) -> tuple[Event, ...]:
        """The events of the same messages."""
        return tuple(
            self._message_event(conversation_id, index, draft)
            for index, draft in enumerate(drafts, first)
        )

    def _message_event(self, conversation_id: str, index: int, draft: Draft) -> Event:
        is_relayed = draft.author_id != ""
        return Event(
            EventType.MESSAGE_RELAYED if is_relayed else EventType.MESSAGE_ACCEPTED,
            conversation_id=conversation_id,
            participant_id=draft.author_id if is_relayed else draft.to.participant_id,
            message_id=self._message_id(draft, index),
            detail=draft.template,
        )

    def _message_id(self, draft: Draft, index: int) -> str:
        return draft.message_id or f"{self.change_id}-{index}"


_LOADED = tuple(item.name for item in fields(Snapshot) if item.default_factory is dict)


def live_conversation(snapshot: Snapshot, conversation_id: str) -> Conversation:
    """The conversation of the read set; raises ConversationNotFound and ConversationEnded."""
    conversation = snapshot.conversation
    if conversation is None:
        raise ConversationNotFound(conversation_id)
    if not conversation.is_live:
        raise ConversationEnded(conversation_id)
    return conversation


def participant_of(conversation: Conversation, participant_id: str) -> Person:
    """A participant; raises ParticipantNotFound."""
    person = conversation.participant(participant_id)
    if person is None:
        raise ParticipantNotFound(conversation.conversation_id, participant_id)
    return person
