"""The carrier fetches files at the gateway, which holds none itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
import structlog
from grpc.aio import ServicerContext

from gateway.conversation_client import MEDIA_SERVICE
from maskline.conversation.v1 import media_pb2 as pb
from maskline.conversation.v1 import media_pb2_grpc as rpc
from runtime.grpc.server import GrpcServer
from support.ports import free_port
from support.running_gateway import BACKEND_SECRET, RunningGateway, running_gateway

TOKEN = "Zm9yLXRlc3RzLW9ubHk_-Zm9yLXRlc3RzLW9ubHk_-x"
# As large as a file can be that a carrier takes.
CONTENT = bytes(range(256)) * 3_000


class Shelf(rpc.MediaServiceServicer):
    """Has one file, fails as it is response, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails_with: grpc.StatusCode | None = None
        self.content_type = "image/png"
        self.gate = asyncio.Event()
        self.gate.set()

    async def GetMedia(
        self,
        request: pb.GetMediaRequest,
        context: ServicerContext[pb.GetMediaRequest, pb.GetMediaResponse],
    ) -> pb.GetMediaResponse:
        self.asked.append(request.media_token)
        await self.gate.wait()
        if self.fails_with is not None:
            await context.abort(self.fails_with, BACKEND_SECRET)
        return pb.GetMediaResponse(content_type=self.content_type, content=CONTENT)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@asynccontextmanager
async def gateway_before(shelf: Shelf, seconds: float = 8.0) -> AsyncIterator[RunningGateway]:
    server = GrpcServer("127.0.0.1:0", [])
    rpc.add_MediaServiceServicer_to_server(shelf, server.server)
    await server.start([MEDIA_SERVICE.full_name])
    try:
        target = f"127.0.0.1:{server.port}"
        async with running_gateway(target, call_timeout_seconds=seconds) as gateway:
            yield gateway
    finally:
        shelf.gate.set()
        await server.server.stop(None)


@pytest.fixture
async def gateway(shelf: Shelf) -> AsyncIterator[RunningGateway]:
    async with gateway_before(shelf) as running:
        yield running


async def test_a_file_is_handed_out_as_it_is(gateway: RunningGateway, shelf: Shelf) -> None:
    response = await gateway.http.get(f"/media/{TOKEN}.png")
    assert (response.status_code, response.content) == (200, CONTENT)
    assert shelf.asked == [f"{TOKEN}.png"]
    assert response.headers["content-type"] == "image/png"
    assert response.headers["content-length"] == str(len(CONTENT))
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-disposition"] == "inline"


async def test_words_say_how_they_are_written(gateway: RunningGateway, shelf: Shelf) -> None:
    shelf.content_type = "text/plain"
    response = await gateway.http.get(f"/media/{TOKEN}.txt")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


async def test_head_tells_the_same_without_the_file(gateway: RunningGateway) -> None:
    got = await gateway.http.get(f"/media/{TOKEN}")
    response = await gateway.http.head(f"/media/{TOKEN}")
    assert response.status_code == 200
    assert response.content == b""
    for name in ("content-type", "content-length", "cache-control", "content-disposition"):
        assert response.headers[name] == got.headers[name]


@pytest.mark.parametrize("code", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT])
@pytest.mark.parametrize("token", [TOKEN, "a", "a" * 129, "a%20b", "%00", "a~b", "caf%C3%A9"])
async def test_whatever_is_not_kept_gets_the_same_404(
    gateway: RunningGateway, shelf: Shelf, code: grpc.StatusCode, token: str
) -> None:
    shelf.fails_with = code
    response = await gateway.http.get(f"/media/{token}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:problem-type:maskline:file-not-kept",
        "title": "Not Found",
        "status": 404,
        "detail": "No file is kept at this address.",
    }


@pytest.mark.parametrize("token", ["a" * 129, "a%20b", "%00", "a~b", "caf%C3%A9"])
async def test_nobody_is_asked_for_what_was_never_given_out(
    gateway: RunningGateway, shelf: Shelf, token: str
) -> None:
    await gateway.http.get(f"/media/{token}")
    assert shelf.asked == []


@pytest.mark.parametrize("path", ["/media", "/media/", f"/media/{TOKEN}/x"])
async def test_there_is_no_list_of_files(gateway: RunningGateway, path: str) -> None:
    assert (await gateway.http.get(path)).status_code == 404


async def test_files_are_only_handed_out(gateway: RunningGateway) -> None:
    assert (await gateway.http.post(f"/media/{TOKEN}")).status_code == 405


@pytest.mark.parametrize(
    "code",
    [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL],
)
async def test_a_call_that_fails_is_503(
    gateway: RunningGateway, shelf: Shelf, code: grpc.StatusCode
) -> None:
    shelf.fails_with = code
    response = await gateway.http.get(f"/media/{TOKEN}")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert "secret" not in response.text


async def test_nobody_behind_is_503() -> None:
    async with running_gateway(f"127.0.0.1:{free_port()}") as gateway:
        assert (await gateway.http.get(f"/media/{TOKEN}")).status_code == 503


async def test_a_service_that_does_not_answer_is_503_after_the_deadline(shelf: Shelf) -> None:
    shelf.gate.clear()
    async with gateway_before(shelf, seconds=0.2) as gateway:
        assert (await gateway.http.get(f"/media/{TOKEN}")).status_code == 503


@pytest.mark.parametrize("code", [None, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INTERNAL])
async def test_no_log_line_holds_an_address(
    gateway: RunningGateway,
    shelf: Shelf,
    code: grpc.StatusCode | None,
    capfd: pytest.CaptureFixture[str],
) -> None:
    shelf.fails_with = code
    with structlog.testing.capture_logs() as logs:
        await gateway.http.get(f"/media/{TOKEN}.png")
    assert TOKEN not in str(logs)
    assert TOKEN not in "".join(capfd.readouterr())
