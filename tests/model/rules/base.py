"""What rules are, and what all of them use."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any, TypeVar

from model.operator_calls import OperatorCalls
from model.people import NUMBERS, PEOPLE
from model.reference.inbound_context import InboundMessage
from model.reference.records import Conversation
from model.reference.state import PoolModel
from model.rules.draws import Draw

from conversation_service.domain.keywords.keywords import Keyword

Item = TypeVar("Item")
Act = TypeVar("Act", bound=Callable[..., Coroutine[None, None, None]])
# A masked number, and the person who texts it.
Route = tuple[str, str]


@dataclass(frozen=True)
class Step:
    """A rule with drawn arguments."""

    rule: str
    arguments: Mapping[str, object]

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.rule}({arguments})"


@dataclass(frozen=True)
class Rule:
    """A method of the machine: what its arguments are drawn from, and when it is possible."""

    name: str
    draws: Mapping[str, Draw[object]]
    when: Callable[[Any], object]

    def drawn(self, random: Random) -> Step:
        return Step(self.name, {name: draw(random) for name, draw in self.draws.items()})


RULES: dict[str, Rule] = {}


def rule(
    when: Callable[[Any], object] = lambda _: True, **draws: Draw[object]
) -> Callable[[Act], Act]:
    """Makes a method a rule; `when` gets the machine."""

    def register(act: Act) -> Act:
        RULES[act.__name__] = Rule(act.__name__, draws, when)
        return act

    return register


class Rules:
    """Looks up in the model what rules need."""

    def __init__(self, runner: OperatorCalls) -> None:
        self.runner = runner

    async def receive(self, *batch: InboundMessage) -> None:
        await self.runner.receive(batch)

    def message(
        self,
        route: Route,
        keyword: Keyword,
        body: str,
        argument: str = "",
        files: tuple[str, ...] = (),
    ) -> InboundMessage:
        """With an id of its own, and a new mark in the place of {}."""
        number, person = route
        message_id = f"mdr2-{next(self.runner.ids)}"
        body = body.format(f"~w{next(self.runner.ids)}~")
        return InboundMessage(message_id, person, number, keyword, body, argument, files)

    def route(self, index: int, numbers: Sequence[str] = NUMBERS) -> Route:
        """Routes with a live conversation come first."""
        live = [
            (conversation.number, person)
            for conversation in self.runner.model.live_conversations()
            if conversation.number in numbers
            for person in conversation.people
        ]
        return at(index, [*live, *product(numbers, PEOPLE)])

    def routes_of_active(self, index: int) -> tuple[Route, Route]:
        """Of both people of an active conversation, in either order."""
        conversation = at(index // 2, self.active())
        first, second = ((conversation.number, person) for person in conversation.people)
        return (second, first) if index % 2 else (first, second)

    def pool(self, name: str) -> PoolModel:
        return self.runner.model.pools[name]

    def kept(self) -> list[Conversation]:
        """The live conversations, youngest first, then the ended ones."""
        conversations = self.runner.model.conversations[::-1]
        return sorted(conversations, key=lambda conversation: not conversation.is_live)

    def waiting(self) -> list[Conversation]:
        return [conversation for conversation in self.kept() if conversation.is_waiting]

    def active(self) -> list[Conversation]:
        return [conversation for conversation in self.kept() if conversation.is_active]

    def ended(self) -> list[Conversation]:
        return [conversation for conversation in self.kept() if not conversation.is_live]


def at(index: int, items: Sequence[Item]) -> Item:
    """Counts round and round."""
    return items[index % len(items)]
