"""Fetches files from the messaging service."""

import grpc

from conversation_service.domain.errors import MediaNotFound
from conversation_service.domain.model.text_parts import TextPart, TextPartKind
from conversation_service.messaging.client import MessagingUnavailable
from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.messaging_pb2_grpc import MessagingServiceStub

# Enough for one Redis read and a megabyte; below the gateway's own timeout of 8 s.
MEDIA_TIMEOUT_SECONDS = 5.0


# The messaging service's own limit is three seconds.
TEXT_TIMEOUT_SECONDS = 4.0

_KINDS = {
    pb.FetchTextOutcome.Value(f"FETCH_TEXT_OUTCOME_{kind.name}"): kind for kind in TextPartKind
}


class MediaClient:
    """The messaging service's files."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = MessagingServiceStub(channel)

    async def get(self, media_token: str) -> pb.GetMediaResponse:
        """A file. Raises MediaNotFound, MessagingUnavailable."""
        request = pb.GetMediaRequest(media_token=media_token)
        try:
            return await self._stub.GetMedia(request, timeout=MEDIA_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                raise MediaNotFound from None
            raise MessagingUnavailable from error

    async def fetch_text(self, url: str) -> TextPart:
        """A text part of an inbound message. Raises MessagingUnavailable."""
        request = pb.FetchTextRequest(url=url)
        try:
            response = await self._stub.FetchText(request, timeout=TEXT_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise MessagingUnavailable from error
        return TextPart(_KINDS.get(response.outcome, TextPartKind.FILE), response.text)
