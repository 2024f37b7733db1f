"""The messaging service on a free port, inside the test's own process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from grpc_status import rpc_status
from pydantic import SecretStr

from maskline.messaging.v1 import carrier_pb2
from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.carrier_pb2_grpc import CarrierServiceStub
from maskline.messaging.v1.messaging_pb2_grpc import MessagingServiceStub
from messaging_service.app import grpc_server, serve
from messaging_service.carrier.adapter import OpenCarrier
from messaging_service.carrier.flowroute.adapter import open_flowroute
from messaging_service.config.settings import Settings
from runtime.clock import SharedClock
from runtime.grpc.status import details_of

if TYPE_CHECKING:
    # It exists in the generated types only.
    from maskline.messaging.v1.carrier_pb2_grpc import CarrierServiceAsyncStub
    from maskline.messaging.v1.messaging_pb2_grpc import MessagingServiceAsyncStub

MASKED = "+12065550100"
ALICE = "+14255550111"
BOB = "+14255550122"
CAROL = "+13605550133"
PATIENCE_SECONDS = 20.0


def text(
    message_id: str,
    body: str = "hello",
    *,
    to: str = ALICE,
    prefers: pb.UncertainSendPolicy.ValueType = pb.UNCERTAIN_SEND_POLICY_UNSPECIFIED,
) -> pb.OutboundMessage:
    return pb.OutboundMessage(
        message_id=message_id,
        pool_id="main",
        from_number=MASKED,
        to_number=to,
        body=body,
        uncertain_send_policy=prefers,
    )


def reason_of(result: pb.SendMessageResult | pb.RecordDeliveryReceiptResult) -> str:
    """The reason of an item's error; empty if it has none."""
    return details_of(result.error).reason


def delay_of(result: pb.SendMessageResult) -> timedelta:
    """When to send a message again, which was not sent or is uncertain."""
    delay = details_of(result.error).retry_after or result.retry_delay.ToTimedelta()
    assert delay > timedelta(0)
    return delay


def receipt(carrier_message_id: str, code: int | None, token: str = "") -> pb.DeliveryReceipt:
    return pb.DeliveryReceipt(
        carrier_message_id=carrier_message_id,
        send_token=token,
        carrier_code="" if code is None else str(code),
    )


def settings_for(
    redis_url: str,
    carrier_url: str,
    *,
    timeout_seconds: float = 10.0,
    ledger_key: str = "test-ledger-key-one",
    former_ledger_keys: str = "",
    per_second: float = 100_000.0,
    media_origins: str = "http://127.0.0.1:1",
    lookups: str = "5,15,60,300",
) -> Settings:
    """Settings that do not depend on the environment.

    The rates let a test's messages through, however many it sends at once.
    """
    return Settings(
        listen="127.0.0.1:0",
        redis_url=SecretStr(redis_url),
        flowroute_url=carrier_url,
        flowroute_secret_key=SecretStr("simulator"),
        public_url="https://relay.example",
        send_timeout_seconds=timeout_seconds,
        ledger_key=SecretStr(ledger_key),
        former_ledger_keys=SecretStr(former_ledger_keys),
        serves_reflection=True,
        sms_per_second=per_second,
        mms_per_second=per_second,
        lookups_per_second=per_second,
        media_origins=media_origins,
        unknown_lookups_seconds=lookups,
    )


@dataclass(frozen=True, slots=True)
class Messaging:
    """A running service and how to talk to it."""

    channel: grpc.aio.Channel
    stub: "MessagingServiceAsyncStub"
    carrier_stub: "CarrierServiceAsyncStub"

    async def send(self, *texts: pb.OutboundMessage) -> list[pb.SendMessageResult]:
        request = pb.SendMessagesRequest(messages=texts)
        response = await self.stub.SendMessages(request, timeout=PATIENCE_SECONDS)
        return list(response.results)

    async def send_one(self, message: pb.OutboundMessage) -> pb.SendMessageResult:
        [result] = await self.send(message)
        return result

    async def get(self, message_id: str) -> pb.Message:
        request = pb.GetMessageRequest(message_id=message_id)
        return (await self.stub.GetMessage(request, timeout=PATIENCE_SECONDS)).message

    async def record(self, *receipts: pb.DeliveryReceipt) -> list[pb.RecordDeliveryReceiptResult]:
        request = pb.RecordDeliveryReceiptsRequest(receipts=receipts)
        response = await self.stub.RecordDeliveryReceipts(request, timeout=PATIENCE_SECONDS)
        return list(response.results)

    async def list_inbound(
        self, start: datetime, page_size: int = 0, page_token: str = ""
    ) -> carrier_pb2.ListInboundRecordsResponse:
        request = carrier_pb2.ListInboundRecordsRequest(page_size=page_size, page_token=page_token)
        request.start_time.FromDatetime(start)
        return await self.carrier_stub.ListInboundRecords(request, timeout=PATIENCE_SECONDS)

    async def get_media(self, media_token: str) -> pb.GetMediaResponse:
        request = pb.GetMediaRequest(media_token=media_token)
        return await self.stub.GetMedia(request, timeout=PATIENCE_SECONDS)

    async def list_numbers(
        self, page_size: int = 0, page_token: str = "", account: str = ""
    ) -> carrier_pb2.ListCarrierNumbersResponse:
        request = carrier_pb2.ListCarrierNumbersRequest(
            carrier_account_id=account, page_size=page_size, page_token=page_token
        )
        return await self.carrier_stub.ListCarrierNumbers(request, timeout=PATIENCE_SECONDS)

    async def check(self, account: str = "") -> carrier_pb2.CheckCarrierAccountResponse:
        request = carrier_pb2.CheckCarrierAccountRequest(carrier_account_id=account)
        return await self.carrier_stub.CheckCarrierAccount(request, timeout=PATIENCE_SECONDS)

    async def health(self, wanted: str) -> None:
        """Waits until the service has this health status."""
        watch = self.channel.unary_stream(
            "/grpc.health.v1.Health/Watch",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        watched = watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE_SECONDS)
        async for response in watched:
            if response.status == health_pb2.HealthCheckResponse.ServingStatus.Value(wanted):
                watched.cancel()
                return


@asynccontextmanager
async def serving(
    settings: Settings, clock: SharedClock | None, open_carrier: OpenCarrier = open_flowroute
) -> AsyncIterator[Messaging]:
    """The running service, perhaps not healthy yet."""
    server, stop = grpc_server(settings), asyncio.Event()
    served = asyncio.create_task(serve(settings, clock, server, stop, open_carrier))
    try:
        async with talking_to(f"127.0.0.1:{server.port}") as messaging:
            yield messaging
    finally:
        stop.set()
        await served


@asynccontextmanager
async def talking_to(target: str) -> AsyncIterator[Messaging]:
    """A client of a service that runs or is starting."""
    async with grpc.aio.insecure_channel(target) as channel:
        await asyncio.wait_for(channel.channel_ready(), PATIENCE_SECONDS)
        yield Messaging(channel, MessagingServiceStub(channel), CarrierServiceStub(channel))


@dataclass(frozen=True, slots=True)
class Refusal:
    """The error of a call, from its trailers."""

    status: status_pb2.Status
    info: error_details_pb2.ErrorInfo
    violations: list[str]
    retry_seconds: float | None


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal:
    """The error's details; fails if it has none."""
    status = rpc_status.from_call(cast("grpc.Call", error))
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    violations, retry_seconds = [], None
    for detail in status.details:
        detail.Unpack(info)
        bad, retry = error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        if detail.Unpack(bad):
            violations = [violation.field for violation in bad.field_violations]
        if detail.Unpack(retry):
            retry_seconds = retry.retry_delay.ToTimedelta().total_seconds()
    return Refusal(status, info, violations, retry_seconds)
