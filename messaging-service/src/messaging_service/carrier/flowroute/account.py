"""Reads Flowroute's account: its numbers (v2) and its callback settings (v2.2)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

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
    CALLBACKS_CHECK,
    CREDENTIALS_CHECK,
    CarrierCheck,
    CarrierNumber,
    CheckOutcome,
    NumbersPage,
    NumberType,
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

# Flowroute's words.
NUMBER_TYPES = {
    "longcode": NumberType.LONG_CODE,
    "toll-free": NumberType.TOLL_FREE,
    "tollfree": NumberType.TOLL_FREE,
    "shortcode": NumberType.SHORT_CODE,
}

KEYS_REJECTED = (
    "the carrier rejects the account's keys; see MESSAGING_FLOWROUTE_ACCESS_KEY and its secret"
)

Result = TypeVar("Result")


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

    async def check(self) -> Sequence[CarrierCheck]:
        try:
            urls = {kind: await self._callback_url(kind) for kind in CALLBACK_TYPES}
        except CarrierCredentialsRejected:
            return [CarrierCheck(CREDENTIALS_CHECK, CheckOutcome.FAILED, KEYS_REJECTED)]
        passed = "the carrier accepts the account's keys"
        return [
            CarrierCheck(CREDENTIALS_CHECK, CheckOutcome.PASSED, passed),
            callbacks_check(urls, self._expected_url),
        ]

    async def _callback_url(self, kind: str) -> str:
        try:
            return await self._read(f"/v2.2/messages/{kind}", {}, read_callback)
        except CarrierRequestRejected:
            # 404 means that none is set; no other refusal contains a URL either.
            return ""

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


def read_callback(content: bytes) -> str | None:
    """The URL of one type of callback, empty if none is set; None if it is malformed."""
    data = fields_of(parse_json(content)).get("data")
    if not isinstance(data, dict):
        return None
    return text_of(fields_of(data.get("attributes")).get("callback_url"))


def callbacks_check(urls: Mapping[str, str], expected: str) -> CarrierCheck:
    """Whether the callbacks come to the gateway."""
    wrong = [
        f"{kind} is {f'set to {_without_secrets(url)}' if url else 'not set'}"
        for kind, url in urls.items()
        if url != expected and not url.startswith(f"{expected}/")
    ]
    if wrong:
        finding = f"{', '.join(wrong)}; expected {expected} unless set per number"
        return CarrierCheck(CALLBACKS_CHECK, CheckOutcome.WARNED, finding)
    with_token = all(url != expected for url in urls.values())
    ending = ", with a callback token" if with_token else ""
    return CarrierCheck(CALLBACKS_CHECK, CheckOutcome.PASSED, f"set to the gateway's URL{ending}")


def _without_secrets(url: str) -> str:
    """Without user, path and query, each of which may contain a token."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}/..."
    except ValueError:
        return "a malformed URL"


def _number(entry: Fields) -> CarrierNumber | None:
    if entry.get("type", "number") != "number":
        return None
    attributes = fields_of(entry.get("attributes"))
    number = e164(attributes.get("value"), is_own=True) or e164(entry.get("id"), is_own=True)
    if not number:
        return None
    enabled = attributes.get("messaging_enabled")
    return CarrierNumber(
        number,
        NUMBER_TYPES.get(text_of(attributes.get("number_type")), NumberType.UNSPECIFIED),
        enabled if isinstance(enabled, bool) else None,
    )


def _unavailable(path: str, why: str) -> CarrierUnavailable:
    log.warning("account_read_failed", route=path, why=why)
    return CarrierUnavailable(UNAVAILABLE_DELAY)
