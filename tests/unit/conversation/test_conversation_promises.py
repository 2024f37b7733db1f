"""The product's promises, for any sequence of texts by anybody."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.phone import Person
from conversation_service.operations.directory import Directory, OpenPool
from conversation_service.operations.executor import Executor
from conversation_service.operations.fresh import SystemFresh
from conversation_service.operations.receive import InboundText, receive
from support.clock import ManualClock
from support.conversations import ALICE, BOB, CAROL, MASKED, OTHER_MASKED, PEOPLE, POOL
from support.memory_store import MemoryStore

PERSONS = (ALICE, BOB, CAROL)
NUMBERS = (MASKED, OTHER_MASKED)
Line = tuple[Person, str]


@dataclass
class Exchange:
    """The real decisions on a store in memory, beside a model of who may hear whom."""

    clock: ManualClock = field(default_factory=ManualClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    partners: dict[Line, Person] = field(default_factory=dict)
    waiting: dict[Line, str] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        executor = Executor(POOL, self.store, self.clock, SystemFresh())
        self.directory = Directory([OpenPool(POOL, executor, self.store)])

    async def says(self, line: Line, body: str) -> list[tuple[str, str]]:
        """What was sent because of a text: to whom, and the words."""
        before = len(self.store.outbox)
        person, number = line
        text = InboundText(f"mdr2-{next(self.ids)}", person.phone_number, number, body, False)
        await receive(self.directory, PEOPLE, [text])
        return [(to, words) for _, to, words in self.store.outbox[before:]]

    async def act(self, line: Line, act: str, invited_by: Line) -> None:
        """One step, and what it must have done."""
        if act == "start":
            await self.start(line)
        elif act == "join":
            await self.join(line, invited_by)
        elif act in ("end", "stop"):
            await self.says(line, act)
            self.forget(line)
        elif act == "wait":
            # Codes outlive the longest of these runs: their expiry is shown elsewhere.
            self.clock.move(seconds=1)
        else:
            await self.talk(line, act)

    async def start(self, line: Line) -> None:
        sent = await self.says(line, "start")
        assert {to for to, _ in sent} <= {line[0].phone_number}
        codes = [found[1] for _, words in sent if (found := re.match(r"Your code is (\w+)", words))]
        if codes:
            assert line not in self.partners
            self.waiting[line] = codes[0]

    async def join(self, line: Line, invited_by: Line) -> None:
        code = self.waiting.get(invited_by, "AAAAA2")
        sent = await self.says(line, f"join {code}")
        joined = len(sent) == 2
        assert joined == self.may_join(line, invited_by)
        if joined:
            del self.waiting[invited_by]
            self.partners[line], self.partners[invited_by] = invited_by[0], line[0]

    def may_join(self, line: Line, invited_by: Line) -> bool:
        here = line[1] == invited_by[1] and line != invited_by
        free = line not in self.partners and line not in self.waiting
        return here and free and invited_by in self.waiting

    async def talk(self, line: Line, body: str) -> None:
        sent = await self.says(line, body)
        heard = [to for to, words in sent if words == body]
        partner = self.partners.get(line)
        assert heard == ([partner.phone_number] if partner else [])
        assert {to for to, _ in sent} <= {line[0].phone_number, *heard}

    def forget(self, line: Line) -> None:
        partner = self.partners.pop(line, None)
        self.waiting.pop(line, None)
        if partner:
            self.partners.pop((partner, line[1]))

    def check_nobody_saw_a_number(self) -> None:
        for _, to, words in self.store.outbox:
            others = {person.phone_number for person in PERSONS} - {to}
            assert not any(number[1:] in words for number in others)


LINES = st.tuples(st.sampled_from(PERSONS), st.sampled_from(NUMBERS))
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(lambda text: f"~{text}~.")
ACTS = st.sampled_from(["start", "join", "end", "stop", "wait"]) | WORDS
STEPS = st.lists(st.tuples(LINES, ACTS, LINES), max_size=40)


@given(STEPS)
def test_a_text_reaches_the_partner_of_a_live_conversation_and_nobody_else(
    steps: list[tuple[Line, str, Line]],
) -> None:
    async def run() -> None:
        exchange = Exchange()
        for line, act, invited_by in steps:
            await exchange.act(line, act, invited_by)
        exchange.check_nobody_saw_a_number()

    asyncio.run(run())


@given(STEPS, st.integers(min_value=2, max_value=5))
def test_a_callback_that_is_sent_again_changes_nothing(
    steps: list[tuple[Line, str, Line]], times: int
) -> None:
    async def run(repeats: int) -> list[tuple[str, str]]:
        exchange = Exchange()
        for at, ((person, number), body, _) in enumerate(steps):
            text = InboundText(f"mdr2-{at}", person.phone_number, number, body, False)
            for _ in range(repeats):
                await receive(exchange.directory, PEOPLE, [text])
        sent = ((to, body) for _, to, body in exchange.store.outbox)
        return [(to, re.sub(r"\b[A-Z2-9]{6}\b", "CODE", body)) for to, body in sent]

    assert asyncio.run(run(1)) == asyncio.run(run(times))
