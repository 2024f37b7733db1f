"""Reads what Flowroute knows of our account: its numbers (v2) and its callbacks (v2.2)."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

import structlog

from messaging_service.account import AccountCheck, CallbackSetting, NumbersPage, Page
from messaging_service.errors import CarrierAccountRefused, CarrierRefused, CarrierUnavailable
from messaging_service.flowroute_account_answers import read_callback, read_numbers, refusal_of
from messaging_service.flowroute_answers import UNAVAILABLE_DELAY
from messaging_service.flowroute_http import ACCOUNT_CONNECTIONS, FlowrouteHttp, Reply
from messaging_service.settings import Settings
from runtime.clock import Clock

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
