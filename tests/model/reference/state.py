"""The model: what a person who has read the design expects, in plain Python."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import count

from conversation_service.domain.model.pool import Pool, PoolSettings
from conversation_service.domain.templates.catalog import Template, TemplateCatalog

from model.people import MARK, POOLS
from model.reference.limits import Conduct, Count
from model.reference.records import Erased, Out, Past, Spoken, Talk

NO_TIME = timedelta(0)


@dataclass
class NumberModel:
    """A masked number of a pool."""

    accepts_new: bool = True
    is_reserved: bool = False


@dataclass
class PoolModel:
    """A pool: its numbers in order, its people's conduct and who must not meet."""

    name: str
    settings: PoolSettings
    numbers: dict[str, NumberModel]
    sender_limits: dict[str, Conduct] = field(default_factory=dict)
    tries: dict[str, Count] = field(default_factory=dict)
    blocked: set[frozenset[str]] = field(default_factory=set)
    # What two who blocked each other had besides, on other numbers: it goes on.
    spared: set[str] = field(default_factory=set)
    # Which number a pair used last: several, if conversations of theirs ended at one moment.
    last_numbers: dict[frozenset[str], tuple[datetime, set[str]]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    @property
    def speech(self) -> TemplateCatalog:
        """What it says, in the words that it understands."""
        return _speech(self.name, self.settings.end_opts_out)

    def conduct(self, person: str) -> Conduct:
        return self.sender_limits.setdefault(person, Conduct())

    def left(self, people: Iterable[str], number: str, now: datetime) -> None:
        """A pair's conversation on a number has ended."""
        pair = frozenset(people)
        before, numbers = self.last_numbers.get(pair, (now, set()))
        self.last_numbers[pair] = (now, {number, *(numbers if before == now else ())})

    def used_last(self, people: Iterable[str]) -> set[str]:
        """What may be the number that a pair used last."""
        return self.last_numbers.get(frozenset(people), (None, {""}))[1]

    def may_meet(self, one: str, other: str) -> bool:
        """Two different people of whom neither has blocked the other."""
        return one != other and frozenset((one, other)) not in self.blocked


@cache
def _speech(pool: str, end_opts_out: bool) -> TemplateCatalog:
    """Of all that a step may switch only this changes what a pool says."""
    [settings] = (one.settings for one in POOLS if one.name == pool)
    return Pool(pool, replace(settings, end_opts_out=end_opts_out)).speech


@dataclass
class Model:
    """Everything that matters of a deployment."""

    now: datetime
    pools: dict[str, PoolModel] = field(default_factory=dict)
    talks: list[Talk] = field(default_factory=list)
    # Who opted out, and which text or call told of it first.
    opted_out: dict[str, str] = field(default_factory=dict)
    # The erasures that were made, by their receipts; and which one a person is to be told of.
    erasures: dict[str, Erased] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)
    # Which texts were taken as wishes to be erased.
    erasing: set[str] = field(default_factory=set)
    # Until when a line rests whose conversation was erased: by pool, number and person.
    rests: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    carrier_blocked: set[str] = field(default_factory=set)
    outbox: list[Out] = field(default_factory=list)
    past: list[Past] = field(default_factory=list)
    # The first pool of each number, and the numbers that have been in another one since.
    homes: dict[str, str] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    spoken: dict[str, Spoken] = field(default_factory=dict)
    # How many texts were passed on in each pool.
    relayed: "Counter[str]" = field(default_factory=Counter)
    ends: "count[int]" = field(default_factory=lambda: count(1))

    def known(self, pool: str, conversation_id: str) -> Talk | None:
        """A conversation that is kept, by its id."""
        here = (one for one in self.talks if one.pool == pool)
        return next((one for one in here if one.conversation_id == conversation_id), None)

    def pool_of(self, number: str) -> PoolModel | None:
        return next((pool for pool in self.pools.values() if number in pool.numbers), None)

    def add_number(self, pool: PoolModel, number: str, *, is_reserved: bool) -> None:
        """A number comes, or takes new conversations again."""
        pool.numbers[number] = NumberModel(is_reserved=is_reserved)
        if self.homes.setdefault(number, pool.name) != pool.name:
            self.moved.add(number)

    def live(self, number: str, person: str) -> Talk | None:
        """What a person is in on a number."""
        found = [one for one in self.live_talks() if one.number == number and person in one.people]
        assert len(found) <= 1
        return found[0] if found else None

    def live_talks(self) -> Iterator[Talk]:
        return (one for one in self.talks if one.is_live)

    def occupant(self, pool: PoolModel, number: str, person: str) -> Talk | None:
        """What is on a line: live, or the last that ended there while its number rests."""
        if live := self.live(number, person):
            return live
        ended = [one for one in self.talks if self._rests(pool, one, number, person)]
        return max(ended, key=lambda one: one.end_number, default=None)

    def cooling(self, pool: PoolModel, number: str, person: str) -> Talk | None:
        """What ended on a line so lately that its number is not given away."""
        found = self.occupant(pool, number, person)
        return found if found and not found.is_live else None

    def rest(self, pool: PoolModel, number: str, person: str) -> timedelta:
        """How long a line is kept for what was erased: nobody remembers when that ended."""
        until = self.rests.get((pool.name, number, person), self.now)
        return pool.settings.cool_off if until > self.now else NO_TIME

    def cool_off_left_of(self, pool: PoolModel, talk: Talk) -> timedelta:
        assert talk.end_time is not None
        return talk.end_time + pool.settings.cool_off - self.now

    def _rests(self, pool: PoolModel, talk: Talk, number: str, person: str) -> bool:
        if talk.is_live or len(talk.people) < 2 or talk.pool != pool.name:
            return False
        on_line = talk.number == number and person in talk.people
        return on_line and self.cool_off_left_of(pool, talk) > NO_TIME

    def invitation(self, pool: PoolModel, code: str) -> Talk | None:
        waiting = (one for one in self.talks if one.is_waiting and one.pool == pool.name)
        return next((one for one in waiting if code and one.code == code), None)

    def named(self, pool: PoolModel, unique_name: str) -> Talk | None:
        live = (one for one in self.live_talks() if one.pool == pool.name and unique_name)
        return next((one for one in live if one.unique_name == unique_name), None)

    def tell(
        self,
        number: str,
        to: str,
        template: Template,
        talk: Talk | None = None,
        span: timedelta | None = None,
    ) -> None:
        """Maskline writes to somebody."""
        pool = talk.pool if talk else self._owner(number)
        receipt = self.receipts[to] if template is Template.ERASED else ""
        self.outbox.append(Out(pool, number, to, "", template, talk, span, receipt=receipt))

    def relay(self, talk: Talk, author: str, words: str, to: str = "") -> None:
        """Words of one participant go to the other, or nobody's to one of them."""
        self.relayed[talk.pool] += 1
        talk.relayed += 1
        receiver = to or talk.partner(author)
        self.outbox.append(Out(talk.pool, talk.number, receiver, words, talk=talk, author=author))

    def accept(self, talk: Talk, author: str, words: str) -> None:
        """Words are on their way, or held: at the end of it their partner hears them."""
        for mark in MARK.findall(words):
            partner = talk.partner(author)
            self.spoken[mark] = Spoken(author, partner, talk.pool, talk.number, self.now)

    def _owner(self, number: str) -> str:
        pool = self.pool_of(number)
        assert pool is not None
        return pool.name


def new_model(now: datetime) -> Model:
    """The pools of the cast, and nobody in them."""
    model = Model(now)
    for pool in POOLS:
        numbers = {
            one.phone_number: NumberModel(one.accepts_new, one.is_reserved) for one in pool.numbers
        }
        model.pools[pool.name] = PoolModel(pool.name, pool.settings, numbers)
        model.homes |= dict.fromkeys(numbers, pool.name)
    return model
