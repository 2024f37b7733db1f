"""How each refusal that files document comes about."""

from collections.abc import Awaitable

import pytest
from contract.conversation.provoking import Provocation, at_once

from maskline.conversation.v1 import media_pb2 as pb
from maskline.conversation.v1.media_pb2_grpc import MediaServiceStub
from support.conversation_calls import ask
from support.conversation_service import RunningService


def get(service: RunningService, name: str = "none") -> Awaitable[pb.GetMediaResponse]:
    request = pb.GetMediaRequest(media_token=name)
    return ask(MediaServiceStub(service.channel).GetMedia, request)


async def getting_from_nobody(service: RunningService, _: pytest.MonkeyPatch) -> object:
    service.messaging.is_down = True
    return await get(service)


TABLE: dict[str, dict[str, Provocation]] = {
    "GetMedia": {
        "INVALID_ARGUMENT": at_once(lambda service: get(service, "")),
        "MEDIA_NOT_FOUND": at_once(get),
        "BACKEND_UNAVAILABLE": getting_from_nobody,
    },
}
