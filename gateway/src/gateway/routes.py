"""The routes of the gateway with their documentation; FastAPI makes the OpenAPI document of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from fastapi import APIRouter
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.responses import Response

from gateway import problems
from gateway.callbacks.endpoints import Callbacks
from gateway.health import Health
from gateway.media import MediaFiles
from gateway.openapi_examples import MESSAGES, RECEIPTS, Example
from runtime.tracing import tracer

Endpoint = Callable[[Request], Awaitable[Response]]

# A part of an OpenAPI document, typed as FastAPI types it.
Json: TypeAlias = dict[str, Any]

Responses: TypeAlias = dict[int | str, Json]

_PROBLEM: Json = {
    "type": "object",
    "title": "Problem",
    "description": "A problem (RFC 9457). It repeats no part of the request.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "The reason."},
        "title": {"type": "string", "description": "The phrase of the status."},
        "status": {"type": "integer", "description": "The status."},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
    },
}

_CALLBACK: Json = {
    "type": "object",
    "title": "Callback",
    "description": "What the carrier posts, in `data` or flat. Unknown keys are ignored.",
    "additionalProperties": True,
}

_EMPTY: Json = {"type": "object", "title": "Empty", "maxProperties": 0}

_RETRY_AFTER: Json = {
    "Retry-After": {
        "description": "Seconds to wait before the next request.",
        "schema": {"type": "integer"},
    }
}

_AUTHENTICATE: Json = {
    "WWW-Authenticate": {"description": "HTTP basic authentication.", "schema": {"type": "string"}}
}


def add_routes(router: APIRouter, callbacks: Callbacks, media: MediaFiles, health: Health) -> None:
    """Adds all routes but those of the documentation page."""
    _add_callbacks(router, callbacks)
    _add_get(
        router,
        "/media/{media_token}",
        _in_span("GET", "/media/{media_token}", media.file),
        operation_id="getFile",
        summary="Returns a file of a message; HEAD returns the same without the file",
        responses=_MEDIA_RESPONSES,
        parameters=[_token("media_token", "A secret of the address of the file.", "._-", 128)],
    )
    _add_get(
        router,
        "/healthz",
        health.healthz,
        operation_id="isAlive",
        summary="Whether the process is alive",
        responses={200: _done("It is alive.")},
    )
    _add_get(
        router,
        "/readyz",
        health.readyz,
        operation_id="isReady",
        summary="Whether the conversation service is available",
        responses={
            200: _done("It is available."),
            503: _problem("It is not available; ask again.", _RETRY_AFTER),
        },
    )


def _add_callbacks(router: APIRouter, callbacks: Callbacks) -> None:
    _add_post(
        router,
        "/api/message",
        callbacks.message,
        operation_id="receiveMessage",
        summary="Receives a message, or a receipt of an account with one callback address",
        responses={**_CALLBACK_RESPONSES, **_UNAUTHORIZED},
        examples={**MESSAGES, **{f"receipt_{name}": value for name, value in RECEIPTS.items()}},
    )
    _add_post(
        router,
        "/api/receipt",
        callbacks.receipt,
        operation_id="receiveReceipt",
        summary="Receives a delivery receipt",
        responses={**_CALLBACK_RESPONSES, **_UNAUTHORIZED},
        examples=RECEIPTS,
    )
    _add_post(
        router,
        "/api/receipt/attempt/{send_token}",
        callbacks.receipt,
        operation_id="receiveReceiptOfAttempt",
        summary="Receives a delivery receipt of one attempt to send",
        responses=_CALLBACK_RESPONSES,
        examples=RECEIPTS,
        parameters=[_token("send_token", "Names the attempt that the receipt is about.", "_-", 64)],
    )


def _add_post(
    router: APIRouter,
    path: str,
    endpoint: Endpoint,
    *,
    operation_id: str,
    summary: str,
    responses: Responses,
    examples: Mapping[str, Example],
    parameters: list[Json] | None = None,
) -> None:
    body: Json = {"schema": _CALLBACK, "examples": examples}
    request_body = {
        "required": True,
        "description": "JSON in UTF-8. The content type is ignored.",
        "content": {"application/json": body, "application/vnd.api+json": body},
    }
    router.add_api_route(
        path,
        _in_span("POST", path, endpoint),
        methods=["POST"],
        response_class=Response,
        operation_id=operation_id,
        summary=summary,
        responses=responses,
        openapi_extra={"requestBody": request_body, "parameters": parameters or []},
    )


def _add_get(
    router: APIRouter,
    path: str,
    endpoint: Endpoint,
    *,
    operation_id: str,
    summary: str,
    responses: Responses,
    parameters: list[Json] | None = None,
) -> None:
    router.add_api_route(
        path,
        endpoint,
        methods=["GET"],
        response_class=Response,
        operation_id=operation_id,
        summary=summary,
        responses=responses,
        openapi_extra={"parameters": parameters or []},
    )
    # Two routes, as an operation id may stand in the document once.
    router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)


def _in_span(method: str, path: str, endpoint: Endpoint) -> Endpoint:
    """The endpoint inside a span that is named by the route, as addresses hold tokens.

    Its context is empty: the carrier's headers do not decide on our traces.
    """
    name = f"{method} {path}"
    attributes = {"http_method": method, "route": path}

    async def respond(request: Request) -> Response:
        with tracer.start_as_current_span(
            name, Context(), SpanKind.SERVER, attributes=attributes
        ) as span:
            response = await endpoint(request)
            span.set_attribute("status", response.status_code)
            return response

    return respond


def _token(name: str, description: str, punctuation: str, length: int) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "pattern": f"^[A-Za-z0-9{punctuation}]{{1,{length}}}$"},
    }


def _done(description: str) -> Json:
    return {"description": description, "content": {"application/json": {"schema": _EMPTY}}}


def _problem(description: str, headers: Json | None = None) -> Json:
    content = {problems.MEDIA_TYPE: {"schema": _PROBLEM}}
    return {"description": description, "content": content, "headers": headers or {}}


_CALLBACK_RESPONSES: Responses = {
    200: _done("Committed, now or by an earlier callback with this id."),
    400: _problem("It cannot be read; sending it again does not help."),
    403: _problem("Callbacks are not accepted from this address."),
    404: _problem(
        "No pool owns the masked number, no message has this address for its receipts, or the "
        "path does not exist."
    ),
    408: _problem("The body did not arrive in time."),
    413: _problem("The body is too large."),
    429: _problem("Too many requests or failures from this address.", _RETRY_AFTER),
    500: _problem("The gateway failed; send it again."),
    503: _problem("A service behind the gateway is not available; send it again.", _RETRY_AFTER),
}

_UNAUTHORIZED: Responses = {
    401: _problem("The user or the password is missing or wrong.", _AUTHENTICATE)
}

_MEDIA_RESPONSES: Responses = {
    200: {
        "description": "The file, without metadata that identifies its sender. Do not cache it.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    404: _problem("There is no file at this address, or not any more."),
    500: _problem("The gateway failed; ask again."),
    503: _problem("A service behind the gateway is not available; ask again.", _RETRY_AFTER),
}
