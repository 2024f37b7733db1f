"""`/messages/{callback_type}`: the account's callback URLs."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator.callbacks.addresses import CallbackType
from simulator.callbacks.inbound import CallbackShape
from simulator.carrier import Carrier
from simulator.flowroute.errors import FlowrouteError
from simulator.flowroute.request_body import parse_fields, read_json_body, url

# Flowroute docs: the older name of SMS receipts, still supported.
_DEPRECATED = {"dlr_callback": CallbackType.SMS_RECEIPT}
CALLBACK_TYPES = {**{kind.value: kind for kind in CallbackType}, **_DEPRECATED}


class CallbacksApi:
    """One callback type of the account."""

    def __init__(self, carrier: Carrier, kind: CallbackType) -> None:
        self._carrier = carrier
        self._kind = kind

    async def get(self, _request: Request) -> Response:
        """`GET /messages/{callback_type}`: 404 if none is set (not documented)."""
        address = self._carrier.addresses.get(self._kind)
        if address is None:
            raise FlowrouteError(HTTPStatus.NOT_FOUND, "There is no such callback.")
        attributes = {
            "api_version": _api_version(self._kind, self._carrier.behaviour.callback_shape),
            "callback_url": address,
            "product": self._kind.partition("_")[0],
        }
        return JSONResponse({"data": {"type": "callback", "attributes": attributes}})

    async def put(self, request: Request) -> Response:
        """`PUT /messages/{callback_type}` {"callback_url"}: 204."""
        fields = parse_fields(await read_json_body(request))
        address = url(fields.get("callback_url"), "callback_url")
        self._carrier.addresses.put(self._kind, address)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def delete(self, _request: Request) -> Response:
        """`DELETE /messages/{callback_type}`: 204, even if none was set."""
        self._carrier.addresses.remove(self._kind)
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _api_version(kind: CallbackType, shape: CallbackShape) -> str:
    """The version of the callbacks' shape. Flowroute does not document the spelling."""
    is_flat = kind is CallbackType.SMS and shape is not CallbackShape.JSONAPI
    return "v2" if is_flat else "v2.2"
