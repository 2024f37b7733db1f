"""The application of the gateway over a fake client."""

import httpx
from fastapi import FastAPI

from gateway.access.middleware import AccessRules
from gateway.app import create_app
from gateway.callbacks.endpoints import BodyLimits
from gateway.conversation_client import ConversationClient
from maskline.ingest.v1 import ingest_pb2

LIMITS = BodyLimits(max_bytes=4096, seconds=5)


class FakeClient(ConversationClient):
    """A client whose calls all succeed or all fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    async def receive_message(self, message: ingest_pb2.InboundMessage) -> None:
        self._raise()

    async def receive_receipt(self, receipt: ingest_pb2.DeliveryReceipt) -> None:
        self._raise()

    async def get_media(self, media_token: str) -> ingest_pb2.GetMediaResponse:
        self._raise()
        return ingest_pb2.GetMediaResponse(content_type="image/png", content=b"pixels")

    async def is_serving(self) -> bool:
        return self._error is None

    async def refuses_access(self) -> bool:
        return False

    def _raise(self) -> None:
        if self._error:
            raise self._error


def app_over(
    client: FakeClient, limits: BodyLimits = LIMITS, rules: AccessRules | None = None
) -> FastAPI:
    return create_app(client, limits, rules or AccessRules(), serves_openapi=True)


def http_client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=("203.0.113.9", 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")
