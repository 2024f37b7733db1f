"""The endpoints that the carrier calls.

They take the plain request: this is the hot path, so FastAPI resolves no body model and no
dependency on it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog
from opentelemetry import trace
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateway.callbacks.delivery_receipt import parse_receipt
from gateway.callbacks.inbound_message import parse_message
from gateway.conversation_client import ConversationClient
from gateway.problems import (
    PROBLEM_TYPES,
    BodyTooLarge,
    BodyTooSlow,
    GatewayFailed,
    MalformedCallback,
    Refused,
    problem_response,
)
from maskline.ingest.v1 import ingest_pb2
from runtime.logging.setup import raised_at

log = structlog.get_logger()

# A body over its limit is read and discarded up to here: a client that is still writing when the
# connection is closed would see a reset instead of the response.
DISCARDED_BYTES = 1024 * 1024

Parse = Callable[[bytes], ingest_pb2.InboundMessage | ingest_pb2.DeliveryReceipt]


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How large a body may be, and how long it may take to arrive."""

    max_bytes: int
    seconds: float


class Callbacks:
    """Responds with 200 once a callback is committed, and with a problem otherwise."""

    def __init__(self, conversations: ConversationClient, limits: BodyLimits) -> None:
        self._conversations = conversations
        self._limits = limits

    async def message(self, request: Request) -> Response:
        """A message, or a receipt of an account with one callback address."""
        return await self._respond("message", request, parse_message)

    async def receipt(self, request: Request) -> Response:
        """A delivery receipt, at the address of one attempt or at the common one."""
        send_token: str = request.path_params.get("send_token", "")
        parse = partial(parse_receipt, send_token=send_token)
        return await self._respond("receipt", request, parse)

    async def _respond(self, endpoint: str, request: Request, parse: Parse) -> Response:
        try:
            callback = parse(await read_body(request, self._limits))
            span = trace.get_current_span()
            span.set_attribute("carrier_message_id", callback.carrier_message_id)
            if isinstance(callback, ingest_pb2.InboundMessage):
                await self._conversations.receive_message(callback)
            else:
                await self._conversations.receive_receipt(callback)
        except Refused as refused:
            return _refuse(endpoint, refused)
        except Exception as error:
            # Not raised on: the server would log its message, which may hold a part of the body.
            log.error("gateway_failed", error=type(error).__name__, at=raised_at(error))
            return _refuse(endpoint, GatewayFailed("The gateway failed. Send it again."))
        return Response(b"{}", media_type="application/json")


async def read_body(request: Request, limits: BodyLimits) -> bytes:
    """The whole body. Raises BodyTooLarge, BodyTooSlow, or MalformedCallback if it ends early."""
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


def _refuse(endpoint: str, refused: Refused) -> Response:
    problem = PROBLEM_TYPES[type(refused)]
    log.warning(
        "callback_refused",
        endpoint=endpoint,
        status=int(problem.status),
        reason=problem.reason,
        detail=str(refused),
    )
    return problem_response(refused)
