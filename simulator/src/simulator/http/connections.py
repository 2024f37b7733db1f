"""Answers that never come, come late or break off. ASGI has no word for the last of these."""

import asyncio
import socket
import struct

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TRANSPORT = "simulator.transport"

# A close with this resets the connection: the peer sees no orderly end.
_LINGER_NOT_AT_ALL = struct.pack("ii", 1, 0)


class Connections:
    """Keeps each request's connection at hand. It has to be the outermost of the middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. uvicorn's `receive` is a method of what holds the transport."""
        scope[_TRANSPORT] = getattr(getattr(receive, "__self__", None), "transport", None)
        await self._app(scope, receive, send)


class HangingResponses:
    """Waiting with a request that is open. It ends when the server is asked to stop."""

    def __init__(self) -> None:
        self._over = asyncio.Event()

    def end(self) -> None:
        """Lets all who wait go, now and from now on."""
        self._over.set()

    async def wait(self, receive: Receive, seconds: float) -> None:
        """Returns after that long, or at once when the client goes or the server stops."""
        ends = [
            asyncio.ensure_future(_client_gone(receive)),
            asyncio.ensure_future(self._over.wait()),
        ]
        try:
            await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()


class NoAnswer(Response):
    """Says nothing for some seconds and then breaks the connection."""

    def __init__(self, patience: HangingResponses, seconds: float = 0.0) -> None:
        super().__init__()
        self._patience = patience
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One answer that is none."""
        if self._seconds:
            await self._patience.wait(receive, self._seconds)
        await _break(scope, receive)


class HalfAnswer(Response):
    """Sends an answer's head and half of its body, then breaks the connection."""

    def __init__(self, whole: Response) -> None:
        super().__init__()
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One answer without its end."""

        async def send_half(message: Message) -> None:
            if body := message.get("body"):
                message = {**message, "body": body[: len(body) // 2], "more_body": True}
            await send(message)

        await self._whole(scope, receive, send_half)
        await _break(scope, receive)


class LateAnswer(Response):
    """Sends an answer after some seconds."""

    def __init__(self, answer: Response, patience: HangingResponses, seconds: float) -> None:
        super().__init__()
        self._answer = answer
        self._patience = patience
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One answer; nobody may be there to read it any more."""
        await self._patience.wait(receive, self._seconds)
        await self._answer(scope, receive, send)


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _break(scope: Scope, receive: Receive) -> None:
    """Resets the connection behind what was written, and returns once the server knows."""
    transport = scope[_TRANSPORT]
    if transport is None:
        raise RuntimeError("this server does not show its connections")
    if not transport.is_closing():
        peer = transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT_AT_ALL)
        transport.close()
    await _client_gone(receive)
