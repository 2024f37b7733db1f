"""Phone numbers and the people behind them."""

import re
from dataclasses import dataclass, field

_E164 = re.compile(r"\+[1-9][0-9]{7,14}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who texts a pool, known everywhere by the id that stands for them there.

    `person_id` is the same in all pools, and shown to nobody. The number is empty where only the
    id is known.
    """

    participant_id: str
    phone_number: str = field(default="", repr=False, compare=False)
    person_id: str = field(default="", repr=False, compare=False)


def is_e164(number: str) -> bool:
    """Whether this is a "+", a country code and a number: ITU-T E.164, at most 15 digits."""
    return _E164.fullmatch(number) is not None


def redacted_number(number: str) -> str:
    """A number as staff may see it: its last four digits, and a North American country code."""
    last_four = number[-4:]
    return f"+1 ••• ••• {last_four}" if _is_north_american(number) else f"+•••• {last_four}"


def area_code(number: str) -> str:
    """The area code of a North American number; empty for any other."""
    return number[2:5] if _is_north_american(number) else ""


def _is_north_american(number: str) -> bool:
    return number.startswith("+1") and len(number) == 12


@dataclass(frozen=True, slots=True)
class Route:
    """A person on a masked number: what a text arrives on."""

    masked_number: str
    person: Person
