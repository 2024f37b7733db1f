"""Sends texts through Flowroute's Messaging API v2.2."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import aiohttp

from messaging_service.carrier.flowroute.http import FlowrouteHttp
from messaging_service.carrier.port import Accepted, Answer, NotSent, Refused, Unknown
from messaging_service.config.settings import Settings
from messaging_service.model.carrier_ids import carrier_id_in
from messaging_service.model.errors import (
    CarrierAccountRefused,
    CarrierRateLimited,
    CarrierRefused,
    CarrierUnavailable,
    RecipientOptedOut,
)
from messaging_service.model.message import OutboundMessage
from messaging_service.model.send_tokens import SendTokens
from runtime.clock import Clock
from runtime.tracing import tracer

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
    status: int, headers: Mapping[str, str], content: bytes, *, text: OutboundMessage, now: datetime
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
    status: int, content: bytes, text: OutboundMessage
) -> CarrierRefused | RecipientOptedOut | CarrierAccountRefused:
    if status == HTTPStatus.FORBIDDEN:
        # The account may not use this one number; others go on.
        return CarrierAccountRefused()
    if status == HTTPStatus.BAD_REQUEST and _tells_opt_out(content, text):
        return RecipientOptedOut()
    return CarrierRefused()


def _tells_opt_out(content: bytes, text: OutboundMessage) -> bool:
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


# An answer holds an id and a price; of a longer one only the status counts.
ANSWER_LIMIT_BYTES = 64 * 1024


class FlowrouteClient:
    """Satisfies Carrier."""

    def __init__(
        self, http: FlowrouteHttp, settings: Settings, clock: Clock, tokens: SendTokens
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._clock = clock
        self._receipt_url = f"{settings.public_url}/api/receipt/"
        self._timeout_seconds = settings.send_timeout_seconds

    async def send(
        self, text: OutboundMessage, attempt_id: str, media_urls: Sequence[str] = ()
    ) -> Answer:
        """See Carrier."""
        receipt_url = self._receipt_url + self._tokens.signed(attempt_id)
        content = _request_body(text, receipt_url, media_urls)
        with tracer.start_as_current_span(
            "post_text", attributes={"message_id": text.message_id}
        ) as span:
            answer = await self._answer(text, content)
            span.set_attribute("outcome", type(answer).__name__)
        return answer

    async def _answer(self, text: OutboundMessage, content: bytes) -> Answer:
        try:
            # Around everything: an answer that trickles in has no other end.
            async with asyncio.timeout(self._timeout_seconds):
                return await self._post(text, content)
        except Exception as error:
            return answer_to(error)

    async def _post(self, text: OutboundMessage, content: bytes) -> Answer:
        reply = await self._http.post("/v2.2/messages", content, limit_bytes=ANSWER_LIMIT_BYTES)
        now = self._clock.now()
        return read_answer(reply.status, reply.headers, reply.content, text=text, now=now)


def _request_body(text: OutboundMessage, receipt_url: str, media_urls: Sequence[str]) -> bytes:
    attributes: dict[str, object] = {
        "to": text.to_number,
        "from": text.from_number,
        "body": text.body,
        "dlr_callback": receipt_url,
    }
    if media_urls:
        attributes |= {"is_mms": True, "media_urls": [*media_urls]}
    return json.dumps({"data": {"type": "message", "attributes": attributes}}).encode()


def answer_to(error: Exception) -> Answer:
    """NotSent only if not a byte of the request can have reached the carrier.

    Decided by aiohttp's own exception: its transport calls it httpx.ConnectTimeout too when a
    connection breaks after the request was written, and that text may have arrived.
    """
    cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
    why = type(cause).__name__
    if isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return NotSent(CarrierUnavailable(UNAVAILABLE_DELAY), why)
    return Unknown(why)
