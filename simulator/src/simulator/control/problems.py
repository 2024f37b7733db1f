"""Errors of the control API as problem+json (RFC 9457)."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from simulator.callbacks.sender import CallbackQueueFull
from simulator.carrier import (
    NoCallbackAddress,
    NoSuchPhone,
    NoSuchText,
    NotOurNumber,
    NotResendable,
)
from simulator.faults.faults import NoSuchFault, TooManyFaults
from simulator.phones import TooManyPhones

PROBLEMS: dict[type[Exception], tuple[HTTPStatus, str]] = {
    NoSuchPhone: (HTTPStatus.NOT_FOUND, "No phone has this number. Add it first."),
    NoSuchText: (HTTPStatus.NOT_FOUND, "No phone holds this text."),
    NotResendable: (HTTPStatus.CONFLICT, "Only texts sent by a phone can be sent again."),
    NoCallbackAddress: (
        HTTPStatus.CONFLICT,
        "The account has no callback address for this text, so it is sent nowhere.",
    ),
    NotOurNumber: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The number must be one of the account's; GET /simulator/phones lists them.",
    ),
    NoSuchFault: (HTTPStatus.NOT_FOUND, "There is no such fault."),
    TooManyFaults: (HTTPStatus.CONFLICT, "There are too many faults. Remove one first."),
    TooManyPhones: (HTTPStatus.CONFLICT, "There are too many phones. Remove one first."),
    CallbackQueueFull: (HTTPStatus.SERVICE_UNAVAILABLE, "Too many callbacks are queued."),
}


class BadRequest(Exception):
    """The request's body or path is malformed; the message says what to change."""


async def handle_carrier_error(_request: Request, error: Exception) -> Response:
    """Handler for the exceptions in PROBLEMS."""
    status, detail = PROBLEMS[type(error)]
    return problem(status, detail)


async def handle_bad_request(_request: Request, error: Exception) -> Response:
    """Handler for BadRequest."""
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))


async def handle_http_error(_request: Request, error: Exception) -> Response:
    """Handler for errors of the framework: unknown path, body too long."""
    if not isinstance(error, HTTPException):
        raise error
    return problem(HTTPStatus(error.status_code), error.detail, error.headers)


def problem(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """A problem+json response."""
    body = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    return Response(json.dumps(body), status, headers, "application/problem+json")
