"""Sends texts through Flowroute's Messaging API v2.2."""

import asyncio
import json
from collections.abc import Sequence

import aiohttp

from messaging_service.carrier import Answer, NotSent, Unknown
from messaging_service.domain import Text
from messaging_service.errors import CarrierUnavailable
from messaging_service.flowroute_answers import UNAVAILABLE_DELAY, read_answer
from messaging_service.flowroute_http import FlowrouteHttp
from messaging_service.send_tokens import SendTokens
from messaging_service.settings import Settings
from runtime.clock import Clock
from runtime.tracing import span

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

    async def send(self, text: Text, attempt_id: str, media_urls: Sequence[str] = ()) -> Answer:
        """See Carrier."""
        receipt_url = self._receipt_url + self._tokens.signed(attempt_id)
        content = _request_body(text, receipt_url, media_urls)
        with span("post_text", message_id=text.message_id) as one:
            answer = await self._answer(text, content)
            one.tell(outcome=type(answer).__name__)
        return answer

    async def _answer(self, text: Text, content: bytes) -> Answer:
        try:
            # Around everything: an answer that trickles in has no other end.
            async with asyncio.timeout(self._timeout_seconds):
                return await self._post(text, content)
        except Exception as error:
            return answer_to(error)

    async def _post(self, text: Text, content: bytes) -> Answer:
        reply = await self._http.post("/v2.2/messages", content, limit_bytes=ANSWER_LIMIT_BYTES)
        now = self._clock.now()
        return read_answer(reply.status, reply.headers, reply.content, text=text, now=now)


def _request_body(text: Text, receipt_url: str, media_urls: Sequence[str]) -> bytes:
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
