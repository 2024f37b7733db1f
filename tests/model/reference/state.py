"""The state of the model: what DESIGN.md promises, in plain Python."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import count

from model.people import MARK, POOLS
from model.reference.limits import SenderLimits, WindowCounter
from model.reference.records import (
    AcceptedBody,
    Conversation,
    ErasureRecord,
    ExpectedMessage,
    PastConversation,
)

from conversation_service.domain.model.pool import Pool, PoolSettings
from conversation_service.domain.templates.catalog import INTRODUCTIONS, Template, TemplateCatalog

NO_TIME = timedelta(0)


@dataclass
class NumberModel:
    """A masked number of a pool."""

    accepts_new: bool = True
    is_reserved: bool = False


@dataclass
class PoolModel:
    """A pool: its numbers in order, the limits of its people, and who must not meet."""

    name: str
    settings: PoolSettings
    numbers: dict[str, NumberModel]
    sender_limits: dict[str, SenderLimits] = field(default_factory=dict)
    code_attempts: dict[str, WindowCounter] = field(default_factory=dict)
    blocked: set[frozenset[str]] = field(default_factory=set)
    # Who has been told who texts and how to opt out.
    introduced: set[str] = field(default_factory=set)
    # The numbers and people between whom the carrier delivers nothing, as far as the service knows.
    carrier_blocks: set[tuple[str, str]] = field(default_factory=set)
    # Conversations on other numbers of two who blocked each other: they go on.
    unaffected_by_block: set[str] = field(default_factory=set)
    # The number that a pair used last: several if their conversations ended at the same time.
    last_numbers: dict[frozenset[str], tuple[datetime, set[str]]] = field(default_factory=dict)
    received_ids: set[str] = field(default_factory=set)
    # When one of a pair last ended a conversation of the two.
    parted: dict[frozenset[str], datetime] = field(default_factory=dict)

    @property
    def catalog(self) -> TemplateCatalog:
        keywords = self.settings.keywords
        return _catalog(
            self.name, keywords.end_opts_out, keywords.block_enabled, keywords.report_enabled
        )

    def limits_of(self, person: str) -> SenderLimits:
        return self.sender_limits.setdefault(person, SenderLimits())

    def record_end(self, people: Iterable[str], number: str, now: datetime) -> None:
        """The conversation of a pair on a number has ended."""
        pair = frozenset(people)
        before, numbers = self.last_numbers.get(pair, (now, set()))
        self.last_numbers[pair] = (now, {number, *(numbers if before == now else ())})

    def last_numbers_of(self, people: Iterable[str]) -> set[str]:
        """The candidates for the number that a pair used last."""
        return self.last_numbers.get(frozenset(people), (None, {""}))[1]

    def may_bring_in(self, people: Iterable[str], now: datetime) -> bool:
        """Whether a client may open one more conversation for each of these people."""
        most = self.settings.consent.max_openings_per_day
        return all(self.limits_of(person).may_be_brought_in(now, most) for person in people)

    def may_connect(self, people: Iterable[str], now: datetime) -> bool:
        """Whether a client may connect these people, as none of them has just ended it."""
        ended = self.parted.get(frozenset(people))
        return ended is None or ended + self.settings.consent.reopen_pause <= now

    def may_meet(self, first: str, second: str) -> bool:
        """Two different people of whom neither has blocked the other."""
        return first != second and frozenset((first, second)) not in self.blocked


@cache
def _catalog(
    pool: str, end_opts_out: bool, block_enabled: bool, report_enabled: bool
) -> TemplateCatalog:
    """Of the settings that a step may switch only these change the system messages."""
    [settings] = (seeded.settings for seeded in POOLS if seeded.name == pool)
    keywords = replace(
        settings.keywords,
        end_opts_out=end_opts_out,
        block_enabled=block_enabled,
        report_enabled=report_enabled,
    )
    return Pool(pool, replace(settings, keywords=keywords)).catalog


@dataclass
class Model:
    """The state of a whole deployment."""

    now: datetime
    pools: dict[str, PoolModel] = field(default_factory=dict)
    conversations: list[Conversation] = field(default_factory=list)
    # By person, the message or call that opted them out first.
    opted_out: dict[str, str] = field(default_factory=dict)
    # By id; and by person, the id that their confirmation must show.
    erasures: dict[str, ErasureRecord] = field(default_factory=dict)
    erasure_ids: dict[str, str] = field(default_factory=dict)
    # Ids of the messages that asked for an erasure.
    erasure_message_ids: set[str] = field(default_factory=set)
    # Ends of the cool-off of routes whose conversation was erased: by pool, number and person.
    erased_cool_offs: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    carrier_blocked: set[str] = field(default_factory=set)
    outbox: list[ExpectedMessage] = field(default_factory=list)
    past: list[PastConversation] = field(default_factory=list)
    # The first pool of each number, and the numbers that have been in another one since.
    first_pools: dict[str, str] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    # By the mark in the body.
    accepted_bodies: dict[str, AcceptedBody] = field(default_factory=dict)
    # Number of relayed messages by pool.
    relayed: "Counter[str]" = field(default_factory=Counter)
    ends: "count[int]" = field(default_factory=lambda: count(1))

    def pool_of(self, number: str) -> PoolModel | None:
        return next((pool for pool in self.pools.values() if number in pool.numbers), None)

    def add_number(self, pool: PoolModel, number: str, *, is_reserved: bool) -> None:
        """A number that no pool has."""
        pool.numbers[number] = NumberModel(is_reserved=is_reserved)
        if self.first_pools.setdefault(number, pool.name) != pool.name:
            self.moved.add(number)

    def live(self, number: str, person: str) -> Conversation | None:
        """The live conversation of a route."""
        live = [
            conversation
            for conversation in self.live_conversations()
            if conversation.number == number and person in conversation.people
        ]
        assert len(live) <= 1
        return live[0] if live else None

    def live_conversations(self) -> Iterator[Conversation]:
        return (conversation for conversation in self.conversations if conversation.is_live)

    def current(self, pool: PoolModel, number: str, person: str) -> Conversation | None:
        """The live conversation of a route, or the last one while the route cools off."""
        if live := self.live(number, person):
            return live
        ended = [
            conversation
            for conversation in self.conversations
            if self._cools_off(pool, conversation, number, person)
        ]
        return max(ended, key=lambda conversation: conversation.end_number, default=None)

    def cooling(self, pool: PoolModel, number: str, person: str) -> Conversation | None:
        """The ended conversation for which a route cools off."""
        current = self.current(pool, number, person)
        return current if current and not current.is_live else None

    def erased_cool_off(self, pool: PoolModel, number: str, person: str) -> timedelta:
        """Cool-off shown for a route whose conversation was erased: its end time is not known."""
        until = self.erased_cool_offs.get((pool.name, number, person), self.now)
        return pool.settings.lifecycle.cool_off if until > self.now else NO_TIME

    def cool_off_left(self, pool: PoolModel, conversation: Conversation) -> timedelta:
        assert conversation.end_time is not None
        return conversation.end_time + pool.settings.lifecycle.cool_off - self.now

    def _cools_off(
        self, pool: PoolModel, conversation: Conversation, number: str, person: str
    ) -> bool:
        if conversation.is_live or len(conversation.people) < 2 or conversation.pool != pool.name:
            return False
        is_on_route = conversation.number == number and person in conversation.people
        return is_on_route and self.cool_off_left(pool, conversation) > NO_TIME

    def by_code(self, pool: PoolModel, code: str) -> Conversation | None:
        """The waiting conversation that a code joins."""
        for conversation in self.conversations:
            is_here = conversation.is_waiting and conversation.pool == pool.name
            if is_here and code and conversation.code == code:
                return conversation
        return None

    def by_unique_name(self, pool: PoolModel, unique_name: str) -> Conversation | None:
        for conversation in self.live_conversations():
            is_here = conversation.pool == pool.name and unique_name
            if is_here and conversation.unique_name == unique_name:
                return conversation
        return None

    def notify(
        self,
        number: str,
        to: str,
        template: Template,
        conversation: Conversation | None = None,
        duration: timedelta | None = None,
        *,
        is_daily_help: bool = False,
    ) -> None:
        """A system message to one person."""
        pool = conversation.pool if conversation else self._owner(number)
        if template in INTRODUCTIONS:
            self.pools[pool].introduced.add(to)
        erasure_id = self.erasure_ids[to] if template is Template.ERASED else ""
        message = ExpectedMessage(pool, number, to, "", template, conversation, duration)
        self.outbox.append(replace(message, erasure_id=erasure_id, is_daily_help=is_daily_help))

    def relay(self, conversation: Conversation, author: str, body: str, to: str = "") -> None:
        """A body to the author's partner, or to the person that a client's message is for."""
        self.relayed[conversation.pool] += 1
        conversation.relayed += 1
        receiver = to or conversation.partner(author)
        self.outbox.append(
            ExpectedMessage(
                conversation.pool,
                conversation.number,
                receiver,
                body,
                conversation=conversation,
                author=author,
            )
        )

    def accept(self, conversation: Conversation, author: str, body: str) -> None:
        """A body is relayed or held: from now on the partner may receive it."""
        partner = conversation.partner(author)
        for mark in MARK.findall(body):
            self.accepted_bodies[mark] = AcceptedBody(
                author, partner, conversation.pool, conversation.number, self.now
            )

    def _owner(self, number: str) -> str:
        pool = self.pool_of(number)
        assert pool is not None
        return pool.name


def new_model(now: datetime) -> Model:
    """The seeded pools, without conversations."""
    model = Model(now)
    for pool in POOLS:
        numbers = {
            number.phone_number: NumberModel(number.accepts_new, number.is_reserved)
            for number in pool.numbers
        }
        model.pools[pool.name] = PoolModel(pool.name, pool.settings, numbers)
        model.first_pools |= dict.fromkeys(numbers, pool.name)
    return model
