"""What the arguments of rules are drawn from: people, numbers, bodies, settings, durations.

A draw depends on the seed alone. Conversations and the like are drawn as an index, which counts in
what the model has by then.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from model.people import MAIN, NUMBERS, PEOPLE, POOLS, TICK
from model.reference.client_requests import Update
from model.reference.inbound_context import PICTURE
from model.reference.start import StartOptions

from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.pool import NumberPreference

Value = TypeVar("Value")
Draw = Callable[[Random], Value]
# A keyword, and how somebody types it.
Typed = tuple[Keyword, str]


def one_of(*values: Value) -> Draw[Value]:
    return lambda random: random.choice(values)


def number_of(draw: Draw[Value], least: int, most: int) -> Draw[Sequence[Value]]:
    return lambda random: [draw(random) for _ in range(random.randint(least, most))]


def pair_of(first: Draw[Value], second: Draw[Value]) -> Draw[tuple[Value, Value]]:
    return lambda random: (first(random), second(random))


def between(least: int, most: int) -> Draw[int]:
    return lambda random: random.randint(least, most)


def start_options(random: Random) -> StartOptions:
    return StartOptions(
        number=random.choice(["", "", "", *NUMBERS]),
        unique_name=random.choice(["", "", "", "order 7", "order 8"]),
        preference=random.choice([None, *NumberPreference]),
        allow_reserved=random.choice([False, True]),
    )


def update(random: Random) -> Update:
    """The last duration is longer than any conversation may last."""
    label = (random.choice(["ride", "desk"]), random.choice(["42", "43", None]))
    ends = [
        MAIN.settings.lifecycle.max_lifetime,
        MAIN.settings.lifecycle.max_lifetime / 2,
        TICK,
        400 * TICK,
    ]
    return Update(
        unique_name=random.choice([None, "", "order 7", "order 8"]),
        label=random.choice([None, label]),
        longest=random.choice([None, *ends]),
    )


def pair_of_people(random: Random) -> list[str]:
    return random.sample(PEOPLE, 2)


index = between(0, 63)
boolean = one_of(False, True)
person = one_of(*PEOPLE)
pool_name = one_of(*(pool.name for pool in POOLS))
masked_number = one_of(*NUMBERS)
duration = one_of(*(ticks * TICK for ticks in (1, 2, 3, 6, 12)))
files = one_of((), (PICTURE,), (PICTURE,) * 2, ("text/x-vcard",), (PICTURE, "x/y"))
setting = one_of(
    "relay.pause_policy",
    "keywords.block_enabled",
    "keywords.report_enabled",
    "keywords.erase_enabled",
    "keywords.end_opts_out",
)

COMMANDS: Sequence[Typed] = (
    (Keyword.START, "start"),
    (Keyword.START, "  Start! "),
    (Keyword.START, "START"),
    (Keyword.END, "end"),
    (Keyword.END, "Bye."),
    (Keyword.OPT_OUT, "quit"),
    (Keyword.OPT_OUT, "STOP"),
    (Keyword.OPT_IN, "unstop"),
    (Keyword.YES, "yes"),
    (Keyword.HELP, "help"),
    (Keyword.BLOCK, "block"),
    (Keyword.REPORT, "report"),
    (Keyword.ERASE, "erase my data"),
    (Keyword.ERASE, " Delete my DATA! "),
    (Keyword.TALK, "   "),
    (Keyword.TALK, "please stop, thanks"),
)
# A mark that is never used twice takes the place of the braces.
BODIES: Sequence[Typed] = (
    (Keyword.TALK, "{}"),
    (Keyword.TALK, "{} \U0001f44b ¿qué tal?"),
    (Keyword.TALK, "start the car {}"),
    (Keyword.TALK, "stop {}"),
    (Keyword.TALK, "wrong number. {}"),
    (Keyword.TALK, "end {}"),
    (Keyword.JOIN, "join {}"),
)
command = one_of(*COMMANDS)
body = one_of(*BODIES)
typed = one_of(*COMMANDS, *BODIES)
WRONG_CODE = "AAAAA2"
