"""A carrier that takes every text at once, or after a pause, and says when it had which."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

# Nothing of Flowroute's: whoever asks for records must not take away what was counted.
TAKEN = "/taken"

Scope = dict[str, Any]

Receive = Callable[[], Awaitable[dict[str, Any]]]

Send = Callable[[dict[str, Any]], Awaitable[None]]


class StubCarrier:
    """A bare ASGI function: what it costs is not to be measured with the rest."""

    def __init__(self) -> None:
        self.delay_seconds = 0.0
        self.taken: list[tuple[str, str, int]] = []
        self._numbers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """POST a message, PUT /delay in milliseconds, GET /taken since the last time."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if scope["method"] == "POST":
            await _answer(send, 202, await self._take(body))
        elif scope["method"] == "PUT":
            self.delay_seconds = int(body) / 1000
            await _answer(send, 200, {})
        elif scope["path"] == TAKEN:
            taken, self.taken = self.taken, []
            await _answer(send, 200, taken)
        else:
            # Maskline looks for lost callbacks in the carrier's records: it has none.
            await _answer(send, 200, {"data": []})

    async def _take(self, body: bytes) -> object:
        attributes = json.loads(body)["data"]["attributes"]
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        self.taken.append((attributes["body"], attributes["to"], time.monotonic_ns()))
        self._numbers += 1
        return {"data": {"id": f"mdr2-{self._numbers:032x}", "type": "message"}}


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, value: object) -> None:
    headers = [(b"content-type", b"application/vnd.api+json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


if __name__ == "__main__":
    uvicorn.run(
        StubCarrier(), port=int(sys.argv[1]), log_level="error", access_log=False, lifespan="off"
    )
