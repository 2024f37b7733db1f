"""A scripted messaging service on a real gRPC port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import grpc
from google.rpc import status_pb2
from grpc.aio import ServicerContext

from maskline.messaging.v1 import carrier_pb2
from maskline.messaging.v1 import carrier_pb2_grpc as carrier_rpc
from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1 import messaging_pb2_grpc as rpc
from runtime.grpc.status import RpcStatus, item_status

Context = ServicerContext[object, object]

# The one token that is refused as forged.
FORGED_TOKEN = "token-forged"
# The contract's default.
PAGE_LIMIT = 200


def item_error(reason: str, retry_after: timedelta | None = None) -> status_pb2.Status:
    """The error of one item. Nothing depends on its status code."""
    error = RpcStatus(grpc.StatusCode.UNKNOWN, reason, reason, retry_after=retry_after)
    return item_status(error, domain="messaging.maskline")


@dataclass
class ScriptedMessaging(rpc.MessagingServiceServicer, carrier_rpc.CarrierServiceServicer):
    """Accepts every message, and knows the receipts of those that it accepted.

    Messages to the `opted_out` are refused. The results in `answers` are returned first for a body,
    one after the other, and then the message is not sent. `asked_for` holds every message that was
    requested. The account has the `numbers` and the `checks`, the carrier the `records` of inbound
    messages, the files of `media` and the `texts` of text parts. `fetched` are the URLs of those
    that were requested.
    """

    sent: list[pb.OutboundMessage] = field(default_factory=list)
    receipt_state: pb.MessageState.ValueType = pb.MESSAGE_STATE_DELIVERED
    is_down: bool = False
    refuses_access: bool = False
    opted_out: set[str] = field(default_factory=set)
    answers: dict[str, list[pb.SendMessageResult]] = field(default_factory=dict)
    asked_for: list[pb.OutboundMessage] = field(default_factory=list)
    records: list[carrier_pb2.InboundRecord] = field(default_factory=list)
    media: dict[str, pb.GetMediaResponse] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    store_is_down: bool = False
    store_hangs: bool = False
    numbers: list[carrier_pb2.CarrierNumber] = field(default_factory=list)
    checks: list[carrier_pb2.CarrierCheck] = field(default_factory=list)

    _known: set[str] = field(default_factory=set)

    async def SendMessages(
        self, request: pb.SendMessagesRequest, context: Context
    ) -> pb.SendMessagesResponse:
        await self._abort_if_down(context)
        return pb.SendMessagesResponse(results=map(self._send, request.messages))

    async def RecordDeliveryReceipts(
        self, request: pb.RecordDeliveryReceiptsRequest, context: Context
    ) -> pb.RecordDeliveryReceiptsResponse:
        await self._abort_if_down(context)
        return pb.RecordDeliveryReceiptsResponse(results=map(self._match, request.receipts))

    async def GetMessage(
        self, request: pb.GetMessageRequest, context: Context
    ) -> pb.GetMessageResponse:
        await context.abort(grpc.StatusCode.NOT_FOUND, "not used by the conversation service")

    async def ListInboundRecords(
        self, request: carrier_pb2.ListInboundRecordsRequest, context: Context
    ) -> carrier_pb2.ListInboundRecordsResponse:
        await self._abort_if_down(context)
        since = request.start_time.ToMilliseconds()
        records = (one for one in self.records if one.carrier_time.ToMilliseconds() >= since)
        return carrier_pb2.ListInboundRecordsResponse(records=records)

    async def GetMedia(self, request: pb.GetMediaRequest, context: Context) -> pb.GetMediaResponse:
        await self._abort_if_down(context)
        if request.media_token not in self.media:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such file")
        return self.media[request.media_token]

    async def FetchText(
        self, request: pb.FetchTextRequest, context: Context
    ) -> pb.FetchTextResponse:
        await self._abort_if_down(context)
        self.fetched.append(request.url)
        if self.store_hangs:
            await asyncio.Event().wait()
        if self.store_is_down:
            return pb.FetchTextResponse(outcome=pb.FETCH_TEXT_OUTCOME_UNAVAILABLE)
        if request.url not in self.texts:
            return pb.FetchTextResponse(outcome=pb.FETCH_TEXT_OUTCOME_GONE)
        text = self.texts[request.url]
        return pb.FetchTextResponse(outcome=pb.FETCH_TEXT_OUTCOME_TEXT, text=text)

    async def ListCarrierNumbers(
        self, request: carrier_pb2.ListCarrierNumbersRequest, context: Context
    ) -> carrier_pb2.ListCarrierNumbersResponse:
        await self._abort_if_down(context)
        start = int(request.page_token or 0)
        end = start + (request.page_size or PAGE_LIMIT)
        return carrier_pb2.ListCarrierNumbersResponse(
            carrier_numbers=self.numbers[start:end],
            next_page_token=str(end) if end < len(self.numbers) else "",
        )

    async def CheckCarrierAccount(
        self, request: carrier_pb2.CheckCarrierAccountRequest, context: Context
    ) -> carrier_pb2.CheckCarrierAccountResponse:
        await self._abort_if_down(context)
        return carrier_pb2.CheckCarrierAccountResponse(checks=self.checks)

    async def ListCarrierAccounts(
        self, request: carrier_pb2.ListCarrierAccountsRequest, context: Context
    ) -> carrier_pb2.ListCarrierAccountsResponse:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "not used by the conversation service")

    async def CheckAccess(
        self, request: pb.CheckAccessRequest, context: Context
    ) -> pb.CheckAccessResponse:
        if self.refuses_access:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "unknown")
        return pb.CheckAccessResponse()

    async def _abort_if_down(self, context: Context) -> None:
        if self.is_down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")

    def _send(self, message: pb.OutboundMessage) -> pb.SendMessageResult:
        self.asked_for.append(message)
        if scripted := self.answers.get(message.body):
            answer = pb.SendMessageResult(message_id=message.message_id)
            answer.MergeFrom(scripted.pop(0))
            return answer
        if message.to_number in self.opted_out:
            return pb.SendMessageResult(
                message_id=message.message_id,
                outcome=pb.SEND_OUTCOME_REJECTED,
                state=pb.MESSAGE_STATE_FAILED,
                failure=pb.Failure(reason=pb.FAILURE_REASON_OPTED_OUT),
            )
        # As the real service does: each message id is sent once, however often it is requested.
        if message.message_id not in self._known:
            self._known.add(message.message_id)
            self.sent.append(message)
        return pb.SendMessageResult(
            message_id=message.message_id,
            outcome=pb.SEND_OUTCOME_SENT,
            state=pb.MESSAGE_STATE_SENT,
        )

    def _match(self, receipt: pb.DeliveryReceipt) -> pb.RecordDeliveryReceiptResult:
        if receipt.send_token == FORGED_TOKEN:
            return pb.RecordDeliveryReceiptResult(error=item_error("SEND_TOKEN_INVALID"))
        matches = [one for one in self.sent if receipt.send_token == f"token-{one.message_id}"]
        if not matches:
            return pb.RecordDeliveryReceiptResult()
        [message] = matches
        return pb.RecordDeliveryReceiptResult(
            message=pb.Message(
                message_id=message.message_id, pool_id=message.pool_id, state=self.receipt_state
            )
        )


@asynccontextmanager
async def serving(messaging: ScriptedMessaging) -> AsyncIterator[str]:
    """Yields its address."""
    server = grpc.aio.server()
    rpc.add_MessagingServiceServicer_to_server(messaging, server)
    carrier_rpc.add_CarrierServiceServicer_to_server(messaging, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
