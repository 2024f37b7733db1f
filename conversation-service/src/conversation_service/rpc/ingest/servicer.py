"""The servicer of IngestService: what the gateway hands in, and the files that it serves."""

from collections.abc import Sequence

from conversation_service.application.inbound.delivery_receipts import DeliveryReceiptHandler
from conversation_service.application.inbound.messages import InboundHandler, handle_valid
from conversation_service.messaging.media import MediaClient
from conversation_service.rpc.core.permissions import Context
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.rpc.ingest import items
from maskline.ingest.v1 import ingest_pb2 as pb
from maskline.ingest.v1 import ingest_pb2_grpc as rpc

# The contract's limit; tokens have about a third of it.
MAX_TOKEN_LENGTH = 128


class IngestServicer(rpc.IngestServiceServicer):
    """Files are passed on, as the gateway has no connection to the messaging service."""

    def __init__(
        self, messages: InboundHandler, receipts: DeliveryReceiptHandler, media: MediaClient
    ) -> None:
        self._messages = messages
        self._receipts = receipts
        self._media = media

    async def IngestMessages(
        self, request: pb.IngestMessagesRequest, context: Context
    ) -> pb.IngestMessagesResponse:
        _validate_batch("messages", request.messages)
        messages = [items.inbound_message(message) for message in request.messages]
        results = await handle_valid(messages, self._messages.handle)
        return pb.IngestMessagesResponse(results=map(items.message_to_result, results))

    async def IngestDeliveryReceipts(
        self, request: pb.IngestDeliveryReceiptsRequest, context: Context
    ) -> pb.IngestDeliveryReceiptsResponse:
        _validate_batch("receipts", request.receipts)
        receipts = [items.delivery_receipt(receipt) for receipt in request.receipts]
        results = await handle_valid(receipts, self._receipts.handle)
        return pb.IngestDeliveryReceiptsResponse(results=map(items.receipt_to_result, results))

    async def GetMedia(self, request: pb.GetMediaRequest, context: Context) -> pb.GetMediaResponse:
        validator = RequestValidator()
        validator.identifier("media_token", request.media_token, MAX_TOKEN_LENGTH)
        validator.check()
        media = await self._media.get(request.media_token)
        return pb.GetMediaResponse(content_type=media.content_type, content=media.content)

    async def CheckAccess(
        self, request: pb.CheckAccessRequest, context: Context
    ) -> pb.CheckAccessResponse:
        return pb.CheckAccessResponse()


def _validate_batch(field: str, batch: Sequence[object]) -> None:
    validator = RequestValidator()
    validator.batch(field, batch)
    validator.check()
