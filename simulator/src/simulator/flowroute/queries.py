"""Query parameters of the lists."""

from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import QueryParams

from simulator.flowroute.errors import unprocessable
from simulator.phone_numbers import to_digits
from simulator.timestamps import parse_timestamp

# Not documented by Flowroute; a page of 1,000 is a few hundred kB.
MESSAGES_DEFAULT = 100
MESSAGES_MAX = 1_000
# Flowroute docs, numbers page.
NUMBERS_DEFAULT = 10
NUMBERS_MAX = 200

_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Page:
    """The requested part of a list."""

    limit: int
    offset: int


def messages_page(query: QueryParams) -> Page:
    """A page of message records; a higher limit than MESSAGES_MAX is lowered."""
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
    start = _timestamp(query, "start_date")
    if start is None:
        unprocessable("'start_date' is required.")
    return start, _timestamp(query, "end_date") or now


def number_filter(query: QueryParams, number: str) -> bool:
    """Whether a number matches the query. Without a plus, country code 1 is assumed as well."""
    digits = to_digits(number)
    start = query.get("starts_with", "").strip()
    starts = (start[1:],) if start.startswith("+") else (start, f"1{start}")
    return (
        digits.startswith(starts)
        and query.get("contains", "") in digits
        and digits.endswith(query.get("ends_with", ""))
    )


def _integer(query: QueryParams, name: str, default: int, *, least: int) -> int:
    value = query.get(name)
    if value is None:
        return default
    if (
        not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS)
        or int(value) < least
    ):
        unprocessable(f"'{name}' must be a whole number, at least {least}.")
    return int(value)


def _timestamp(query: QueryParams, name: str) -> datetime | None:
    value = query.get(name)
    try:
        return None if value is None else parse_timestamp(value)
    except ValueError as error:
        unprocessable(f"'{name}' {error}.")
