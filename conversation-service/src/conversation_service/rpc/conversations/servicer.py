"""The servicer of ConversationService."""

from conversation_service.application import queries
from conversation_service.application.number_lookups import NumberLookups
from conversation_service.application.pools import PoolDirectory
from conversation_service.domain.commands.client.reopen import ReopenConversation
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.errors import FieldViolation, InvalidArgument
from conversation_service.rpc.conversations import message_requests, requests
from conversation_service.rpc.conversations.message_responses import MessageConverter
from conversation_service.rpc.conversations.responses import conversation_to_proto
from conversation_service.rpc.core.convert import page_size
from conversation_service.rpc.core.permissions import Context, current_caller
from conversation_service.store.encryption.blind_index import PersonIds
from conversation_service.store.records.payloads import StoredResponse
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import conversation_pb2_grpc as rpc
from maskline.conversation.v1 import message_pb2


class ConversationServicer(rpc.ConversationServiceServicer):
    """Turns requests into commands and queries, and results into responses."""

    def __init__(
        self,
        directory: PoolDirectory,
        people: PersonIds,
        lookups: NumberLookups,
    ) -> None:
        self._directory = directory
        self._people = people
        self._lookups = lookups

    async def CreateConversation(
        self, request: pb.CreateConversationRequest, context: Context
    ) -> pb.CreateConversationResponse:
        command = requests.create(request, self._people)
        numbers = [participant.phone_number for participant in request.participants]
        await self._refuse_masked("participants", *numbers)
        response = await self._run_guarded(request.pool_id, command)
        conversation = conversation_to_proto(response.changed)
        return pb.CreateConversationResponse(
            conversation=conversation, join_code=response.changed.code
        )

    async def JoinConversation(
        self, request: pb.JoinConversationRequest, context: Context
    ) -> pb.JoinConversationResponse:
        command = requests.join(request, self._people)
        await self._refuse_masked("phone_number", request.phone_number)
        response = await self._run_guarded(request.pool_id, command)
        return pb.JoinConversationResponse(conversation=conversation_to_proto(response.changed))

    async def UpdateConversation(
        self, request: pb.UpdateConversationRequest, context: Context
    ) -> pb.UpdateConversationResponse:
        response = await self._run(request.conversation.pool_id, requests.update(request))
        return pb.UpdateConversationResponse(conversation=conversation_to_proto(response.changed))

    async def EndConversation(
        self, request: pb.EndConversationRequest, context: Context
    ) -> pb.EndConversationResponse:
        response = await self._run(request.pool_id, requests.end(request))
        return pb.EndConversationResponse(conversation=conversation_to_proto(response.changed))

    async def SendMessage(
        self, request: message_pb2.SendMessageRequest, context: Context
    ) -> message_pb2.SendMessageResponse:
        response = await self._run(request.pool_id, message_requests.send(request))
        to_proto = MessageConverter(request.pool_id, self._people).to_proto
        messages = [to_proto(record, response.changed) for record in response.messages]
        return message_pb2.SendMessageResponse(messages=messages)

    async def PauseConversation(
        self, request: pb.PauseConversationRequest, context: Context
    ) -> pb.PauseConversationResponse:
        response = await self._run(request.pool_id, requests.pause(request))
        return pb.PauseConversationResponse(conversation=conversation_to_proto(response.changed))

    async def ResumeConversation(
        self, request: pb.ResumeConversationRequest, context: Context
    ) -> pb.ResumeConversationResponse:
        response = await self._run(request.pool_id, requests.resume(request))
        return pb.ResumeConversationResponse(conversation=conversation_to_proto(response.changed))

    async def ReopenConversation(
        self, request: pb.ReopenConversationRequest, context: Context
    ) -> pb.ReopenConversationResponse:
        requests.validate_reopen(request)
        pool = await self._directory.by_name(request.pool_id)
        ended = await pool.get(request.conversation_id)
        response = await pool.executor.run(ReopenConversation(request.request_id, ended))
        return pb.ReopenConversationResponse(conversation=conversation_to_proto(response.changed))

    async def GetConversation(
        self, request: pb.GetConversationRequest, context: Context
    ) -> pb.GetConversationResponse:
        requests.validate_get(request)
        pool = await self._directory.by_name(request.pool_id)
        conversation = await pool.get(request.conversation_id)
        return pb.GetConversationResponse(conversation=conversation_to_proto(conversation))

    async def ListConversations(
        self, request: pb.ListConversationsRequest, context: Context
    ) -> pb.ListConversationsResponse:
        wanted = requests.conversation_filter(request)
        pool = await self._directory.by_name(request.pool_id)
        page = await queries.conversations(pool, wanted, page_size(request), request.page_token)
        return pb.ListConversationsResponse(
            conversations=map(conversation_to_proto, page.conversations),
            next_page_token=page.next_token,
        )

    async def GetMessage(
        self, request: message_pb2.GetMessageRequest, context: Context
    ) -> message_pb2.GetMessageResponse:
        message_requests.validate_get(request)
        pool = await self._directory.by_name(request.pool_id)
        found = await queries.message(pool, request.message_id)
        converter = MessageConverter(pool.name, self._people)
        message = converter.to_proto(found.record, found.conversation)
        return message_pb2.GetMessageResponse(message=message)

    async def ListMessages(
        self, request: message_pb2.ListMessagesRequest, context: Context
    ) -> message_pb2.ListMessagesResponse:
        message_requests.validate_list(request)
        pool = await self._directory.by_name(request.pool_id)
        size, token = page_size(request), request.page_token
        page = await queries.messages(pool, request.conversation_id, size, token)
        to_proto = MessageConverter(pool.name, self._people).to_proto
        messages = [to_proto(record, page.conversation) for record in page.records]
        return message_pb2.ListMessagesResponse(messages=messages, next_page_token=page.next_token)

    async def _refuse_masked(self, field: str, *phone_numbers: str) -> None:
        """Maskline would text itself if a masked number were in a conversation."""
        if await self._directory.masked_among(phone_numbers):
            raise InvalidArgument([FieldViolation(field, "a masked number is not a person's")])

    async def _run_guarded(self, pool: str, command: Command) -> StoredResponse:
        """A command that takes phone numbers, some of whose refusals tell that one is known."""
        async with self._lookups.guard(current_caller(), pool):
            return await self._run(pool, command)

    async def _run(self, pool: str, command: Command) -> StoredResponse:
        return await (await self._directory.by_name(pool)).executor.run(command)
