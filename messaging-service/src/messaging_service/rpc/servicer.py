"""The gRPC servicer: from protobuf, run, to protobuf."""

from grpc.aio import ServicerContext

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.messaging_pb2_grpc import MessagingServiceServicer
from messaging_service.ledger.ledger import Ledger
from messaging_service.media.relay import MediaRelay
from messaging_service.model.errors import MessageNotFound
from messaging_service.receipts.recorder import ReceiptRecorder
from messaging_service.rpc import messages as mapping
from messaging_service.rpc import records as records_mapping
from messaging_service.sending.sender import Sender

SERVICE_NAME = pb.DESCRIPTOR.services_by_name["MessagingService"].full_name


class MessagingServicer(MessagingServiceServicer):
    """Implements maskline.messaging.v1.MessagingService."""

    def __init__(
        self,
        sender: Sender,
        recorder: ReceiptRecorder,
        ledger: Ledger,
        media: MediaRelay,
    ) -> None:
        self._sender = sender
        self._recorder = recorder
        self._ledger = ledger
        self._media = media

    async def SendMessages(
        self,
        request: pb.SendMessagesRequest,
        context: ServicerContext[pb.SendMessagesRequest, pb.SendMessagesResponse],
    ) -> pb.SendMessagesResponse:
        mapping.check_batch("messages", request.messages)
        results = await self._sender.send_all([*map(mapping.message_from_proto, request.messages)])
        return pb.SendMessagesResponse(results=map(mapping.result_to_proto, results))

    async def GetMessage(
        self,
        request: pb.GetMessageRequest,
        context: ServicerContext[pb.GetMessageRequest, pb.GetMessageResponse],
    ) -> pb.GetMessageResponse:
        mapping.check_id("message_id", request.message_id)
        record = await self._ledger.get(request.message_id)
        if record is None:
            raise MessageNotFound(request.message_id)
        return pb.GetMessageResponse(message=mapping.record_to_proto(record))

    async def RecordDeliveryReceipts(
        self,
        request: pb.RecordDeliveryReceiptsRequest,
        context: ServicerContext[
            pb.RecordDeliveryReceiptsRequest, pb.RecordDeliveryReceiptsResponse
        ],
    ) -> pb.RecordDeliveryReceiptsResponse:
        mapping.check_batch("receipts", request.receipts)
        recorded = await self._recorder.record_all(
            [*map(mapping.receipt_from_proto, request.receipts)]
        )
        return pb.RecordDeliveryReceiptsResponse(results=map(mapping.recorded_to_proto, recorded))

    async def GetMedia(
        self,
        request: pb.GetMediaRequest,
        context: ServicerContext[pb.GetMediaRequest, pb.GetMediaResponse],
    ) -> pb.GetMediaResponse:
        media = await self._media.get(records_mapping.media_token_from_proto(request))
        return records_mapping.media_to_proto(media)

    async def FetchText(
        self,
        request: pb.FetchTextRequest,
        context: ServicerContext[pb.FetchTextRequest, pb.FetchTextResponse],
    ) -> pb.FetchTextResponse:
        fetched = await self._media.fetch_text(records_mapping.text_url_from_proto(request))
        return records_mapping.text_to_proto(fetched)

    async def CheckAccess(
        self,
        request: pb.CheckAccessRequest,
        context: ServicerContext[pb.CheckAccessRequest, pb.CheckAccessResponse],
    ) -> pb.CheckAccessResponse:
        return pb.CheckAccessResponse()
