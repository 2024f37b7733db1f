"""The HTTP application, and the process that serves it."""

from collections.abc import Mapping
from importlib.metadata import version

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from gateway.access.middleware import AccessMiddleware, AccessRules
from gateway.callbacks.endpoints import BodyLimits, Callbacks
from gateway.conversation_client import SERVICE, ConversationClient
from gateway.docs_page import OPENAPI_PATH, POLICY_HEADER, DefaultPolicy, add_page
from gateway.health import Health
from gateway.media import MediaFiles
from gateway.problems import routing_problem_response
from gateway.routes import add_routes
from gateway.settings import Settings
from runtime.grpc.client import Credentials, open_channel
from runtime.http.server import HttpOptions, serve_http
from runtime.http.tls import https_context

log = structlog.get_logger()

DESCRIPTION = (
    "Receives the callbacks of the carrier, Flowroute: messages and delivery receipts. A callback "
    "gets 200 only after it is committed; with any other status nothing was taken. Also serves the "
    "files of messages that the carrier is to deliver. Where callback tokens are set, messages are "
    "received at `/api/message/{callback token}` only, and receipts of the account at "
    "`/api/receipt/{callback token}`; the address of an attempt's receipts needs none."
)

OPEN = AccessRules()

# Only the documentation page is meant for browsers: any other response may do nothing in one.
POLICY = "default-src 'none'; frame-ancestors 'none'"

SECURITY_HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    POLICY_HEADER: POLICY,
    "referrer-policy": "no-referrer",
    # Addresses hold tokens, so no response may be cached.
    "cache-control": "no-store",
}

# Two years, as browsers' preload lists require.
HTTPS_ONLY: Mapping[str, str] = {"strict-transport-security": "max-age=63072000"}


def create_app(
    conversations: ConversationClient,
    limits: BodyLimits,
    rules: AccessRules = OPEN,
    *,
    serves_openapi: bool = False,
) -> FastAPI:
    """The application over one conversation service, behind the access rules."""
    policy = [Middleware(DefaultPolicy, policy=POLICY)] if serves_openapi else []
    app = FastAPI(
        title="Maskline gateway",
        version=version("maskline-gateway"),
        description=DESCRIPTION,
        middleware=[*policy, Middleware(AccessMiddleware, rules=rules)],
        exception_handlers={HTTPException: _routing_problem},
        # The interface is public; which release runs here is not.
        openapi_url=OPENAPI_PATH if serves_openapi else None,
        # FastAPI's own pages load their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        # A redirect would repeat the address, and the carrier may not follow it.
        redirect_slashes=False,
        # FastAPI's spans would hold the paths of receipts and files, and so their tokens.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    callbacks, media = Callbacks(conversations, limits), MediaFiles(conversations)
    add_routes(app.router, callbacks, media, Health(conversations))
    if serves_openapi:
        add_page(app)
    return app


async def _routing_problem(_: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if headers.get("Allow") == "GET":
        # HEAD is a route of its own, which Starlette's header does not see.
        headers["Allow"] = "GET, HEAD"
    return routing_problem_response(error.status_code, headers)


def response_headers(
    *, is_https: bool, serves_openapi: bool = False
) -> tuple[tuple[str, str], ...]:
    """The headers that the server adds to every response.

    `is_https`: clients use HTTPS, to this process or to a proxy in front. With `serves_openapi` the
    application sets the Content-Security-Policy instead, as one page needs another.
    """
    headers = {**SECURITY_HEADERS, **(HTTPS_ONLY if is_https else {})}
    if serves_openapi:
        del headers[POLICY_HEADER]
    return tuple(headers.items())


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then ends the requests in progress.

    Raises ConfigFileError.
    """
    options = http_options(settings)
    credentials = Credentials(settings.tls_files, settings.conversation_token)
    channel = open_channel(settings.conversation_target, [SERVICE], credentials)
    conversations = ConversationClient(channel, settings.call_timeout_seconds)
    app = create_app(
        conversations,
        BodyLimits(settings.body_limit_bytes, settings.body_timeout_seconds),
        settings.access_rules,
        serves_openapi=settings.serves_openapi,
    )
    log.info("serving", listen=settings.listen)
    if not settings.access_rules.callers.callback_tokens:
        log.warning("callbacks_without_token", setting="GATEWAY_CALLBACK_TOKENS")
    try:
        await serve_http(app, settings.listen, options=options)
    finally:
        log.info("stopping")
        await conversations.drain()
        await channel.close()


def http_options(settings: Settings) -> HttpOptions:
    """The options of the HTTP server. Raises ConfigFileError."""
    files = settings.https_files
    return HttpOptions(
        limits=settings.http_limits,
        headers=response_headers(
            is_https=bool(files or settings.trusted_proxies), serves_openapi=settings.serves_openapi
        ),
        tls=https_context(files) if files else None,
    )
