"""Reads Flowroute's account: its numbers (v2) and its callback settings (v2.2)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from messaging_service.carrier.flowroute.fields import (
    Fields,
    e164,
    fields_of,
    has_more,
    parse_json,
    text_of,
)
from messaging_service.carrier.flowroute.http import (
    ACCOUNT_CONNECTIONS,
    UNAVAILABLE_DELAY,
    FlowrouteHttp,
    Reply,
    read_error,
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
    CarrierCredentialsRejected,
    CarrierRequestRejected,
    CarrierUnavailable,
)
from runtime.clock import Clock

log = structlog.get_logger()

# 200 numbers, the most on a page, have some 100 kB; the carrier adds fields without notice.
ANSWER_LIMIT_BYTES = 1024 * 1024

# The callbacks that the gateway needs. Receipts need none: each message names its own URL.
CALLBACK_TYPES = ("sms_callback", "mms_callback")

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Callback:
    """The setting of one type of callback; both fields may be empty."""

    url: str = field(repr=False)
    api_version: str


class FlowrouteAccount:
    """Implements CarrierAccount."""

    def __init__(self, http: FlowrouteHttp, settings: Settings, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._expected_url = f"{settings.public_url}/api/message"
        self._timeout_seconds = settings.send_timeout_seconds
        self._slots = asyncio.Semaphore(ACCOUNT_CONNECTIONS)

    async def list_numbers(self, page: Page) -> NumbersPage:
        query = {"limit": page.limit, "offset": page.offset}
        result = await self._read("/v2/numbers", query, lambda content: read_numbers(content, page))
        if result.skipped:
            log.warning("account_numbers_skipped", count=result.skipped)
        return result

    async def check(self) -> AccountCheck:
        try:
            callbacks = [await self._callback(kind) for kind in CALLBACK_TYPES]
        except CarrierCredentialsRejected:
            return AccountCheck(is_authorized=False)
        return AccountCheck(is_authorized=True, callbacks=tuple(callbacks))

    async def _callback(self, kind: str) -> CallbackSetting:
        try:
            callback = await self._read(f"/v2.2/messages/{kind}", {}, read_callback)
        except CarrierRequestRejected:
            # 404 means that none is set; no other refusal contains a URL either.
            return CallbackSetting(kind, self._expected_url)
        return CallbackSetting(kind, self._expected_url, callback.url, callback.api_version)

    async def _read(
        self, path: str, query: Mapping[str, int], read: Callable[[bytes], Result | None]
    ) -> Result:
        reply = await self._get(path, query)
        error = read_error(reply, self._clock.now())
        if error:
            log.info("account_read_refused", route=path, why=f"HTTP {reply.status}")
            raise error
        result = read(reply.content)
        if result is None:
            raise _unavailable(path, "unreadable")
        return result

    async def _get(self, path: str, query: Mapping[str, int]) -> Reply:
        try:
            # Includes the wait for a slot, and a response that arrives byte by byte.
            async with asyncio.timeout(self._timeout_seconds), self._slots:
                return await self._http.get(path, query, limit_bytes=ANSWER_LIMIT_BYTES)
        except Exception as error:
            raise _unavailable(path, type(error).__name__) from None


def read_numbers(content: bytes, page: Page) -> NumbersPage | None:
    """The page of a `GET /v2/numbers`; None if it is malformed."""
    body = fields_of(parse_json(content))
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
    """The setting of one type of callback; None if it is malformed."""
    data = fields_of(parse_json(content)).get("data")
    if not isinstance(data, dict):
        return None
    attributes = fields_of(data.get("attributes"))
    url, version = attributes.get("callback_url"), attributes.get("api_version")
    return Callback(text_of(url), text_of(version))


def _number(entry: Fields) -> AccountNumber | None:
    if entry.get("type", "number") != "number":
        return None
    attributes = fields_of(entry.get("attributes"))
    number = e164(attributes.get("value"), is_own=True) or e164(entry.get("id"), is_own=True)
    if not number:
        return None
    enabled = attributes.get("messaging_enabled")
    return AccountNumber(
        number,
        text_of(attributes.get("number_type")),
        enabled if isinstance(enabled, bool) else None,
    )


def _unavailable(path: str, why: str) -> CarrierUnavailable:
    log.warning("account_read_failed", route=path, why=why)
    return CarrierUnavailable(UNAVAILABLE_DELAY)
