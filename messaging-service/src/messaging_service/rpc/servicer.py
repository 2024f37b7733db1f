"""Wire to domain and back. No decision is made here."""

from grpc.aio import ServicerContext

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.messaging_pb2_grpc import MessagingServiceServicer
from messaging_service.carrier.port import Account, Direction, Records
from messaging_service.ledger.ledger import Ledger
from messaging_service.media.relay import MediaRelay
from messaging_service.model.errors import MessageNotFound
from messaging_service.receipts.recorder import ReceiptRecorder
from messaging_service.rpc import account as account_wire
from messaging_service.rpc import messages as wire
from messaging_service.rpc import records as records_wire
from messaging_service.sending.sender import Sender

SERVICE_NAME = pb.DESCRIPTOR.services_by_name["MessagingService"].full_name


class MessagingServicer(MessagingServiceServicer):
    """Satisfies maskline.messaging.v1.MessagingService."""

    def __init__(
        self,
        sender: Sender,
        recorder: ReceiptRecorder,
        ledger: Ledger,
        account: Account,
        records: Records,
        room: MediaRelay,
    ) -> None:
        self._sender = sender
        self._recorder = recorder
        self._ledger = ledger
        self._account = account
        self._records = records
        self._room = room

    async def SendMessages(
        self,
        request: pb.SendMessagesRequest,
        context: ServicerContext[pb.SendMessagesRequest, pb.SendMessagesResponse],
    ) -> pb.SendMessagesResponse:
        wire.check_batch("messages", request.messages)
        results = await self._sender.send_all([*map(wire.to_text, request.messages)])
        return pb.SendMessagesResponse(results=map(wire.from_result, results))

    async def GetMessage(
        self,
        request: pb.GetMessageRequest,
        context: ServicerContext[pb.GetMessageRequest, pb.GetMessageResponse],
    ) -> pb.GetMessageResponse:
        wire.check_id("message_id", request.message_id)
        message = await self._ledger.get(request.message_id)
        if message is None:
            raise MessageNotFound(request.message_id)
        return pb.GetMessageResponse(message=wire.from_message(message))

    async def RecordDeliveryReceipts(
        self,
        request: pb.RecordDeliveryReceiptsRequest,
        context: ServicerContext[
            pb.RecordDeliveryReceiptsRequest, pb.RecordDeliveryReceiptsResponse
        ],
    ) -> pb.RecordDeliveryReceiptsResponse:
        wire.check_batch("receipts", request.receipts)
        messages = await self._recorder.record_all([*map(wire.to_receipt, request.receipts)])
        return pb.RecordDeliveryReceiptsResponse(results=map(wire.from_recorded, messages))

    async def ListInboundRecords(
        self,
        request: pb.ListInboundRecordsRequest,
        context: ServicerContext[pb.ListInboundRecordsRequest, pb.ListInboundRecordsResponse],
    ) -> pb.ListInboundRecordsResponse:
        span, page = records_wire.to_span_and_page(request)
        found = await self._records.list_records(Direction.INBOUND, span, page)
        return records_wire.from_records(found)

    async def GetMedia(
        self,
        request: pb.GetMediaRequest,
        context: ServicerContext[pb.GetMediaRequest, pb.GetMediaResponse],
    ) -> pb.GetMediaResponse:
        media = await self._room.get(records_wire.to_media_token(request))
        return records_wire.from_media(media)

    async def ListAccountNumbers(
        self,
        request: pb.ListAccountNumbersRequest,
        context: ServicerContext[pb.ListAccountNumbersRequest, pb.ListAccountNumbersResponse],
    ) -> pb.ListAccountNumbersResponse:
        page = await self._account.list_numbers(account_wire.to_page(request))
        return account_wire.from_numbers(page)

    async def CheckAccount(
        self,
        request: pb.CheckAccountRequest,
        context: ServicerContext[pb.CheckAccountRequest, pb.CheckAccountResponse],
    ) -> pb.CheckAccountResponse:
        return account_wire.from_check(await self._account.check())
