"""Provokes each documented error of MediaService."""

from collections.abc import Awaitable

import pytest
from contract.conversation.errors.error_catalog.common import Provocation, directly

from maskline.conversation.v1 import media_pb2 as pb
from maskline.conversation.v1.media_pb2_grpc import MediaServiceStub
from support.conversation_calls import ask
from support.conversation_service import RunningService


def get(service: RunningService, media_token: str) -> Awaitable[pb.GetMediaResponse]:
    request = pb.GetMediaRequest(media_token=media_token)
    return ask(MediaServiceStub(service.channel).GetMedia, request)


async def messaging_is_down(service: RunningService, _: pytest.MonkeyPatch) -> object:
    service.messaging.is_down = True
    return await get(service, "none")


TABLE: dict[str, dict[str, Provocation]] = {
    "GetMedia": {
        "INVALID_ARGUMENT": directly(lambda service: get(service, "")),
        "MEDIA_NOT_FOUND": directly(lambda service: get(service, "none")),
        "BACKEND_UNAVAILABLE": messaging_is_down,
    },
}
