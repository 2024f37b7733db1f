"""Reads Flowroute's answers about the account.

Flowroute adds fields without notice, and some fields are seen only in its clients' code: what is
unknown is passed over, what is missing is left empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from messaging_service.account import AccountNumber, NumbersPage, Page
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
from messaging_service.flowroute_fields import Fields, e164, fields_of, has_more, words


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
    body = fields_of(parsed(content))
    entries = body.get("data")
    if not isinstance(entries, list):
        return None
    listed = entries[: page.limit]
    numbers = tuple(number for entry in listed if (number := _number(fields_of(entry))))
    return NumbersPage(
        numbers,
        page.offset + len(listed) if has_more(body, entries, page.limit) else None,
        skipped=len(listed) - len(numbers),
    )


def read_callback(content: bytes) -> Callback | None:
    """The setting of one type of callback, or None when it is none."""
    data = fields_of(parsed(content)).get("data")
    if not isinstance(data, dict):
        return None
    attributes = fields_of(data.get("attributes"))
    return Callback(words(attributes.get("callback_url")), words(attributes.get("api_version")))


def _number(entry: Fields) -> AccountNumber | None:
    if entry.get("type", "number") != "number":
        return None
    attributes = fields_of(entry.get("attributes"))
    number = e164(attributes.get("value")) or e164(entry.get("id"))
    if not number:
        return None
    enabled = attributes.get("messaging_enabled")
    return AccountNumber(
        number,
        words(attributes.get("number_type")),
        enabled if isinstance(enabled, bool) else None,
    )
