"""The servicer of EventService."""

from collections.abc import AsyncIterator

from conversation_service.application import queries
from conversation_service.application.pools import PoolDirectory
from conversation_service.rpc.core.convert import page_size
from conversation_service.rpc.core.permissions import Context, current_caller
from conversation_service.rpc.events import requests
from conversation_service.rpc.events.event_stream import EventStreams
from conversation_service.rpc.events.responses import events_to_proto
from maskline.conversation.v1 import event_pb2 as pb
from maskline.conversation.v1 import event_pb2_grpc as rpc


class EventServicer(rpc.EventServiceServicer):
    """Lists and streams events."""

    def __init__(self, directory: PoolDirectory, streams: EventStreams) -> None:
        self._directory = directory
        self._streams = streams

    async def ListEvents(
        self, request: pb.ListEventsRequest, context: Context
    ) -> pb.ListEventsResponse:
        selection = requests.listed(request)
        pool = await self._directory.by_name(request.pool_id)
        page = await queries.events(pool, selection, page_size(request), request.page_token)
        conversations = await queries.conversations_of(pool, page.events)
        events = events_to_proto(page.events, pool.name, conversations)
        return pb.ListEventsResponse(events=events, next_page_token=page.next_token)

    async def WatchEvents(
        self, request: pb.WatchEventsRequest, context: Context
    ) -> AsyncIterator[pb.WatchEventsResponse]:
        selection = requests.watched(request)
        pool = await self._directory.by_name(request.pool_id)
        cursor, caller = requests.start_cursor(request), current_caller().name
        async for response in self._streams.watch(pool, selection, cursor, caller):
            yield response
