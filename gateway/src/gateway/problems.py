"""Why a callback is not taken, and the one table that turns each reason into an HTTP answer.

No message here repeats anything of the callback: answers and logs may be read by anyone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"

# A restart behind the gateway takes about this long. The carrier sends again after 30 seconds.
RETRY_AFTER_SECONDS = 5


class Refused(Exception):
    """A callback that is not taken. Its text is for the caller and says what to do."""


class MalformedCallback(Refused):
    """The callback can never be read; sending it again does not help."""


class UnknownMaskedNumber(Refused):
    """No pool owns the number that was texted."""


class UnknownSendToken(Refused):
    """No attempt to send has this address for its receipts: it was forged or altered."""


class MediaNotFound(Refused):
    """No file is kept at this address, or not any more."""

    def __init__(self, told: str = "No file is kept at this address.") -> None:
        super().__init__(told)


class BodyTooSlow(Refused):
    """The body did not arrive in time."""


class IdConflict(Refused):
    """The carrier's id was used before, for something else."""


class BodyTooLarge(Refused):
    """The body is larger than any callback."""


class ServiceUnavailable(Refused):
    """Something behind the gateway is not available, or has more to do than it can."""


class CallerNotAllowed(Refused):
    """Callbacks are not taken from this address."""


class CredentialsNeeded(Refused):
    """The user and the password are missing or wrong."""


class TooManyRequests(Refused):
    """One source sends more than it may."""


class TooManyFailures(Refused):
    """Too much of what one source sent was refused already."""


class GatewayFailed(Refused):
    """A fault of the gateway itself. Nothing was taken."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What all problems of one reason have in common."""

    status: HTTPStatus
    reason: str
    headers: Mapping[str, str]


# What is left of a body that was not read to its end would be taken for the next request.
_HANG_UP = {"Connection": "close"}
_COME_AGAIN = {"Retry-After": str(RETRY_AFTER_SECONDS)}
_ASK_FOR_CREDENTIALS = {"WWW-Authenticate": 'Basic realm="callbacks", charset="UTF-8"'}
# At one request a second, the lowest rate that can be set, there is room again.
_SLOW_DOWN = {"Retry-After": "1"}
# Refusals are counted by the minute.
_WAIT_A_MINUTE = {"Retry-After": "60"}

PROBLEM_TYPES: Mapping[type[Refused], Kind] = {
    MalformedCallback: Kind(HTTPStatus.BAD_REQUEST, "unreadable", {}),
    CredentialsNeeded: Kind(HTTPStatus.UNAUTHORIZED, "credentials-needed", _ASK_FOR_CREDENTIALS),
    CallerNotAllowed: Kind(HTTPStatus.FORBIDDEN, "caller-not-allowed", {}),
    UnknownMaskedNumber: Kind(HTTPStatus.NOT_FOUND, "unknown-masked-number", {}),
    UnknownSendToken: Kind(HTTPStatus.NOT_FOUND, "attempt-unknown", {}),
    MediaNotFound: Kind(HTTPStatus.NOT_FOUND, "file-not-kept", {}),
    BodyTooSlow: Kind(HTTPStatus.REQUEST_TIMEOUT, "body-too-slow", _HANG_UP),
    IdConflict: Kind(HTTPStatus.CONFLICT, "id-reused", {}),
    BodyTooLarge: Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", _HANG_UP),
    TooManyRequests: Kind(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests", _SLOW_DOWN),
    TooManyFailures: Kind(HTTPStatus.TOO_MANY_REQUESTS, "too-many-refused", _WAIT_A_MINUTE),
    ServiceUnavailable: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "not-now", _COME_AGAIN),
    GatewayFailed: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "gateway-failed", {}),
}


def problem_response(refused: Refused) -> Response:
    """The answer to a callback that is not taken (RFC 9457)."""
    kind = PROBLEM_TYPES[type(refused)]
    return _response(
        f"urn:problem-type:maskline:{kind.reason}", kind.status, str(refused), kind.headers
    )


def routing_problem_response(status: int, headers: Mapping[str, str] | None) -> Response:
    """The answer to a request for something that is not served here, such as 404 or 405."""
    known = HTTPStatus(status)
    return _response("about:blank", known, known.description or known.phrase, headers or {})


def _response(
    type_uri: str, status: HTTPStatus, detail: str, headers: Mapping[str, str]
) -> Response:
    problem = {"type": type_uri, "title": status.phrase, "status": status, "detail": detail}
    return Response(json.dumps(problem), status, headers, MEDIA_TYPE)
