"""Sends messages through Flowroute's Messaging API v2.2."""

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

import aiohttp

from messaging_service.carrier.flowroute.fields import fields_of, parse_json, text_of
from messaging_service.carrier.flowroute.http import (
    RATE_LIMIT_DELAY,
    UNAVAILABLE_DELAY,
    FlowrouteHttp,
    Reply,
    retry_delay,
)
from messaging_service.carrier.flowroute.receipts import read_receipt
from messaging_service.carrier.port import Accepted, Answer, NotSent, Refused, Uncertain
from messaging_service.config.settings import Settings
from messaging_service.model.carrier_ids import normalised_carrier_id
from messaging_service.model.errors import (
    CarrierCredentialsRejected,
    CarrierRateLimited,
    CarrierUnavailable,
)
from messaging_service.model.failure import Failure, FailureReason
from messaging_service.model.message import OutboundMessage, Status
from messaging_service.model.send_tokens import SendTokens
from runtime.clock import Clock
from runtime.tracing import tracer

# Keys are replaced by hand.
ACCOUNT_DELAY = timedelta(minutes=1)

# An answer contains an id and a price; of a longer one only the status counts.
ANSWER_LIMIT_BYTES = 64 * 1024

# The code 1110, unless it is part of a phone number in any notation.
_OPTED_OUT = re.compile(
    r"(?<!\d)(?<!\d[ .-])1110(?![ .-]?\d)|\bopt(?:ed)?[ -]?out\b", re.IGNORECASE
)


class FlowrouteClient:
    """Implements Carrier."""

    def __init__(
        self, http: FlowrouteHttp, settings: Settings, clock: Clock, tokens: SendTokens
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._clock = clock
        self._receipt_url = f"{settings.public_url}/api/receipt/attempt/"
        self._timeout_seconds = settings.send_timeout_seconds

    async def send(
        self, message: OutboundMessage, attempt_id: str, media_urls: Sequence[str] = ()
    ) -> Answer:
        receipt_url = self._receipt_url + self._tokens.sign(attempt_id)
        content = _request_body(message, receipt_url, media_urls)
        with tracer.start_as_current_span(
            "post_text", attributes={"message_id": message.message_id}
        ) as span:
            answer = await self._answer(message, content)
            span.set_attribute("outcome", type(answer).__name__)
        return answer

    def read_receipt(self, carrier_status: str, carrier_code: str) -> Status | None:
        return read_receipt(carrier_status, carrier_code)

    async def _answer(self, message: OutboundMessage, content: bytes) -> Answer:
        try:
            # Limits a response that arrives byte by byte as well.
            async with asyncio.timeout(self._timeout_seconds):
                return await self._post(message, content)
        except Exception as error:
            return answer_to(error)

    async def _post(self, message: OutboundMessage, content: bytes) -> Answer:
        reply = await self._http.post("/v2.2/messages", content, limit_bytes=ANSWER_LIMIT_BYTES)
        return read_answer(reply, message, self._clock.now())


def read_answer(reply: Reply, message: OutboundMessage, now: datetime) -> Answer:
    """What a response means for the message. Its content may be cut off or no JSON at all."""
    status, headers = reply.status, reply.headers
    why = f"HTTP {status}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        carrier_id = _carrier_id(reply.content)
        return Accepted(carrier_id) if carrier_id else Uncertain(f"{why} without an id")
    if status == HTTPStatus.UNAUTHORIZED:
        # The keys are wrong; the message may be fine.
        return NotSent(CarrierCredentialsRejected(ACCOUNT_DELAY), why)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return NotSent(CarrierRateLimited(retry_delay(headers, now, RATE_LIMIT_DELAY)), why)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        # Documented as maintenance, "retry later": unlike 500 it means that nothing was accepted.
        return NotSent(CarrierUnavailable(retry_delay(headers, now, UNAVAILABLE_DELAY)), why)
    if _may_be_accepted(status):
        return Uncertain(why)
    return Refused(Failure(_failure_reason(status, reply.content, message)), why)


def answer_to(error: Exception) -> Answer:
    """NotSent only if no byte of the request can have reached the carrier."""
    why = type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return NotSent(CarrierUnavailable(UNAVAILABLE_DELAY), why)
    return Uncertain(why)


def _may_be_accepted(status: int) -> bool:
    """Whether the carrier may have accepted the message in spite of the status.

    303 means "done, see elsewhere". Other redirects mean that nothing was done; they are not
    followed, as credentials go to no other URL than the configured one. A status outside the
    standard's ranges means nothing.
    """
    return status == HTTPStatus.SEE_OTHER or not 300 <= status < 500


def _failure_reason(status: int, content: bytes, message: OutboundMessage) -> FailureReason:
    if status == HTTPStatus.FORBIDDEN:
        # The account may not use this number; its other numbers still work.
        return FailureReason.SENDER_NOT_AUTHORIZED
    if status == HTTPStatus.BAD_REQUEST and _reports_opt_out(content, message):
        return FailureReason.OPTED_OUT
    return FailureReason.CARRIER_REJECTED


def _reports_opt_out(content: bytes, message: OutboundMessage) -> bool:
    """Searches an error document, whose form is not documented and may repeat the body."""
    text = "\n".join(_strings(parse_json(content)))
    if _OPTED_OUT.search(message.body):
        text = text.replace(message.body, "")
    return _OPTED_OUT.search(text) is not None


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
    data = fields_of(fields_of(parse_json(content)).get("data"))
    return normalised_carrier_id(text_of(data.get("id")))


def _request_body(message: OutboundMessage, receipt_url: str, media_urls: Sequence[str]) -> bytes:
    attributes: dict[str, object] = {
        "to": message.to_number,
        "from": message.from_number,
        "body": message.body,
        "dlr_callback": receipt_url,
    }
    if media_urls:
        attributes |= {"is_mms": True, "media_urls": [*media_urls]}
    return json.dumps({"data": {"type": "message", "attributes": attributes}}).encode()
