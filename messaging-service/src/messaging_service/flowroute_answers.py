"""Reads Flowroute's answer to a send.

Statuses and their meaning are from Flowroute's error reference and its article on opt-outs.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from messaging_service.carrier import Accepted, Answer, NotSent, Refused, Unknown
from messaging_service.carrier_ids import carrier_id_in
from messaging_service.domain import Text
from messaging_service.errors import (
    CarrierAccountRefused,
    CarrierRateLimited,
    CarrierRefused,
    CarrierUnavailable,
    RecipientOptedOut,
)

# The documented rate is five texts a second, so a second frees five places.
RATE_LIMIT_DELAY = timedelta(seconds=1)
# Maintenance and lost networks last longer than that.
UNAVAILABLE_DELAY = timedelta(seconds=5)
# Keys are mended by hand.
ACCOUNT_DELAY = timedelta(minutes=1)
# No carrier may park texts for longer than this with one header.
LONGEST_DELAY = timedelta(minutes=5)

# Code 1110 alone, not as a part of a phone number in any of its spellings.
_OPTED_OUT = re.compile(
    r"(?<!\d)(?<!\d[ .-])1110(?![ .-]?\d)|\bopt(?:ed)?[ -]?out\b", re.IGNORECASE
)


def read_answer(
    status: int, headers: Mapping[str, str], content: bytes, *, text: Text, now: datetime
) -> Answer:
    """What an answer means for the text. `content` may be cut off or be no JSON at all."""
    why = f"HTTP {status}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        carrier_id = _carrier_id(content)
        return Accepted(carrier_id) if carrier_id else Unknown(f"{why} without an id")
    if status == HTTPStatus.UNAUTHORIZED:
        # It says something of the keys and nothing of the text.
        return NotSent(CarrierAccountRefused(ACCOUNT_DELAY), why)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return NotSent(CarrierRateLimited(delay(headers, now, RATE_LIMIT_DELAY)), why)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        # Documented as maintenance, "retry later": unlike 500 it says that nothing was taken.
        return NotSent(CarrierUnavailable(delay(headers, now, UNAVAILABLE_DELAY)), why)
    if _was_performed(status):
        return Unknown(why)
    return Refused(_refusal(status, content, text), why)


def delay(headers: Mapping[str, str], now: datetime, otherwise: timedelta) -> timedelta:
    """What Retry-After asks for, within bounds. Flowroute documents no such header."""
    asked = _retry_after(headers.get("retry-after", ""), now)
    return min(max(asked, otherwise), LONGEST_DELAY) if asked is not None else otherwise


def parsed(content: bytes) -> object:
    """The JSON value, or the text of an answer that is none (a proxy's page, say)."""
    try:
        value: object = json.loads(content)
    except (ValueError, RecursionError):
        return content.decode(errors="replace")
    return value


def _was_performed(status: int) -> bool:
    """Whether the carrier may have taken the text all the same.

    303 says "done, look elsewhere"; other redirects say that nothing was done here, and are not
    followed: credentials go to no address that was not configured. A status outside the
    standard's ranges says nothing.
    """
    return status == HTTPStatus.SEE_OTHER or not 300 <= status < 500


def _refusal(
    status: int, content: bytes, text: Text
) -> CarrierRefused | RecipientOptedOut | CarrierAccountRefused:
    if status == HTTPStatus.FORBIDDEN:
        # The account may not use this one number; others go on.
        return CarrierAccountRefused()
    if status == HTTPStatus.BAD_REQUEST and _tells_opt_out(content, text):
        return RecipientOptedOut()
    return CarrierRefused()


def _tells_opt_out(content: bytes, text: Text) -> bool:
    """Looks for the opt-out in an error of unknown shape that may repeat the text itself."""
    told = "\n".join(_strings(parsed(content)))
    if _OPTED_OUT.search(text.body):
        told = told.replace(text.body, "")
    return _OPTED_OUT.search(told) is not None


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str | int):
        yield str(value)


def _carrier_id(content: bytes) -> str:
    body = parsed(content)
    data = body.get("data") if isinstance(body, dict) else None
    return carrier_id_in(data.get("id")) if isinstance(data, dict) else ""


def _retry_after(value: str, now: datetime) -> timedelta | None:
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value), LONGEST_DELAY.total_seconds()))
    try:
        return parsedate_to_datetime(value) - now
    except (TypeError, ValueError):
        return None
