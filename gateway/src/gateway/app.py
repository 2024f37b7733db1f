"""The HTTP application: which path leads where."""

from importlib.metadata import version
from typing import Protocol

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.body import BodyLimits
from gateway.callbacks import Callbacks, TakesCallbacks
from gateway.gate import Gate, GateRules
from gateway.health import Health, TellsHealth
from gateway.media import KeepsMedia, MediaFiles
from gateway.openapi import DESCRIPTION, document
from gateway.problems import routing_problem_response
from gateway.traced_route import traced_route


class ConversationService(TakesCallbacks, KeepsMedia, TellsHealth, Protocol):
    """All that the application asks of what stands behind it."""


class GatewayApp(FastAPI):
    """FastAPI with a description written by hand, as its plain routes have no models."""

    def openapi(self) -> dict[str, object]:
        """The OpenAPI document, put together once."""
        if self.openapi_schema is None:
            self.openapi_schema = document(super().openapi())
        return self.openapi_schema


OPEN = GateRules()


def create_app(
    conversations: ConversationService,
    limits: BodyLimits,
    rules: GateRules = OPEN,
    *,
    serves_openapi: bool = False,
) -> GatewayApp:
    """The application on top of one conversation service, behind the gate."""
    return GatewayApp(
        title="Maskline gateway",
        version=version("maskline-gateway"),
        description=DESCRIPTION,
        routes=_routes(
            Callbacks(conversations, limits), MediaFiles(conversations), Health(conversations)
        ),
        middleware=[Middleware(Gate, rules=rules)],
        exception_handlers={HTTPException: _not_served},
        # What the gateway understands is public; which release of it runs here is not.
        openapi_url="/openapi.json" if serves_openapi else None,
        # The pages load their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        # A redirect would repeat the address, and the carrier may not follow it.
        redirect_slashes=False,
        # Its spans would hold the paths of receipts and of files, and so their tokens.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )


def _routes(callbacks: Callbacks, media: MediaFiles, health: Health) -> list[BaseRoute]:
    return [
        traced_route("POST", "/api/message", callbacks.message),
        traced_route("POST", "/api/receipt", callbacks.receipt),
        traced_route("POST", "/api/receipt/{send_token}", callbacks.receipt),
        # HEAD too: the route adds it to every GET.
        traced_route("GET", "/media/{media_token}", media.file),
        Route("/healthz", health.healthz, methods=["GET"]),
        Route("/readyz", health.readyz, methods=["GET"]),
    ]


async def _not_served(_: Request, error: HTTPException) -> Response:
    return routing_problem_response(error.status_code, error.headers)
