"""Files are passed on from the messaging service to the gateway."""

from dataclasses import dataclass, field

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.rpc.core.status import DOMAIN
from maskline.ingest.v1 import ingest_pb2
from maskline.ingest.v1.ingest_pb2_grpc import IngestServiceStub
from maskline.messaging.v1 import messaging_pb2 as pb
from support.builders.conversation_calls import ask
from support.clock import ManualClock
from support.fakes.scripted_messaging import Context, ScriptedMessaging
from support.net.grpc_calls import reason
from support.services.conversation_service import running

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
async def test_a_file_is_passed_on_unchanged_and_a_failure_has_a_reason(
    redis: Redis, redis_url: str, clock: ManualClock, code: grpc.StatusCode, expected: str
) -> None:
    messaging = MessagingWithFile()
    request = ingest_pb2.GetMediaRequest(media_token=TOKEN)
    async with running(redis_url, clock, messaging=messaging) as service:
        get = IngestServiceStub(service.channel).GetMedia
        media = await ask(get, request)
        assert (media.content_type, media.content) == ("image/png", CONTENT)
        assert messaging.requested == [TOKEN]
        messaging.fails_with = code
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await ask(get, request)
    assert "hunter2" not in str(raised.value)
    assert reason(raised.value, DOMAIN) == expected
