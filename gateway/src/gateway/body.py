"""Reading a body that may be too large, too slow or without end."""

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from gateway.problems import BodyTooLarge, BodyTooSlow, Unreadable

# What exceeds the limit is read and thrown away up to here: a caller that is still writing when
# the connection is closed would see a reset instead of the answer.
DISCARDED_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How large a body may be, and how long it may take to arrive."""

    max_bytes: int
    seconds: float


async def read_body(request: Request, limits: BodyLimits) -> bytes:
    """The whole body. Raises BodyTooLarge, BodyTooSlow, or Unreadable when it ends early."""
    try:
        async with asyncio.timeout(limits.seconds):
            return await _read(request, limits.max_bytes)
    except TimeoutError:
        raise BodyTooSlow("The body did not arrive in time. Send it again.") from None
    except ClientDisconnect:
        raise Unreadable("The body ended early. Send it again.") from None


async def _read(request: Request, max_bytes: int) -> bytes:
    body = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes + DISCARDED_BYTES:
            break
        if size <= max_bytes:
            body += chunk
    if size > max_bytes:
        raise BodyTooLarge(f"The body is larger than {max_bytes} bytes. Send less.")
    return bytes(body)
