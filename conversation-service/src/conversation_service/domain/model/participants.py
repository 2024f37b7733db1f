"""Phone numbers, the people behind them, and blocks between them."""

import re
from dataclasses import dataclass, field
from datetime import datetime

# ITU-T E.164: "+", a country code, 8 to 15 digits. In North America (+1): an area code and an
# exchange that begin with 2 to 9 and are no service code such as 911, and four digits.
_E164 = re.compile(r"\+(?:1[2-9](?!11)[0-9]{2}[2-9](?!11)[0-9]{2}[0-9]{4}|[2-9][0-9]{7,14})")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who texts a pool, identified by `participant_id` in that pool.

    `person_id` is the same in all pools and never shown. The phone number and the person id are
    empty where only the participant id is known.
    """

    participant_id: str
    phone_number: str = field(default="", repr=False, compare=False)
    person_id: str = field(default="", repr=False, compare=False)


def is_e164(number: str) -> bool:
    return _E164.fullmatch(number) is not None


def area_code(number: str) -> str:
    """The area code of a North American number; empty for any other."""
    return number[2:5] if _is_north_american(number) else ""


def _is_north_american(number: str) -> bool:
    return number.startswith("+1") and len(number) == 12


@dataclass(frozen=True, slots=True)
class Route:
    """A person on a masked number: there is at most one live conversation on it."""

    masked_number: str
    person: Person


@dataclass(frozen=True, slots=True)
class Block:
    """Made by one participant of a conversation against the other; it holds participant ids only.

    There may be several between two people, as each block ends another conversation.
    """

    block_id: str
    blocker_id: str
    blocked_id: str
    create_time: datetime
    # The conversation that it ended; empty when that is not kept any more.
    conversation_id: str

    @property
    def participant_ids(self) -> tuple[str, str]:
        """Both people."""
        return self.blocker_id, self.blocked_id
