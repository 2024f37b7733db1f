"""Reads what Flowroute knows of our account: its numbers (v2) and its callbacks (v2.2)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar

import structlog

from messaging_service.carrier.flowroute.fields import Fields, e164, fields_of, has_more, words
from messaging_service.carrier.flowroute.http import ACCOUNT_CONNECTIONS, FlowrouteHttp, Reply
from messaging_service.carrier.flowroute.send import (
    RATE_LIMIT_DELAY,
    UNAVAILABLE_DELAY,
    delay,
    parsed,
)
from messaging_service.carrier.port import (
    AccountCheck,
    AccountNumber,
    CallbackSetting,
    NumbersPage,
    Page,
)
from messaging_service.config.settings import Settings
from messaging_service.model.errors import (
    CarrierAccountRefused,
    CarrierRateLimited,
    CarrierRefused,
    CarrierUnavailable,
    MessagingError,
)
from runtime.clock import Clock


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


log = structlog.get_logger()

# 200 numbers, the most on a page, are some 100 kB; the carrier adds fields without notice.
ANSWER_LIMIT_BYTES = 1024 * 1024

# Those that the gateway waits for. Receipts need no setting: each text names its own address.
CALLBACK_TYPES = ("sms_callback", "mms_callback")

Result = TypeVar("Result")


class FlowrouteAccount:
    """Satisfies Account."""

    def __init__(self, http: FlowrouteHttp, settings: Settings, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._expected_url = f"{settings.public_url}/api/message"
        self._timeout_seconds = settings.send_timeout_seconds
        self._places = asyncio.Semaphore(ACCOUNT_CONNECTIONS)

    async def list_numbers(self, page: Page) -> NumbersPage:
        """See Account."""
        query = {"limit": page.limit, "offset": page.offset}
        found = await self._read("/v2/numbers", query, lambda content: read_numbers(content, page))
        if found.skipped:
            log.warning("account_numbers_skipped", count=found.skipped)
        return found

    async def check(self) -> AccountCheck:
        """See Account."""
        try:
            callbacks = [await self._callback(kind) for kind in CALLBACK_TYPES]
        except CarrierAccountRefused:
            return AccountCheck(is_authorized=False)
        return AccountCheck(is_authorized=True, callbacks=tuple(callbacks))

    async def _callback(self, kind: str) -> CallbackSetting:
        try:
            callback = await self._read(f"/v2.2/messages/{kind}", {}, read_callback)
        except CarrierRefused:
            # 404, when none is set; no other refusal shows an address either.
            return CallbackSetting(kind, self._expected_url)
        return CallbackSetting(kind, self._expected_url, callback.url, callback.api_version)

    async def _read(
        self, path: str, query: Mapping[str, int], read: Callable[[bytes], Result | None]
    ) -> Result:
        reply = await self._get(path, query)
        refusal = refusal_of(reply.status, reply.headers, self._clock.now())
        if refusal:
            log.info("account_read_refused", route=path, why=f"HTTP {reply.status}")
            raise refusal
        result = read(reply.content)
        if result is None:
            raise _unavailable(path, "unreadable")
        return result

    async def _get(self, path: str, query: Mapping[str, int]) -> Reply:
        try:
            # Around everything: the wait for a place, and an answer that trickles in.
            async with asyncio.timeout(self._timeout_seconds), self._places:
                return await self._http.get(path, query, limit_bytes=ANSWER_LIMIT_BYTES)
        except Exception as error:
            raise _unavailable(path, type(error).__name__) from None


def _unavailable(path: str, why: str) -> CarrierUnavailable:
    log.warning("account_read_failed", route=path, why=why)
    return CarrierUnavailable(UNAVAILABLE_DELAY)
