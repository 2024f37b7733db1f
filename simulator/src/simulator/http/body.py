"""Limits the length of request bodies."""

import re

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# More than twice the longest message with its media URLs and a receipt URL, even escaped.
BODY_LIMIT_BYTES = 128 * 1024
# 15 MB of media in base64 (Flowroute's limit of inbound MMS), and the longest text.
TYPED_TEXT_LIMIT_BYTES = 21 * 1024 * 1024

_TYPED_TEXT_PATH = re.compile(r"/simulator/phones/[^/]+/texts")


class BodyLimit:
    """Raises 413 while a body that is too long is read, so that each API writes its own error.

    Typed texts may contain media, so their limit is higher.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            is_typed_text = _TYPED_TEXT_PATH.fullmatch(scope["path"])
            limit = TYPED_TEXT_LIMIT_BYTES if is_typed_text else BODY_LIMIT_BYTES
            receive = limited(receive, limit)
        await self._app(scope, receive, send)


def limited(receive: Receive, limit_bytes: int) -> Receive:
    """`receive`, but raises HTTPException 413 above the limit."""
    read_bytes = 0

    async def receive_within_limit() -> Message:
        nonlocal read_bytes
        message = await receive()
        read_bytes += len(message.get("body", b""))
        if read_bytes > limit_bytes:
            raise HTTPException(413, f"A body may have at most {limit_bytes} bytes.")
        return message

    return receive_within_limit
