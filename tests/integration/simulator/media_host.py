"""Where the media of an MMS lie while the carrier fetches them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from integration.simulator.running_simulator import port_of, serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PICTURE = b"\x89PNG\r\n\x1a\n and the rest of a picture"


class MediaHost:
    """Answers each path with what a test put there, 404 elsewhere, and nothing at all at /slow."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, Response] = {}
        self.end = asyncio.Event()
        self.app = Starlette(routes=[Route("/{path:path}", self._answer)])

    def put(self, path: str, content: bytes = PICTURE, media_type: str = "image/png") -> str:
        """Puts a file there; answers its address."""
        self.answers[path] = Response(content, media_type=media_type)
        return f"{self.url}{path}"

    async def _answer(self, request: Request) -> Response:
        if request.url.path == "/slow":
            await self.end.wait()
        return self.answers.get(request.url.path, Response(status_code=404))


@asynccontextmanager
async def media_host() -> AsyncIterator[MediaHost]:
    """A host on a free port."""
    host = MediaHost()
    async with serving(host.app) as server:
        host.url = f"http://127.0.0.1:{port_of(server)}"
        yield host
        host.end.set()
