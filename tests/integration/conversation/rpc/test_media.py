"""Files are passed on from the messaging service to the gateway."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.rpc.core.status import DOMAIN
from maskline.conversation.v1 import media_pb2
from maskline.conversation.v1.media_pb2_grpc import MediaServiceStub
from maskline.messaging.v1 import messaging_pb2 as pb
from support.builders.conversation_calls import ask
from support.clock import ManualClock
from support.fakes.scripted_messaging import Context, ScriptedMessaging
from support.net.grpc_calls import reason
from support.services.conversation_service import RunningService, running

TOKEN = "Zm9yLXRlc3RzLW9ubHk_-Zm9yLXRlc3RzLW9ubHk_-x.png"
# The largest file that a carrier accepts.
CONTENT = bytes(range(256)) * 3_000


@dataclass
class MessagingWithFile(ScriptedMessaging):
    """Has one file."""

    fails_with: grpc.StatusCode | None = None
    requested: list[str] = field(default_factory=list)

    async def GetMedia(self, request: pb.GetMediaRequest, context: Context) -> pb.GetMediaResponse:
        self.requested.append(request.media_token)
        if self.fails_with is not None:
            await context.abort(self.fails_with, "hunter2")
        return pb.GetMediaResponse(content_type="image/png", content=CONTENT)


@pytest.fixture
def messaging() -> MessagingWithFile:
    return MessagingWithFile()


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock, messaging: MessagingWithFile
) -> AsyncIterator[RunningService]:
    async with running(redis_url, clock, messaging=messaging) as one:
        yield one


async def get(service: RunningService, media_token: str = TOKEN) -> media_pb2.GetMediaResponse:
    request = media_pb2.GetMediaRequest(media_token=media_token)
    return await ask(MediaServiceStub(service.channel).GetMedia, request)


async def failure(service: RunningService, media_token: str = TOKEN) -> str:
    """The reason of the error."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await get(service, media_token)
    assert "hunter2" not in str(raised.value)
    return reason(raised.value, DOMAIN)


async def test_a_file_is_passed_on_unchanged(
    service: RunningService, messaging: MessagingWithFile
) -> None:
    media = await get(service)
    assert (media.content_type, media.content) == ("image/png", CONTENT)
    assert messaging.requested == [TOKEN]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.NOT_FOUND, "MEDIA_NOT_FOUND"),
        (grpc.StatusCode.UNAVAILABLE, "BACKEND_UNAVAILABLE"),
        (grpc.StatusCode.INTERNAL, "BACKEND_UNAVAILABLE"),
        (grpc.StatusCode.UNIMPLEMENTED, "BACKEND_UNAVAILABLE"),
        # The token was validated before: the services disagree, and the file may exist.
        (grpc.StatusCode.INVALID_ARGUMENT, "BACKEND_UNAVAILABLE"),
    ],
)
async def test_a_failure_of_the_messaging_service_has_a_reason(
    service: RunningService, messaging: MessagingWithFile, code: grpc.StatusCode, expected: str
) -> None:
    messaging.fails_with = code
    assert await failure(service) == expected


@pytest.mark.parametrize("media_token", ["", "a" * 129, "caf\N{LATIN SMALL LETTER E WITH ACUTE}"])
async def test_a_malformed_token_is_refused_here(
    service: RunningService, messaging: MessagingWithFile, media_token: str
) -> None:
    assert await failure(service, media_token) == "INVALID_ARGUMENT"
    assert messaging.requested == []
