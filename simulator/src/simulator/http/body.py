"""A limit on what may be POSTed to any part of the simulator."""

import re

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The longest text, its media URLs and a receipt URL fill less than half of it, even escaped.
BODY_LIMIT_BYTES = 128 * 1024

# 15 MB of media in base64 (Flowroute docs: up to 15 MB come in), and the longest text.
TYPED_LIMIT_BYTES = 21 * 1024 * 1024

_TYPED = re.compile(r"/simulator/phones/[^/]+/texts")


class BodyLimit:
    """Refuses longer bodies with 413 while they are read, in whatever form the reader answers.

    Texts that are typed on a phone may bring their media with them, so they may be longer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            typed = _TYPED.fullmatch(scope["path"])
            receive = limited(receive, TYPED_LIMIT_BYTES if typed else BODY_LIMIT_BYTES)
        await self._app(scope, receive, send)


def limited(receive: Receive, limit_bytes: int) -> Receive:
    """`receive`, which raises HTTPException 413 once too much has come."""
    read = 0

    async def receive_within_limit() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit_bytes:
            raise HTTPException(413, f"A body may have at most {limit_bytes} bytes.")
        return message

    return receive_within_limit
