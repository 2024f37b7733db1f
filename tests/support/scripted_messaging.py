"""A messaging service on a real gRPC port that answers as a test tells it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
from grpc.aio import ServicerContext

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1 import messaging_pb2_grpc as rpc

Context = ServicerContext[object, object]


@dataclass
class ScriptedMessaging(rpc.MessagingServiceServicer):
    """Sends everything, unless told otherwise; knows the receipts of what it sent."""

    sent: list[pb.OutboundMessage] = field(default_factory=list)
    receipt_state: pb.MessageState.ValueType = pb.MESSAGE_STATE_DELIVERED
    is_down: bool = False

    async def SendMessages(
        self, request: pb.SendMessagesRequest, context: Context
    ) -> pb.SendMessagesResponse:
        if self.is_down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        self.sent.extend(request.messages)
        results = [
            pb.SendMessageResult(
                message_id=message.message_id,
                outcome=pb.SEND_OUTCOME_ACCEPTED,
                state=pb.MESSAGE_STATE_SENT,
            )
            for message in request.messages
        ]
        return pb.SendMessagesResponse(results=results)

    async def RecordDeliveryReceipts(
        self, request: pb.RecordDeliveryReceiptsRequest, context: Context
    ) -> pb.RecordDeliveryReceiptsResponse:
        if self.is_down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        return pb.RecordDeliveryReceiptsResponse(results=map(self._match, request.receipts))

    async def GetMessage(
        self, request: pb.GetMessageRequest, context: Context
    ) -> pb.GetMessageResponse:
        await context.abort(grpc.StatusCode.NOT_FOUND, "never asked for here")

    def _match(self, receipt: pb.DeliveryReceipt) -> pb.RecordDeliveryReceiptResult:
        known = [one for one in self.sent if receipt.send_token == f"token-{one.message_id}"]
        if not known:
            return pb.RecordDeliveryReceiptResult()
        [message] = known
        return pb.RecordDeliveryReceiptResult(
            message=pb.Message(
                message_id=message.message_id, pool=message.pool, state=self.receipt_state
            )
        )


@asynccontextmanager
async def serving(messaging: ScriptedMessaging) -> AsyncIterator[str]:
    """Its address, while it serves."""
    server = grpc.aio.server()
    rpc.add_MessagingServiceServicer_to_server(messaging, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
