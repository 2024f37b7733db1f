"""The HTTP application: which path leads where."""

from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Protocol

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.access.middleware import AccessMiddleware, AccessRules
from gateway.callbacks.endpoints import BodyLimits, Callbacks, TakesCallbacks
from gateway.conversation_client import MEDIA_SERVICE, SERVICE, ConversationClient
from gateway.media import KeepsMedia, MediaFiles
from gateway.openapi import DESCRIPTION, document
from gateway.problems import ServiceUnavailable, problem_response, routing_problem_response
from gateway.settings import Settings
from runtime.grpc.client import Credentials, open_channel
from runtime.http.server import HttpOptions, serve_http
from runtime.http.tls import https_context
from runtime.tracing import spans as tracing


class TellsHealth(Protocol):
    """What the gateway stands on."""

    async def is_serving(self) -> bool:
        """Whether it takes calls now."""
        ...


class Health:
    """The two questions that who runs the gateway asks it."""

    def __init__(self, conversations: TellsHealth) -> None:
        self._conversations = conversations

    async def healthz(self, _: Request) -> Response:
        """200 while the process lives."""
        return Response(b"{}", media_type="application/json")

    async def readyz(self, _: Request) -> Response:
        """200 while the conversation service takes calls, 503 otherwise."""
        if await self._conversations.is_serving():
            return Response(b"{}", media_type="application/json")
        return problem_response(
            ServiceUnavailable("The conversation service does not take calls now.")
        )


Endpoint = Callable[[Request], Awaitable[Response]]


def traced_route(method: str, template: str, endpoint: Endpoint) -> Route:
    """The plain route unless the process is traced; what the gate refuses comes to neither."""
    answer = _in_span(method, template, endpoint) if tracing.is_on() else endpoint
    return Route(template, answer, methods=[method])


def _in_span(method: str, template: str, endpoint: Endpoint) -> Endpoint:
    name = f"{method} {template}"

    async def answer(request: Request) -> Response:
        # No header is looked at: strangers do not say what is traced here.
        with tracing.span(name, kind="server", http_method=method, route=template) as one:
            response = await endpoint(request)
            one.tell(status=response.status_code)
            return response

    return answer


class ConversationService(TakesCallbacks, KeepsMedia, TellsHealth, Protocol):
    """All that the application asks of what stands behind it."""


class GatewayApp(FastAPI):
    """FastAPI with a description written by hand, as its plain routes have no models."""

    def openapi(self) -> dict[str, object]:
        """The OpenAPI document, put together once."""
        if self.openapi_schema is None:
            self.openapi_schema = document(super().openapi())
        return self.openapi_schema


OPEN = AccessRules()


def create_app(
    conversations: ConversationService,
    limits: BodyLimits,
    rules: AccessRules = OPEN,
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
        middleware=[Middleware(AccessMiddleware, rules=rules)],
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


# Nothing here is a page: whatever makes a browser show an answer shows text that can do nothing.
SECURITY_HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    # Addresses hold tokens: no answer to one is to lie in a cache.
    "cache-control": "no-store",
}

# Two years, what browsers' preload lists ask for.
HTTPS_ONLY: Mapping[str, str] = {"strict-transport-security": "max-age=63072000"}


def headers_of_every_answer(*, is_https: bool) -> tuple[tuple[str, str], ...]:
    """`is_https`: whether callers come by HTTPS, here or at a proxy in front."""
    return (*SECURITY_HEADERS.items(), *(HTTPS_ONLY.items() if is_https else ()))


log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; what is under way then is finished first.

    Raises UnusableFile.
    """
    options = http_options(settings)
    shown = Credentials(settings.tls_files, settings.conversation_token)
    channel = open_channel(settings.conversation_target, [SERVICE, MEDIA_SERVICE], shown)
    conversations = ConversationClient(channel, settings.call_timeout_seconds)
    limits = BodyLimits(settings.body_limit_bytes, settings.body_timeout_seconds)
    app = create_app(
        conversations, limits, settings.gate_rules, serves_openapi=settings.serves_openapi
    )
    log.info("serving", listen=settings.listen)
    _warn_of_open_callbacks(settings)
    try:
        await serve_http(app, settings.listen, options=options)
    finally:
        log.info("stopping")
        await conversations.drain()
        await channel.close()


def http_options(settings: Settings) -> HttpOptions:
    """How callers are met. Raises UnusableFile."""
    files = settings.https_files
    return HttpOptions(
        limits=settings.http_limits,
        headers=headers_of_every_answer(is_https=bool(files or settings.trusted_proxies)),
        tls=https_context(files) if files else None,
    )


def _warn_of_open_callbacks(settings: Settings) -> None:
    if not settings.gate_rules.callers.callback_tokens:
        log.warning("callbacks_without_token", setting="GATEWAY_CALLBACK_TOKENS")
