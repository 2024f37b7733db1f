import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
import structlog
from grpc.aio import ServicerContext

from gateway.conversation_client import SERVICE
from maskline.ingest.v1 import ingest_pb2 as pb
from runtime.grpc.server import GrpcServer
from support.services.running_gateway import BACKEND_SECRET, RunningGateway, running_gateway

TOKEN = "Zm9yLXRlc3RzLW9ubHk_-Zm9yLXRlc3RzLW9ubHk_-x"
# The largest size that a carrier accepts.
CONTENT = bytes(range(256)) * 3_000


class ScriptedMedia:
    """Has one file or fails with a status, and keeps the requested tokens."""

    def __init__(self) -> None:
        self.requested: list[str] = []
        self.fails_with: grpc.StatusCode | None = None
        self.content_type = "image/png"
        self.gate = asyncio.Event()
        self.gate.set()

    async def GetMedia(
        self,
        request: pb.GetMediaRequest,
        context: ServicerContext[pb.GetMediaRequest, pb.GetMediaResponse],
    ) -> pb.GetMediaResponse:
        self.requested.append(request.media_token)
        await self.gate.wait()
        if self.fails_with is not None:
            await context.abort(self.fails_with, BACKEND_SECRET)
        return pb.GetMediaResponse(content_type=self.content_type, content=CONTENT)


@pytest.fixture
def media() -> ScriptedMedia:
    return ScriptedMedia()


@asynccontextmanager
async def gateway_over(media: ScriptedMedia, seconds: float = 8.0) -> AsyncIterator[RunningGateway]:
    server = GrpcServer("127.0.0.1:0", [])
    handler = grpc.unary_unary_rpc_method_handler(
        media.GetMedia, pb.GetMediaRequest.FromString, pb.GetMediaResponse.SerializeToString
    )
    methods = grpc.method_handlers_generic_handler(SERVICE.full_name, {"GetMedia": handler})
    server.server.add_generic_rpc_handlers((methods,))
    await server.start([SERVICE.full_name])
    try:
        target = f"127.0.0.1:{server.port}"
        async with running_gateway(target, call_timeout_seconds=seconds) as gateway:
            yield gateway
    finally:
        media.gate.set()
        await server.server.stop(None)


@pytest.fixture
async def gateway(media: ScriptedMedia) -> AsyncIterator[RunningGateway]:
    async with gateway_over(media) as running:
        yield running


async def test_a_file_is_returned_unchanged_and_head_returns_its_headers(
    gateway: RunningGateway, media: ScriptedMedia
) -> None:
    response = await gateway.http.get(f"/media/{TOKEN}.png")
    assert (response.status_code, response.content) == (200, CONTENT)
    assert media.requested == [f"{TOKEN}.png"]
    expected = {
        "content-type": "image/png",
        "content-length": str(len(CONTENT)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-disposition": "inline",
    }
    assert {name: response.headers[name] for name in expected} == expected
    head = await gateway.http.head(f"/media/{TOKEN}.png")
    assert (head.status_code, head.content) == (200, b"")
    assert {name: head.headers[name] for name in expected} == expected


async def test_a_text_file_has_its_charset(gateway: RunningGateway, media: ScriptedMedia) -> None:
    media.content_type = "text/plain"
    response = await gateway.http.get(f"/media/{TOKEN}.txt")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("code", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT])
async def test_any_missing_file_gets_the_same_404_and_malformed_tokens_are_not_passed_on(
    gateway: RunningGateway, media: ScriptedMedia, code: grpc.StatusCode
) -> None:
    media.fails_with = code
    for token in (TOKEN, "a", "a" * 129, "a%20b", "%00", "a~b", "caf%C3%A9"):
        response = await gateway.http.get(f"/media/{token}")
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "type": "urn:problem-type:maskline:media-not-found",
            "title": "Not Found",
            "status": 404,
            "detail": "No file is kept at this address.",
        }
    assert media.requested == [TOKEN, "a"]


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "INTERNAL"])
async def test_a_failed_call_is_503(
    gateway: RunningGateway, media: ScriptedMedia, code: str
) -> None:
    media.fails_with = grpc.StatusCode[code]
    response = await gateway.http.get(f"/media/{TOKEN}")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert "secret" not in response.text


async def test_a_service_that_does_not_respond_is_503_after_the_deadline(
    media: ScriptedMedia,
) -> None:
    media.gate.clear()
    async with gateway_over(media, seconds=0.2) as gateway:
        assert (await gateway.http.get(f"/media/{TOKEN}")).status_code == 503


async def test_no_log_line_holds_a_token(
    gateway: RunningGateway, media: ScriptedMedia, capfd: pytest.CaptureFixture[str]
) -> None:
    with structlog.testing.capture_logs() as logs:
        for media.fails_with in (None, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INTERNAL):
            await gateway.http.get(f"/media/{TOKEN}.png")
    assert TOKEN not in str(logs)
    assert TOKEN not in "".join(capfd.readouterr())
