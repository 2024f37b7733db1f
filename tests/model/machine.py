"""Examples of what people, clients, operators, the carrier and time do: sequences of steps.

The steps of an example follow from the seed alone, and a step that is not possible is left out. So
an example can be repeated, and shortened, whatever the service does.
"""

import time
from collections.abc import Sequence
from itertools import count
from random import Random

from model.deployment import Connections, new_deployment
from model.operator_calls import OperatorCalls
from model.people import MAIN
from model.reference.start import StartOptions
from model.rules.base import RULES, Step
from model.rules.clients import ClientRules
from model.rules.draws import number_of, pair_of_people
from model.rules.inbound import InboundRules
from model.rules.operators import OperatorRules

STEPS_OF_AN_EXAMPLE = 120
MAX_CONVERSATIONS_AT_FIRST = 4
# How long the steps of a failed example are shortened.
SHORTENING_SECONDS = 120.0
FIRST = "open_conversations"


class Machine(InboundRules, ClientRules, OperatorRules):
    """All rules, on one deployment."""

    def __init__(self, runner: OperatorCalls) -> None:
        super().__init__(runner)
        self.performed: list[Step] = []

    async def perform(self, step: Step) -> None:
        if step.rule == FIRST or RULES[step.rule].when(self):
            self.performed.append(step)
            await getattr(self, step.rule)(**step.arguments)

    async def open_conversations(self, pairs: Sequence[list[str]]) -> None:
        """Before all other steps."""
        for people in pairs:
            pool = self.pool(MAIN.name)
            await self.runner.create(pool, people, StartOptions(), silent=True)


class ExampleFailed(AssertionError):
    """The service differs from the model, or the model itself failed."""


async def explore(connected: Connections, seed: int, first: int, steps: int) -> int:
    """Runs examples until they have made so many steps; returns their number.

    Raises ExampleFailed.
    """
    done = 0
    for number in count(first):
        drawn = drawn_steps(seed, number)
        try:
            done += await run_example(connected, drawn)
        except ExampleFailed as failure:
            described = await _description(connected, seed, number, drawn)
            raise ExampleFailed(f"{described}\n{failure.__cause__!r}") from failure
        if done >= steps:
            return done
    raise AssertionError("examples do not end")


def drawn_steps(seed: int, number: int) -> list[Step]:
    """Each example uses another part of the rules, so that some are used often."""
    random = Random(f"{seed}.{number}")
    pairs = number_of(pair_of_people, 0, MAX_CONVERSATIONS_AT_FIRST)(random)
    share = random.random()
    rules = [rule for rule in RULES.values() if random.random() < share] or [*RULES.values()]
    others = (random.choice(rules).drawn(random) for _ in range(STEPS_OF_AN_EXAMPLE))
    return [Step(FIRST, {"pairs": pairs}), *others]


async def run_example(connected: Connections, steps: Sequence[Step]) -> int:
    """Returns the number of acts. Raises ExampleFailed."""
    deployment = await new_deployment(connected)
    try:
        machine = Machine(OperatorCalls(deployment))
        try:
            for step in steps:
                await machine.perform(step)
            await machine.runner.finish()
        except Exception as error:
            raise ExampleFailed(f"at {machine.performed[-1]}") from error
        return machine.runner.steps
    finally:
        await deployment.close()


async def shortened(connected: Connections, steps: Sequence[Step]) -> list[Step]:
    """Without steps that the failure does not need. Empty if the example does not fail again."""
    until = time.monotonic() + SHORTENING_SECONDS
    if not await _fails(connected, steps):
        return []
    needed, size = list(steps), len(steps) // 2
    while size:
        start = 0
        while start < len(needed) and time.monotonic() < until:
            without = needed[:start] + needed[start + size :]
            if without and await _fails(connected, without):
                needed = without
            else:
                start += size
        size //= 2
    return needed


async def _fails(connected: Connections, steps: Sequence[Step]) -> bool:
    try:
        await run_example(connected, steps)
    except ExampleFailed:
        return True
    return False


async def _description(
    connected: Connections, seed: int, number: int, steps: Sequence[Step]
) -> str:
    needed = await shortened(connected, steps)
    again = f"To repeat it: make soak STEPS=1 SEED={seed}.{number}"
    if not needed:
        return f"Example {number} of seed {seed} failed once, and passed again. {again}"
    lines = "\n".join(f"  {step}" for step in needed)
    return f"Example {number} of seed {seed} failed. {again}\nThe steps that it needs:\n{lines}"
