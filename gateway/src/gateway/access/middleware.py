"""What every request passes first: where it comes from, how often, and with which secrets."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.access.callback_auth import CallerRules, HiddenNotFound, check
from gateway.access.client_address import SourceAddress, limited_as, source_of
from gateway.access.rate_limiter import ClientRateLimiter
from gateway.problems import (
    PROBLEM_TYPES,
    CallerNotAllowed,
    Refused,
    TooManyFailures,
    TooManyRequests,
    problem_response,
    routing_problem_response,
)

log = structlog.get_logger()

# Who looks after the gateway asks it directly, not through the proxies in front of it.
HEALTH = ("/healthz", "/readyz")

# An outage of this gateway ends with all that the carrier held back meanwhile.
BURST_SECONDS = 5

SECONDS_IN_MINUTE = 60

UNKNOWN_CLIENT = b""


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What the gate asks of requests. A rate of 0 limits nothing."""

    callers: CallerRules = field(default_factory=CallerRules)
    trusted_proxies: int = 0
    requests_per_second: float = 0
    refusals_per_minute: int = 10


class AccessMiddleware:
    """ASGI middleware without any framework: it is on the way of every callback.

    A wrong token or password is refused a limited number of times a minute; after that the source
    is told to wait and nothing is logged. A right one passes all the same: a carrier's addresses
    are shared by its customers, and whoever is one could otherwise lock the callbacks of all
    others out. What keeps guesses from succeeding is the length of the secrets.
    """

    def __init__(
        self, app: ASGIApp, rules: AccessRules, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._rules = rules
        self._seconds = seconds
        self._requests = _request_rates(rules.requests_per_second)
        allowed = rules.refusals_per_minute
        self._refusals = ClientRateLimiter(allowed / SECONDS_IN_MINUTE, allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers in place of the application, or hands the request on without its token."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        passed = self._pass(scope)
        if isinstance(passed, Response):
            return await passed(scope, receive, send)
        return await self._app(passed, receive, send)

    def _pass(self, scope: Scope) -> Scope | Response:
        try:
            return self._admit(scope)
        except HiddenNotFound:
            return routing_problem_response(HTTPStatus.NOT_FOUND, None)
        except Refused as refused:
            return problem_response(refused)

    def _admit(self, scope: Scope) -> Scope:
        source, authorization = self._told_by(scope)
        path: str = scope["path"]
        self._limit(source)
        try:
            if source is None and path not in HEALTH:
                raise CallerNotAllowed("Nobody can tell where this comes from.")
            served = check(self._rules.callers, path, source, authorization)
        except (Refused, HiddenNotFound) as refusal:
            self._count(source, refusal)
            raise
        return scope if served == path else {**scope, "path": served, "raw_path": served.encode()}

    def _told_by(self, scope: Scope) -> tuple[SourceAddress | None, bytes]:
        forwarded, authorization = [], b""
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                forwarded.append(value)
            elif name == b"authorization":
                authorization = value
        peer = scope["client"][0] if scope.get("client") else None
        return source_of(peer, forwarded, self._rules.trusted_proxies), authorization

    def _limit(self, source: SourceAddress | None) -> None:
        """Loopback is this machine: a proxy that the settings do not tell of, for everybody."""
        if self._requests is None or source is None or source.is_loopback:
            return
        if not self._requests.takes(limited_as(source), self._seconds()):
            raise TooManyRequests("Too many requests come from here. Send it again later.")

    def _count(self, source: SourceAddress | None, refusal: Refused | HiddenNotFound) -> None:
        limited = limited_as(source) if source else UNKNOWN_CLIENT
        if not self._refusals.takes(limited, self._seconds()):
            raise TooManyFailures("Too much of what came from here was refused. Wait.") from None
        log.warning("caller_refused", reason=_reason(refusal))


def _request_rates(per_second: float) -> ClientRateLimiter | None:
    burst = max(1, int(per_second * BURST_SECONDS))
    return ClientRateLimiter(per_second, burst) if per_second else None


def _reason(refusal: Refused | HiddenNotFound) -> str:
    return PROBLEM_TYPES[type(refusal)].reason if isinstance(refusal, Refused) else "not-served"
