"""Where the rules play: what they have in common."""

import asyncio
from collections.abc import Coroutine, Sequence
from itertools import product
from typing import ClassVar, TypeVar

from hypothesis import note
from hypothesis.stateful import RuleBasedStateMachine

from conversation_service.domain.keywords.keywords import Keyword

from model.people import NUMBERS, PEOPLE
from model.operator_calls import Operators
from model.reference.inbound_context import Text
from model.reference.state import PoolModel
from model.reference.records import Talk
from model.deployment import Connections, new_world

Picked = TypeVar("Picked")
Result = TypeVar("Result")
# A masked number, and who texts it.
Line = tuple[str, str]
# What is meant, and how it is written.
Words = tuple[Keyword, str]


class Stage(RuleBasedStateMachine):
    """Plays on what the test has set up; counts what is done in all examples."""

    connections: ClassVar[Connections]
    loop: ClassVar[asyncio.AbstractEventLoop]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.play = Operators(self._run(new_world(self.connections)))
        self._is_broken = False

    def teardown(self) -> None:
        """The last looks, unless something is wrong already."""
        try:
            if not self._is_broken:
                self._run(self.play.end())
        finally:
            self._run(self.play.world.close())

    def do(self, act: Coroutine[None, None, None]) -> None:
        """One step."""
        Stage.steps += 1
        try:
            self._run(act)
        except BaseException:
            self._is_broken = True
            raise

    def receive(self, *batch: Text) -> None:
        """Texts arrive together."""
        note(f"these arrive: {batch}")
        self.do(self.play.receive(batch))

    def text(
        self,
        line: Line,
        kind: Keyword,
        body: str,
        argument: str = "",
        files: tuple[str, ...] = (),
    ) -> Text:
        """A text with an id of its own; in the place of {} its body gets words never used yet."""
        number, person = line
        name, words = f"mdr2-{next(self.play.ids)}", body.format(f"~w{next(self.play.ids)}~")
        return Text(name, person, number, kind, words, argument, files)

    def line(self, pick: int, numbers: Sequence[str] = NUMBERS) -> Line:
        """Where somebody is in something more often than elsewhere."""
        talks = [talk for talk in self.play.model.live_talks() if talk.number in numbers]
        lines = [(talk.number, person) for talk in talks for person in talk.people]
        return picked([*lines, *product(numbers, PEOPLE)], pick)

    def pool(self, name: str) -> PoolModel:
        return self.play.model.pools[name]

    def kept(self) -> list[Talk]:
        """All conversations that are kept: the live ones first, and of these the youngest."""
        ended = [talk for talk in self.play.model.talks if not talk.is_live]
        return [*self.play.model.live_talks()][::-1] + ended[::-1]

    def waiting(self) -> list[Talk]:
        return [talk for talk in self.kept() if talk.is_waiting]

    def active(self) -> list[Talk]:
        return [talk for talk in self.kept() if talk.is_active]

    @classmethod
    def _run(cls, act: Coroutine[None, None, Result]) -> Result:
        return cls.loop.run_until_complete(act)


def picked(found: Sequence[Picked], pick: int) -> Picked:
    """The how-manieth, round and round."""
    return found[pick % len(found)]
