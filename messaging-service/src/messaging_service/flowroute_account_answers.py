"""Reads Flowroute's answers about the account.

Flowroute adds fields without notice, and some fields are seen only in its clients' code: what is
unknown is passed over, what is missing is left empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from messaging_service.account import AccountNumber, NumbersPage, Page
from messaging_service.domain import E164
from messaging_service.errors import (
    CarrierAccountRefused,
    CarrierRateLimited,
    CarrierRefused,
    CarrierUnavailable,
    MessagingError,
)
from messaging_service.flowroute_answers import (
    RATE_LIMIT_DELAY,
    UNAVAILABLE_DELAY,
    delay,
    parsed,
)

_NORTH_AMERICAN_DIGITS = 10

_Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Callback:
    """What is set for one type of callback; both may be empty."""

    url: str = field(repr=False)
    api_version: str


def refusal_of(status: int, headers: Mapping[str, str], now: datetime) -> MessagingError | None:
    """Why there is no answer, or None for 2xx.

    A redirect is not followed, and so is no answer of the carrier's. Nothing hangs on a read, so
    it may be tried again whenever the trouble may pass.
    """
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return CarrierAccountRefused()
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return CarrierRateLimited(delay(headers, now, RATE_LIMIT_DELAY))
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return CarrierRefused()
    return CarrierUnavailable(delay(headers, now, UNAVAILABLE_DELAY))


def read_numbers(content: bytes, page: Page) -> NumbersPage | None:
    """A page of `GET /v2/numbers`, or None when it is none."""
    body = _object(parsed(content))
    entries = body.get("data")
    if not isinstance(entries, list):
        return None
    listed = entries[: page.limit]
    numbers = tuple(number for entry in listed if (number := _number(_object(entry))))
    return NumbersPage(
        numbers,
        page.offset + len(listed) if _has_more(body, entries, page.limit) else None,
        skipped=len(listed) - len(numbers),
    )


def read_callback(content: bytes) -> Callback | None:
    """The setting of one type of callback, or None when it is none."""
    data = _object(parsed(content)).get("data")
    if not isinstance(data, dict):
        return None
    attributes = _object(data.get("attributes"))
    return Callback(_words(attributes.get("callback_url")), _words(attributes.get("api_version")))


def _has_more(body: _Fields, entries: list[object], limit: int) -> bool:
    """As the carrier's link to the next page says; where it links nothing, a full page may not
    have been the last. An empty page ends a list whatever it says."""
    links = body.get("links")
    linked = bool(links.get("next")) if isinstance(links, dict) else len(entries) == limit
    return bool(entries) and (linked or len(entries) > limit)


def _number(entry: _Fields) -> AccountNumber | None:
    if entry.get("type", "number") != "number":
        return None
    attributes = _object(entry.get("attributes"))
    number = _e164(attributes.get("value")) or _e164(entry.get("id"))
    if not number:
        return None
    enabled = attributes.get("messaging_enabled")
    return AccountNumber(
        number,
        _words(attributes.get("number_type")),
        enabled if isinstance(enabled, bool) else None,
    )


def _e164(value: object) -> str:
    """The number with its plus, or nothing. Ten digits are North American, and lack their 1."""
    written = _words(value).strip()
    if written.isdigit() and len(written) == _NORTH_AMERICAN_DIGITS:
        written = f"1{written}"
    number = f"+{written.removeprefix('+')}"
    return number if E164.fullmatch(number) else ""


def _words(value: object) -> str:
    """A word, or a number where a word is meant; nothing for anything else.

    JSON can spell halves of characters, which no message of ours can hold.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "replace").decode()


def _object(value: object) -> _Fields:
    return value if isinstance(value, dict) else {}
