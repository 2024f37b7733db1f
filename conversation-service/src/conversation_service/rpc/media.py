"""The servicer of MediaService."""

from conversation_service.messaging.media import MediaClient
from conversation_service.rpc.core.permissions import Context
from conversation_service.rpc.core.validation import RequestValidator
from maskline.conversation.v1 import media_pb2 as pb
from maskline.conversation.v1 import media_pb2_grpc as rpc

# The contract's limit; tokens have about a third of it.
MAX_TOKEN_LENGTH = 128


class MediaServicer(rpc.MediaServiceServicer):
    """Passes files to the gateway, which has no connection to the messaging service."""

    def __init__(self, media: MediaClient) -> None:
        self._media = media

    async def GetMedia(self, request: pb.GetMediaRequest, context: Context) -> pb.GetMediaResponse:
        validator = RequestValidator()
        validator.identifier("media_token", request.media_token, MAX_TOKEN_LENGTH)
        validator.check()
        media = await self._media.get(request.media_token)
        return pb.GetMediaResponse(content_type=media.content_type, content=media.content)
