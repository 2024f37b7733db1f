"""The endpoints that the carrier calls.

They are plain request-to-response functions: this is the hot path, and no body model and no
dependency is solved on it.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.responses import Response

from gateway.body import BodyLimits, read_body
from gateway.messages import InboundText, parse_message
from gateway.problems import KINDS, GatewayFailed, Refused, problem_response
from gateway.receipts import DeliveryReceipt, parse_receipt
from gateway.wire import to_delivery_receipt, to_inbound_message
from maskline.conversation.v1 import conversation_pb2 as pb
from runtime.logs import raised_at
from runtime.tracing import tell

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
    kind = KINDS[type(refused)]
    log.warning(
        "callback_refused",
        endpoint=endpoint,
        status=int(kind.status),
        reason=kind.reason,
        detail=str(refused),
    )
    return problem_response(refused)
