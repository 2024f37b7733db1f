"""The endpoints that the carrier calls.

They are plain request-to-response functions: this is the hot path, and no body model and no
dependency is solved on it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateway.callbacks.delivery_receipt import DeliveryReceipt, parse_receipt, to_delivery_receipt
from gateway.callbacks.inbound_message import InboundText, parse_message, to_inbound_message
from gateway.problems import (
    PROBLEM_TYPES,
    BodyTooLarge,
    BodyTooSlow,
    GatewayFailed,
    MalformedCallback,
    Refused,
    problem_response,
)
from maskline.conversation.v1 import conversation_pb2 as pb
from runtime.logging.setup import raised_at
from runtime.tracing.spans import tell

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
        raise MalformedCallback("The body ended early. Send it again.") from None


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


log = structlog.get_logger()

Parse = Callable[[bytes], InboundText | DeliveryReceipt]


class TakesCallbacks(Protocol):
    """What stands behind the endpoints. Both calls raise Refused for what is not taken."""

    async def receive_message(self, message: pb.InboundMessage) -> None:
        """Returns once the text is committed."""
        ...

    async def receive_receipt(self, receipt: pb.DeliveryReceipt) -> None:
        """Returns once the receipt is committed."""
        ...


class Callbacks:
    """Answers 200 once a callback is committed, and a problem otherwise."""

    def __init__(self, conversations: TakesCallbacks, limits: BodyLimits) -> None:
        self._conversations = conversations
        self._limits = limits

    async def message(self, request: Request) -> Response:
        """A text, or a receipt of an account with one address for both."""
        return await self._answer("message", request, parse_message)

    async def receipt(self, request: Request) -> Response:
        """A delivery receipt, at the address of its attempt or at the common one."""
        send_token: str = request.path_params.get("send_token", "")
        return await self._answer("receipt", request, partial(parse_receipt, send_token=send_token))

    async def _answer(self, endpoint: str, request: Request, parse: Parse) -> Response:
        try:
            callback = parse(await read_body(request, self._limits))
            tell(carrier_message_id=callback.carrier_message_id)
            await self._take(callback)
        except Refused as refused:
            return _refuse(endpoint, refused)
        except Exception as error:
            # The server would log the exception's text, which may hold a piece of the callback.
            log.error("gateway_failed", error=type(error).__name__, at=raised_at(error))
            return _refuse(endpoint, GatewayFailed("The gateway failed. Send it again."))
        return Response(b"{}", media_type="application/json")

    async def _take(self, callback: InboundText | DeliveryReceipt) -> None:
        if isinstance(callback, InboundText):
            await self._conversations.receive_message(to_inbound_message(callback))
        else:
            await self._conversations.receive_receipt(to_delivery_receipt(callback))


def _refuse(endpoint: str, refused: Refused) -> Response:
    kind = PROBLEM_TYPES[type(refused)]
    log.warning(
        "callback_refused",
        endpoint=endpoint,
        status=int(kind.status),
        reason=kind.reason,
        detail=str(refused),
    )
    return problem_response(refused)
