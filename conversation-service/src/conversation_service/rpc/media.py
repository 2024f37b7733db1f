"""MediaService on the wire."""

from conversation_service.messaging.media import MediaClient
from conversation_service.rpc.core.permissions import Context
from conversation_service.rpc.core.validation import RequestValidator
from maskline.conversation.v1 import media_pb2 as pb
from maskline.conversation.v1 import media_pb2_grpc as rpc

# The contract's limit; an address is about a third of it.
TOKEN_LIMIT = 128


class MediaServicer(rpc.MediaServiceServicer):
    """Passes files on to the gateway, which knows no messaging service. None is looked at."""

    def __init__(self, media: MediaClient) -> None:
        self._media = media

    async def GetMedia(self, request: pb.GetMediaRequest, context: Context) -> pb.GetMediaResponse:
        shape = RequestValidator()
        shape.identifier("media_token", request.media_token, TOKEN_LIMIT)
        shape.check()
        media = await self._media.get(request.media_token)
        return pb.GetMediaResponse(content_type=media.content_type, content=media.content)
