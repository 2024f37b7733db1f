"""A limit on what may be POSTed to any part of the simulator."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The longest text, its media URLs and a receipt URL fill less than half of it, even escaped.
BODY_LIMIT_BYTES = 128 * 1024


class BodyLimit:
    """Refuses longer bodies with 413 while they are read, in whatever form the reader answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        reader = limited(receive) if scope["type"] == "http" else receive
        await self._app(scope, reader, send)


def limited(receive: Receive) -> Receive:
    """`receive`, which raises HTTPException 413 once too much has come."""
    read = 0

    async def receive_within_limit() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > BODY_LIMIT_BYTES:
            raise HTTPException(413, f"A body may have at most {BODY_LIMIT_BYTES} bytes.")
        return message

    return receive_within_limit
