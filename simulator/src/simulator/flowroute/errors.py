"""Flowroute's error bodies, and the one table from refusals to them."""

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from simulator.callbacks.sender import CallbackQueueFull
from simulator.carrier import NotOurNumber, RecipientOptedOut

REFUSALS: dict[type[Exception], tuple[HTTPStatus, str]] = {
    NotOurNumber: (
        HTTPStatus.FORBIDDEN,
        "'from' must be a number of your account.",
    ),
    RecipientOptedOut: (
        HTTPStatus.BAD_REQUEST,
        "The recipient has opted out of messages from this number (error code 1110).",
    ),
    CallbackQueueFull: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Too many delivery receipts are waiting for their callback. Try again later.",
    ),
}


class FlowrouteError(Exception):
    """A request that cannot be served. `detail` tells the caller what to change."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def unprocessable(detail: str) -> NoReturn:
    """Refuses a value."""
    raise FlowrouteError(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


async def answer_flowroute_error(_request: Request, error: Exception) -> JSONResponse:
    """Handler for FlowrouteError."""
    if not isinstance(error, FlowrouteError):
        raise error
    challenge = error.status is HTTPStatus.UNAUTHORIZED
    headers = {"www-authenticate": 'Basic realm="simulator"'} if challenge else None
    return error_response(error.status, error.detail, headers)


async def answer_media_refused(_request: Request, error: Exception) -> JSONResponse:
    """Handler for MediaRefused."""
    return error_response(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))


async def answer_refusal(_request: Request, error: Exception) -> JSONResponse:
    """Handler for the carrier's refusals."""
    return error_response(*REFUSALS[type(error)])


async def answer_http_error(_request: Request, error: Exception) -> JSONResponse:
    """Handler for what the framework refuses: no such path, method not allowed, body too long."""
    if not isinstance(error, HTTPException):
        raise error
    return error_response(HTTPStatus(error.status_code), error.detail, error.headers)


def error_response(
    status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Flowroute docs, errors page: a list of errors, each with an id for support."""
    error = {
        "id": str(uuid.uuid4()),
        "status": status.value,
        "title": status.phrase,
        "detail": detail,
    }
    return JSONResponse({"errors": [error]}, status_code=status, headers=headers)
