"""Query parameters of the look-ups."""

from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import QueryParams

from simulator.flowroute.errors import unprocessable
from simulator.phone_numbers import to_digits
from simulator.timestamps import parse_moment

# Flowroute states neither; a page of 1,000 is a few hundred kB, and `links.next` gives the rest.
MESSAGES_DEFAULT = 100
MESSAGES_MAX = 1_000
# Flowroute docs, numbers page.
NUMBERS_DEFAULT = 10
NUMBERS_MAX = 200

_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    limit: int
    offset: int


def messages_page(query: QueryParams) -> Page:
    """A page of message records; a higher limit than we keep to is lowered."""
    limit = _integer(query, "limit", MESSAGES_DEFAULT, least=1)
    return Page(min(limit, MESSAGES_MAX), _integer(query, "offset", 0, least=0))


def numbers_page(query: QueryParams) -> Page:
    """A page of numbers."""
    limit = _integer(query, "limit", NUMBERS_DEFAULT, least=1)
    if limit > NUMBERS_MAX:
        unprocessable(f"'limit' must be at most {NUMBERS_MAX}.")
    return Page(limit, _integer(query, "offset", 0, least=0))


def time_range(query: QueryParams, now: datetime) -> tuple[datetime, datetime]:
    """From `start_date` to `end_date`, or to now."""
    start = _moment(query, "start_date")
    if start is None:
        unprocessable("'start_date' is required.")
    return start, _moment(query, "end_date") or now


def number_filter(query: QueryParams, number: str) -> bool:
    """Whether a number has the digits asked for. Country 1 is assumed unless a plus leads."""
    digits = to_digits(number)
    start = query.get("starts_with", "").strip()
    starts = (start[1:],) if start.startswith("+") else (start, f"1{start}")
    return (
        digits.startswith(starts)
        and query.get("contains", "") in digits
        and digits.endswith(query.get("ends_with", ""))
    )


def _integer(query: QueryParams, name: str, default: int, *, least: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS) or int(text) < least:
        unprocessable(f"'{name}' must be a whole number, at least {least}.")
    return int(text)


def _moment(query: QueryParams, name: str) -> datetime | None:
    text = query.get(name)
    try:
        return None if text is None else parse_moment(text)
    except ValueError as error:
        unprocessable(f"'{name}' {error}.")
