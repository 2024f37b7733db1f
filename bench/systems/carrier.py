"""A stub carrier that accepts every message, at once or with a delay, and records the times."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

# Not one of Flowroute's paths: look-ups of message records must not consume the list.
TAKEN = "/taken"

Scope = dict[str, Any]

Receive = Callable[[], Awaitable[dict[str, Any]]]

Send = Callable[[dict[str, Any]], Awaitable[None]]


class StubCarrier:
    """A bare ASGI application, to use little CPU itself."""

    def __init__(self) -> None:
        self.delay_seconds = 0.0
        self.taken: list[tuple[str, str, int]] = []
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """POST a message, PUT a delay in milliseconds, GET /taken since the last call."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if scope["method"] == "POST":
            await _respond(send, 202, await self._accept(body))
        elif scope["method"] == "PUT":
            self.delay_seconds = int(body) / 1000
            await _respond(send, 200, {})
        elif scope["path"] == TAKEN:
            taken, self.taken = self.taken, []
            await _respond(send, 200, taken)
        else:
            # Maskline looks for lost callbacks in the message records, which are empty.
            await _respond(send, 200, {"data": []})

    async def _accept(self, body: bytes) -> object:
        attributes = json.loads(body)["data"]["attributes"]
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        self.taken.append((attributes["body"], attributes["to"], time.monotonic_ns()))
        self._count += 1
        return {"data": {"id": f"mdr2-{self._count:032x}", "type": "message"}}


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _respond(send: Send, status: int, value: object) -> None:
    headers = [(b"content-type", b"application/vnd.api+json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


if __name__ == "__main__":
    uvicorn.run(
        StubCarrier(), port=int(sys.argv[1]), log_level="error", access_log=False, lifespan="off"
    )
