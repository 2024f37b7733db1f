"""ConversationService on the wire."""

from collections.abc import AsyncIterator, Sequence

from conversation_service.application import queries
from conversation_service.application.inbound.delivery_receipts import DeliveryReceiptHandler
from conversation_service.application.inbound.messages import InboundHandler, carry_out_valid
from conversation_service.application.pools import PoolDirectory
from conversation_service.domain.commands.client.reopen import ReopenConversation
from conversation_service.rpc.conversations import inbound, requests
from conversation_service.rpc.conversations.event_stream import EventStreams
from conversation_service.rpc.conversations.responses import (
    conversation_message,
    event_message,
    text_summary,
)
from conversation_service.rpc.core.convert import page_size
from conversation_service.rpc.core.permissions import Callers, Context
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.store.encryption.blind_index import PersonIds
from conversation_service.store.records.payloads import StoredResponse
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import conversation_pb2_grpc as rpc


class ConversationServicer(rpc.ConversationServiceServicer):
    """Wire to domain and back. No decision is made here."""

    def __init__(
        self,
        directory: PoolDirectory,
        people: PersonIds,
        reception: InboundHandler,
        receipts: DeliveryReceiptHandler,
        watches: EventStreams,
        callers: Callers,
    ) -> None:
        self._directory = directory
        self._people = people
        self._reception = reception
        self._receipts = receipts
        self._watches = watches
        self._callers = callers

    async def ReceiveMessages(
        self, request: pb.ReceiveMessagesRequest, context: Context
    ) -> pb.ReceiveMessagesResponse:
        _check_batch("messages", request.messages)
        items = [inbound.inbound_text(message) for message in request.messages]
        results = await carry_out_valid(items, self._reception.receive)
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
        intent = requests.start(request, self._people)
        started = await (await self._directory.named(request.pool)).executor.run(intent)
        shown = self._shown(started, context)
        return pb.StartConversationResponse(conversation=shown, code=started.changed.code)

    async def OpenConversation(
        self, request: pb.OpenConversationRequest, context: Context
    ) -> pb.OpenConversationResponse:
        intent = requests.open_(request, self._people)
        opened = await (await self._directory.named(request.pool)).executor.run(intent)
        return pb.OpenConversationResponse(conversation=self._shown(opened, context))

    async def JoinConversation(
        self, request: pb.JoinConversationRequest, context: Context
    ) -> pb.JoinConversationResponse:
        intent = requests.join(request, self._people)
        joined = await (await self._directory.named(request.pool)).executor.run(intent)
        return pb.JoinConversationResponse(conversation=self._shown(joined, context))

    async def EndConversation(
        self, request: pb.EndConversationRequest, context: Context
    ) -> pb.EndConversationResponse:
        intent = requests.end(request)
        ended = await (await self._directory.named(request.pool)).executor.run(intent)
        return pb.EndConversationResponse(conversation=self._shown(ended, context))

    async def SendMessage(
        self, request: pb.SendMessageRequest, context: Context
    ) -> pb.SendMessageResponse:
        intent = requests.speak(request)
        spoken = await (await self._directory.named(request.pool)).executor.run(intent)
        return pb.SendMessageResponse(message_ids=spoken.message_ids, is_held=spoken.is_held)

    async def PauseConversation(
        self, request: pb.PauseConversationRequest, context: Context
    ) -> pb.PauseConversationResponse:
        intent = requests.pause(request)
        paused = await (await self._directory.named(request.pool)).executor.run(intent)
        return pb.PauseConversationResponse(conversation=self._shown(paused, context))

    async def ResumeConversation(
        self, request: pb.ResumeConversationRequest, context: Context
    ) -> pb.ResumeConversationResponse:
        intent = requests.resume(request)
        resumed = await (await self._directory.named(request.pool)).executor.run(intent)
        return pb.ResumeConversationResponse(conversation=self._shown(resumed, context))

    async def ReopenConversation(
        self, request: pb.ReopenConversationRequest, context: Context
    ) -> pb.ReopenConversationResponse:
        requests.check_reopen(request)
        pool = await self._directory.named(request.pool)
        ended = await pool.get(request.conversation_id)
        reopened = await pool.executor.run(ReopenConversation(request.request_id, ended))
        return pb.ReopenConversationResponse(conversation=self._shown(reopened, context))

    async def GetConversation(
        self, request: pb.GetConversationRequest, context: Context
    ) -> pb.GetConversationResponse:
        requests.check_get(request)
        pool = await self._directory.named(request.pool)
        found = await pool.get(request.conversation_id)
        caller = self._callers.caller(context)
        return pb.GetConversationResponse(conversation=conversation_message(found, caller))

    async def ListConversations(
        self, request: pb.ListConversationsRequest, context: Context
    ) -> pb.ListConversationsResponse:
        wanted = requests.filter_(request, self._people)
        pool = await self._directory.named(request.pool)
        size = page_size(request)
        page = await queries.conversations(pool, wanted, size, request.page_token)
        caller = self._callers.caller(context)
        listed = [conversation_message(one, caller) for one in page.conversations]
        return pb.ListConversationsResponse(conversations=listed, next_page_token=page.next_token)

    async def ListMessages(
        self, request: pb.ListMessagesRequest, context: Context
    ) -> pb.ListMessagesResponse:
        requests.check_part_list(request)
        pool = await self._directory.named(request.pool)
        name, size = request.conversation_id, page_size(request)
        page = await queries.texts(pool, self._people, name, size, request.page_token)
        listed = map(text_summary, page.texts)
        return pb.ListMessagesResponse(messages=listed, next_page_token=page.next_token)

    async def GetTimeline(
        self, request: pb.GetTimelineRequest, context: Context
    ) -> pb.GetTimelineResponse:
        requests.check_part_list(request)
        pool = await self._directory.named(request.pool)
        name, size = request.conversation_id, page_size(request)
        told = await queries.timeline(pool, name, size, request.page_token)
        events = [event_message(one, told.conversation) for one in told.events]
        return pb.GetTimelineResponse(events=events, next_page_token=told.next_token)

    async def WatchEvents(
        self, request: pb.WatchEventsRequest, context: Context
    ) -> AsyncIterator[pb.WatchEventsResponse]:
        requests.check_watch(request)
        pool = await self._directory.named(request.pool)
        async for response in self._watches.watch(pool, request):
            yield response

    def _shown(self, answer: StoredResponse, context: Context) -> pb.Conversation:
        return conversation_message(answer.changed, self._callers.caller(context))


def _check_batch(field: str, items: Sequence[object]) -> None:
    shape = RequestValidator()
    shape.batch(field, items)
    shape.check()
