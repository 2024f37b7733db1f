"""A fictional carrier and its adapter: what a carrier may do that Flowroute does not.

Its ids have another form; receipts come to one address and echo a tag; they have words instead of
codes; and it keeps no records.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

import httpx

from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.carrier.adapter import Capabilities, CarrierAdapter, CarrierParts
from messaging_service.carrier.port import (
    CREDENTIALS_CHECK,
    Accepted,
    Answer,
    CarrierCheck,
    CheckOutcome,
    NotSent,
    NumbersPage,
    Page,
    Refused,
    Uncertain,
)
from messaging_service.model.carrier_ids import normalised_carrier_id
from messaging_service.model.errors import (
    CarrierCredentialsRejected,
    CarrierRateLimited,
    CarrierUnavailable,
)
from messaging_service.model.failure import Failure, FailureReason
from messaging_service.model.message import MessageState, OutboundMessage, Status
from support.fakes.scripted_carrier import CarrierRequest, ScriptedCarrier, response

WORDS = {
    "on its way": Status(MessageState.SENT),
    "handed over": Status(MessageState.DELIVERED),
    "returned": Status(MessageState.UNDELIVERED, Failure(FailureReason.UNREACHABLE)),
    "unwanted": Status(MessageState.UNDELIVERED, Failure(FailureReason.OPTED_OUT)),
}
NOT_SENT: Mapping[int, CarrierCredentialsRejected | CarrierRateLimited | CarrierUnavailable] = {
    HTTPStatus.UNAUTHORIZED: CarrierCredentialsRejected(timedelta(minutes=1)),
    HTTPStatus.TOO_MANY_REQUESTS: CarrierRateLimited(timedelta(seconds=1)),
    HTTPStatus.SERVICE_UNAVAILABLE: CarrierUnavailable(timedelta(seconds=5)),
}


class ParcelClient:
    """Implements Carrier and CarrierAccount."""

    def __init__(self, parts: CarrierParts, http: httpx.AsyncClient) -> None:
        self._parts = parts
        self._http = http

    async def send(
        self, message: OutboundMessage, attempt_id: str, media_urls: Sequence[str] = ()
    ) -> Answer:
        parcel = {
            "key": message.message_id,
            "recipient": message.to_number,
            "content": message.body,
            "tag": self._parts.tokens.sign(attempt_id),
        }
        try:
            reply = await self._http.post("/parcels", json=parcel)
        except httpx.ConnectError:
            return NotSent(CarrierUnavailable(timedelta(seconds=5)), "no connection")
        except httpx.HTTPError as error:
            return Uncertain(type(error).__name__)
        return _answer(reply)

    def read_receipt(self, carrier_status: str, carrier_code: str) -> Status | None:
        return WORDS.get(carrier_status)

    async def list_numbers(self, page: Page) -> NumbersPage:
        return NumbersPage(())

    async def check(self) -> Sequence[CarrierCheck]:
        return [CarrierCheck(CREDENTIALS_CHECK, CheckOutcome.PASSED, "the key is known")]


def _answer(reply: httpx.Response) -> Answer:
    why = f"HTTP {reply.status_code}"
    if reply.is_success:
        return Accepted(normalised_carrier_id(reply.json()["reference"]))
    if error := NOT_SENT.get(reply.status_code):
        return NotSent(error, why)
    if reply.is_client_error:
        return Refused(Failure(FailureReason.CARRIER_REJECTED), why)
    return Uncertain(why)


class ParcelRequest(CarrierRequest):
    """A request to this carrier."""

    @property
    def _parcel(self) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", json.loads(self.content))

    @property
    def body(self) -> str:
        return str(self._parcel["content"])

    @property
    def to_number(self) -> str:
        return str(self._parcel["recipient"])

    @property
    def send_token(self) -> str:
        return str(self._parcel["tag"])

    @property
    def key(self) -> str:
        """What names the message, however often it is sent."""
        return str(self._parcel["key"])


class ParcelCarrier(ScriptedCarrier):
    """Accepts every message until `script` is replaced."""

    capabilities = Capabilities(receipt_per_attempt=True)
    requests_are = ParcelRequest
    codes: Mapping[str, str] = {
        "sent": "on its way",
        "delivered": "handed over",
        "undelivered": "returned",
        "opted out": "unwanted",
    }

    def id_of(self, name: str) -> str:
        return f"ref:2026/{name}~a"

    def accepted(self, carrier_message_id: str) -> bytes:
        return response(200, {"reference": carrier_message_id})

    def receipt(
        self, carrier_message_id: str, reports: str, send_token: str = ""
    ) -> pb.DeliveryReceipt:
        return pb.DeliveryReceipt(
            carrier_message_id=carrier_message_id,
            send_token=send_token,
            carrier_status=self.codes[reports],
        )

    def open(self, parts: CarrierParts) -> AbstractAsyncContextManager[CarrierAdapter]:
        return self._open(parts)

    @asynccontextmanager
    async def _open(self, parts: CarrierParts) -> AsyncIterator[CarrierAdapter]:
        timeout = parts.settings.send_timeout_seconds
        async with httpx.AsyncClient(base_url=self.url, timeout=timeout, trust_env=False) as http:
            client = ParcelClient(parts, http)
            yield CarrierAdapter("parcel", self.capabilities, client, client)


class RepeatingParcelCarrier(ParcelCarrier):
    """Carries a message out once, however often it is sent with the same key."""

    capabilities = Capabilities(receipt_per_attempt=True, idempotent_send=True)
