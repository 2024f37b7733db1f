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
from support.clock import ManualClock
from support.conversation_calls import ask
from support.conversation_service import RunningService, running
from support.grpc_calls import reason
from support.scripted_messaging import Context, ScriptedMessaging

TOKEN = "Zm9yLXRlc3RzLW9ubHk_-Zm9yLXRlc3RzLW9ubHk_-x.png"
# As large as a file can be that a carrier takes.
CONTENT = bytes(range(256)) * 3_000


@dataclass
class Shelf(ScriptedMessaging):
    """A messaging service with one file."""

    fails_with: grpc.StatusCode | None = None
    asked: list[str] = field(default_factory=list)

    async def GetMedia(self, request: pb.GetMediaRequest, context: Context) -> pb.GetMediaResponse:
        self.asked.append(request.media_token)
        if self.fails_with is not None:
            await context.abort(self.fails_with, "hunter2")
        return pb.GetMediaResponse(content_type="image/png", content=CONTENT)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock, shelf: Shelf
) -> AsyncIterator[RunningService]:
    async with running(redis_url, clock, messaging=shelf) as one:
        yield one


async def get(service: RunningService, media_token: str = TOKEN) -> media_pb2.GetMediaResponse:
    request = media_pb2.GetMediaRequest(media_token=media_token)
    return await ask(MediaServiceStub(service.channel).GetMedia, request)


async def refused(service: RunningService, media_token: str = TOKEN) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await get(service, media_token)
    assert "hunter2" not in str(refusal.value)
    return refusal.value


async def test_a_file_is_passed_on_as_it_is(service: RunningService, shelf: Shelf) -> None:
    media = await get(service)
    assert (media.content_type, media.content) == ("image/png", CONTENT)
    assert shelf.asked == [TOKEN]


async def test_a_file_that_is_not_kept_is_not_found(service: RunningService, shelf: Shelf) -> None:
    shelf.fails_with = grpc.StatusCode.NOT_FOUND
    assert reason(await refused(service), DOMAIN) == "MEDIA_NOT_FOUND"


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNIMPLEMENTED,
        # Its form was looked at here already: the two disagree, and the file may be there.
        grpc.StatusCode.INVALID_ARGUMENT,
    ],
)
async def test_a_messaging_service_that_fails_is_told(
    service: RunningService, shelf: Shelf, code: grpc.StatusCode
) -> None:
    shelf.fails_with = code
    assert reason(await refused(service), DOMAIN) == "BACKEND_UNAVAILABLE"


@pytest.mark.parametrize("media_token", ["", "a" * 129, "caf\N{LATIN SMALL LETTER E WITH ACUTE}"])
async def test_what_was_never_given_out_is_asked_about_nowhere(
    service: RunningService, shelf: Shelf, media_token: str
) -> None:
    assert reason(await refused(service, media_token), DOMAIN) == "INVALID_ARGUMENT"
    assert shelf.asked == []
