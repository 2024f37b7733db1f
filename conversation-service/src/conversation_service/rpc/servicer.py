"""ConversationService on the wire."""

from collections.abc import Sequence

from grpc.aio import ServicerContext

from conversation_service.operations.directory import Directory
from conversation_service.operations.executor import Result
from conversation_service.operations.items import carry_out_valid
from conversation_service.operations.people import People
from conversation_service.operations.receipts import ReceiptBook
from conversation_service.operations.receive import InboundText, receive
from conversation_service.rpc import inbound, requests
from conversation_service.rpc.resources import conversation_message
from conversation_service.rpc.shape import Shape
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import conversation_pb2_grpc as rpc

Context = ServicerContext[object, object]


class ConversationServicer(rpc.ConversationServiceServicer):
    """Wire to domain and back. No decision is made here."""

    def __init__(self, directory: Directory, people: People, receipts: ReceiptBook) -> None:
        self._directory = directory
        self._people = people
        self._receipts = receipts

    async def ReceiveMessages(
        self, request: pb.ReceiveMessagesRequest, context: Context
    ) -> pb.ReceiveMessagesResponse:
        _check_batch("messages", request.messages)
        items = [inbound.inbound_text(message) for message in request.messages]
        results = await carry_out_valid(items, self._receive)
        return pb.ReceiveMessagesResponse(results=map(inbound.text_result, results))

    async def ReceiveDeliveryReceipts(
        self, request: pb.ReceiveDeliveryReceiptsRequest, context: Context
    ) -> pb.ReceiveDeliveryReceiptsResponse:
        _check_batch("receipts", request.receipts)
        items = [inbound.carrier_receipt(receipt) for receipt in request.receipts]
        results = await carry_out_valid(items, self._receipts.take)
        return pb.ReceiveDeliveryReceiptsResponse(results=map(inbound.receipt_result, results))

    async def StartConversation(
        self, request: pb.StartConversationRequest, context: Context
    ) -> pb.StartConversationResponse:
        requests.check_start(request)
        pool = self._directory.named(request.pool)
        started = await pool.executor.run(requests.start(request, pool.pool, self._people))
        return pb.StartConversationResponse(
            conversation=conversation_message(started.changed), code=started.changed.code
        )

    async def JoinConversation(
        self, request: pb.JoinConversationRequest, context: Context
    ) -> pb.JoinConversationResponse:
        requests.check_join(request)
        pool = self._directory.named(request.pool)
        joined = await pool.executor.run(requests.join(request, pool.pool, self._people))
        return pb.JoinConversationResponse(conversation=conversation_message(joined.changed))

    async def EndConversation(
        self, request: pb.EndConversationRequest, context: Context
    ) -> pb.EndConversationResponse:
        requests.check_end(request)
        pool = self._directory.named(request.pool)
        ended = await pool.executor.run(requests.end(request))
        return pb.EndConversationResponse(conversation=conversation_message(ended.changed))

    async def SendMessage(
        self, request: pb.SendMessageRequest, context: Context
    ) -> pb.SendMessageResponse:
        requests.check_speak(request)
        pool = self._directory.named(request.pool)
        spoken = await pool.executor.run(requests.speak(request))
        return pb.SendMessageResponse(message_ids=spoken.message_ids)

    async def GetConversation(
        self, request: pb.GetConversationRequest, context: Context
    ) -> pb.GetConversationResponse:
        requests.check_get(request)
        found = await self._directory.named(request.pool).get(request.conversation_id)
        return pb.GetConversationResponse(conversation=conversation_message(found))

    async def ListConversations(
        self, request: pb.ListConversationsRequest, context: Context
    ) -> pb.ListConversationsResponse:
        requests.check_list(request)
        pool = self._directory.named(request.pool)
        page = await pool.page(requests.page_size(request), request.page_token)
        listed = [conversation_message(conversation) for conversation in page.conversations]
        return pb.ListConversationsResponse(conversations=listed, next_page_token=page.next_token)

    async def _receive(self, texts: Sequence[InboundText]) -> list[Result]:
        return await receive(self._directory, self._people, texts)


def _check_batch(field: str, items: Sequence[object]) -> None:
    shape = Shape()
    shape.batch(field, items)
    shape.check()
