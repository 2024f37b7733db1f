"""Flowroute's error bodies, and the table from exceptions to them."""

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from simulator.callbacks.sender import CallbackQueueFull
from simulator.carrier import NotOurNumber, RecipientOptedOut

ERRORS: dict[type[Exception], tuple[HTTPStatus, str]] = {
    NotOurNumber: (HTTPStatus.FORBIDDEN, "'from' must be a number of your account."),
    RecipientOptedOut: (
        HTTPStatus.BAD_REQUEST,
        "The recipient has opted out of messages from this number (error code 1110).",
    ),
    CallbackQueueFull: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Too many delivery receipts are queued. Try again later.",
    ),
}


class FlowrouteError(Exception):
    """An error response. `detail` says what to change."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def unprocessable(detail: str) -> NoReturn:
    """Raises FlowrouteError 422."""
    raise FlowrouteError(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


async def handle_flowroute_error(_request: Request, error: Exception) -> JSONResponse:
    """Handler for FlowrouteError."""
    if not isinstance(error, FlowrouteError):
        raise error
    challenge = error.status is HTTPStatus.UNAUTHORIZED
    headers = {"www-authenticate": 'Basic realm="simulator"'} if challenge else None
    return error_response(error.status, error.detail, headers)


async def handle_media_rejected(_request: Request, error: Exception) -> JSONResponse:
    """Handler for MediaRejected."""
    return error_response(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))


async def handle_carrier_error(_request: Request, error: Exception) -> JSONResponse:
    """Handler for the exceptions in ERRORS."""
    return error_response(*ERRORS[type(error)])


async def handle_http_error(_request: Request, error: Exception) -> JSONResponse:
    """Handler for errors of the framework: unknown path, method not allowed, body too long."""
    if not isinstance(error, HTTPException):
        raise error
    return error_response(HTTPStatus(error.status_code), error.detail, error.headers)


def error_response(
    status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A list of errors, each with an id (Flowroute docs, errors page)."""
    error = {
        "id": str(uuid.uuid4()),
        "status": status.value,
        "title": status.phrase,
        "detail": detail,
    }
    return JSONResponse({"errors": [error]}, status_code=status, headers=headers)
