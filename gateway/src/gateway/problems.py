"""Errors of the gateway, and the one table from each error to its HTTP problem.

No message repeats a part of the request: anyone may read responses and logs.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"

# About the time of a restart behind the gateway. The carrier sends again after 30 seconds.
RETRY_AFTER_SECONDS = 5


class Refused(Exception):
    """A request that is not served. Its message is for the caller and says what to do."""


class MalformedCallback(Refused):
    """The callback cannot be read; sending it again does not help."""


class MaskedNumberNotFound(Refused):
    """No pool owns the masked number."""


class SendTokenInvalid(Refused):
    """No attempt has this address for its receipts: it was forged or altered."""


class MediaNotFound(Refused):
    """There is no file at this address, or not any more."""

    def __init__(self, detail: str = "No file is kept at this address.") -> None:
        super().__init__(detail)


class BodyTooSlow(Refused):
    """The body did not arrive in time."""


class BodyTooLarge(Refused):
    """The body is over the limit."""


class ServiceUnavailable(Refused):
    """A service behind the gateway is not available or overloaded."""


class SourceNotAllowed(Refused):
    """Callbacks are not accepted from this address."""


class CredentialsNeeded(Refused):
    """The user and the password are missing or wrong."""


class TooManyRequests(Refused):
    """One client exceeds its rate."""


class TooManyFailures(Refused):
    """One client failed too often to authenticate."""


class GatewayFailed(Refused):
    """A fault of the gateway itself. Nothing was committed."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """What all problems of one type have in common."""

    status: HTTPStatus
    reason: str
    headers: Mapping[str, str]


# The rest of an unread body would be parsed as the next request.
_CLOSE = {"Connection": "close"}
_RETRY_LATER = {"Retry-After": str(RETRY_AFTER_SECONDS)}
_AUTHENTICATE = {"WWW-Authenticate": 'Basic realm="callbacks", charset="UTF-8"'}
# The lowest rate that can be set is one request a second.
_NEXT_SECOND = {"Retry-After": "1"}
# Failures are limited per minute.
_NEXT_MINUTE = {"Retry-After": "60"}

PROBLEM_TYPES: Mapping[type[Refused], ProblemType] = {
    MalformedCallback: ProblemType(HTTPStatus.BAD_REQUEST, "invalid-argument", {}),
    CredentialsNeeded: ProblemType(HTTPStatus.UNAUTHORIZED, "credentials-needed", _AUTHENTICATE),
    SourceNotAllowed: ProblemType(HTTPStatus.FORBIDDEN, "source-not-allowed", {}),
    MaskedNumberNotFound: ProblemType(HTTPStatus.NOT_FOUND, "masked-number-not-found", {}),
    SendTokenInvalid: ProblemType(HTTPStatus.NOT_FOUND, "send-token-invalid", {}),
    MediaNotFound: ProblemType(HTTPStatus.NOT_FOUND, "media-not-found", {}),
    BodyTooSlow: ProblemType(HTTPStatus.REQUEST_TIMEOUT, "body-too-slow", _CLOSE),
    BodyTooLarge: ProblemType(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", _CLOSE),
    TooManyRequests: ProblemType(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests", _NEXT_SECOND),
    TooManyFailures: ProblemType(HTTPStatus.TOO_MANY_REQUESTS, "too-many-refused", _NEXT_MINUTE),
    ServiceUnavailable: ProblemType(
        HTTPStatus.SERVICE_UNAVAILABLE, "backend-unavailable", _RETRY_LATER
    ),
    GatewayFailed: ProblemType(HTTPStatus.INTERNAL_SERVER_ERROR, "gateway-failed", {}),
}


def problem_response(refused: Refused) -> Response:
    """The problem (RFC 9457) for an error."""
    problem = PROBLEM_TYPES[type(refused)]
    return _response(
        f"urn:problem-type:maskline:{problem.reason}", problem.status, str(refused), problem.headers
    )


def routing_problem_response(status: int, headers: Mapping[str, str] | None) -> Response:
    """The problem for a path or method that does not exist, with 404 or 405."""
    http = HTTPStatus(status)
    return _response("about:blank", http, http.description or http.phrase, headers or {})


def _response(
    type_uri: str, status: HTTPStatus, detail: str, headers: Mapping[str, str]
) -> Response:
    problem = {"type": type_uri, "title": status.phrase, "status": status, "detail": detail}
    return Response(json.dumps(problem), status, headers, MEDIA_TYPE)
