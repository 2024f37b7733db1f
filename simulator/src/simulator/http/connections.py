"""Responses that are missing, late or truncated. ASGI itself cannot reset a connection."""

import asyncio
import socket
import struct

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TRANSPORT = "simulator.transport"

# SO_LINGER with zero seconds: close() resets the connection.
_NO_LINGER = struct.pack("ii", 1, 0)


class Connections:
    """Puts each request's transport into its scope. Must be the outermost middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. uvicorn's `receive` is a method of the object that has the transport."""
        scope[_TRANSPORT] = getattr(getattr(receive, "__self__", None), "transport", None)
        await self._app(scope, receive, send)


class HangingResponses:
    """Requests that are kept open, until the server stops."""

    def __init__(self) -> None:
        self._stopped = asyncio.Event()

    def end(self) -> None:
        """Ends all waits, now and from now on."""
        self._stopped.set()

    async def wait(self, receive: Receive, seconds: float) -> None:
        """Returns after `seconds`, or as soon as the client disconnects or the server stops."""
        waits = [
            asyncio.ensure_future(_wait_for_disconnect(receive)),
            asyncio.ensure_future(self._stopped.wait()),
        ]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


class NoResponse(Response):
    """Resets the connection after some seconds, without a response."""

    def __init__(self, hanging_responses: HangingResponses, seconds: float = 0.0) -> None:
        super().__init__()
        self._hanging_responses = hanging_responses
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Waits and resets."""
        if self._seconds:
            await self._hanging_responses.wait(receive, self._seconds)
        await _reset_connection(scope, receive)


class TruncatedResponse(Response):
    """Sends the head and half of the body of a response, then resets the connection."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self._response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends and resets."""

        async def send_half(message: Message) -> None:
            if body := message.get("body"):
                message = {**message, "body": body[: len(body) // 2], "more_body": True}
            await send(message)

        await self._response(scope, receive, send_half)
        await _reset_connection(scope, receive)


class DelayedResponse(Response):
    """Sends a response after some seconds."""

    def __init__(
        self, response: Response, hanging_responses: HangingResponses, seconds: float
    ) -> None:
        super().__init__()
        self._response = response
        self._hanging_responses = hanging_responses
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Waits and sends; the client may have disconnected."""
        await self._hanging_responses.wait(receive, self._seconds)
        await self._response(scope, receive, send)


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _reset_connection(scope: Scope, receive: Receive) -> None:
    """Resets the connection, and returns as soon as the server has noticed."""
    transport = scope[_TRANSPORT]
    if transport is None:
        raise RuntimeError("this server does not expose its transports")
    if not transport.is_closing():
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.close()
    await _wait_for_disconnect(receive)
