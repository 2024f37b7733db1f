"""ASGI middleware for rate limits and the authentication of callbacks."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.access.callback_auth import (
    CallerRules,
    HiddenNotFound,
    check,
    has_send_token,
    is_authenticated,
)
from gateway.access.client_address import ClientAddress, client_address, limit_key
from gateway.access.rate_limiter import ClientRateLimiter
from gateway.problems import (
    PROBLEM_TYPES,
    Refused,
    SourceNotAllowed,
    TooManyFailures,
    TooManyRequests,
    problem_response,
    routing_problem_response,
)

log = structlog.get_logger()

# Orchestrators ask for health directly, not through the proxies.
HEALTH = ("/healthz", "/readyz")

# After an outage the carrier delivers its backlog at once; the burst allows for it.
BURST_SECONDS = 5

SECONDS_PER_MINUTE = 60

UNKNOWN_CLIENT = b""


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The rules for all requests. A rate of 0 means no limit."""

    callers: CallerRules = field(default_factory=CallerRules)
    trusted_proxies: int = 0
    requests_per_second: float = 0
    refusals_per_minute: int = 10


class AccessMiddleware:
    """Applies the rules without a framework, as every callback passes here.

    Failures (a wrong token, password or address) are limited per client and minute. Above the limit
    they get 429 and are not logged. Requests with a right secret of the gateway are never limited,
    whatever else comes from their address: customers of a carrier share its addresses, so one of
    them could otherwise block the callbacks of all others. The length of the secrets protects them
    against guessing. All other requests share the rate of their address, refused ones included.

    Whether a send token is right is known only from the response, so a receipt with another one is
    charged to its address after it.
    """

    def __init__(
        self, app: ASGIApp, rules: AccessRules, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._rules = rules
        self._seconds = seconds
        self._requests = _request_limiter(rules.requests_per_second)
        allowed = rules.refusals_per_minute
        self._failures = ClientRateLimiter(allowed / SECONDS_PER_MINUTE, allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Responds with a problem, or passes the request on without its token."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        admitted = self._admit_or_refuse(scope)
        if isinstance(admitted, Response):
            return await admitted(scope, receive, send)
        if has_send_token(admitted["path"]):
            send = self._charging(scope, receive, send)
        return await self._app(admitted, receive, send)

    def _admit_or_refuse(self, scope: Scope) -> Scope | Response:
        try:
            return self._admit(scope)
        except HiddenNotFound:
            return routing_problem_response(HTTPStatus.NOT_FOUND, None)
        except Refused as refused:
            return problem_response(refused)

    def _admit(self, scope: Scope) -> Scope:
        client, authorization = self._caller_of(scope)
        path: str = scope["path"]
        try:
            if client is None and path not in HEALTH:
                raise SourceNotAllowed("Nobody can tell where this comes from.")
            served = check(self._rules.callers, path, client, authorization)
        except (Refused, HiddenNotFound) as refusal:
            self._limit(client)
            self._count(client, refusal)
            raise
        has_secret = is_authenticated(self._rules.callers, path, authorization)
        if not has_secret and not has_send_token(served):
            self._limit(client)
        return scope if served == path else {**scope, "path": served, "raw_path": served.encode()}

    def _charging(self, scope: Scope, receive: Receive, send: Send) -> Send:
        """Charges a response that does not accept the request to its address.

        Above the rate 404, for a wrong send token, becomes 429. The others stay as they are: what
        is left of an unread body decides on their headers.
        """
        client, _ = self._caller_of(scope)
        is_replaced = False

        async def charge(message: Message) -> None:
            nonlocal is_replaced
            status = message.get("status", HTTPStatus.OK)
            if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
                try:
                    self._limit(client)
                except TooManyRequests as refused:
                    is_replaced = status == HTTPStatus.NOT_FOUND
                    if is_replaced:
                        await problem_response(refused)(scope, receive, send)
            if not is_replaced:
                await send(message)

        return charge

    def _caller_of(self, scope: Scope) -> tuple[ClientAddress | None, bytes]:
        forwarded, authorization = [], b""
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                forwarded.append(value)
            elif name == b"authorization":
                authorization = value
        peer = scope["client"][0] if scope.get("client") else None
        return client_address(peer, forwarded, self._rules.trusted_proxies), authorization

    def _limit(self, client: ClientAddress | None) -> None:
        """Loopback is not limited: it may be a proxy, missing in the settings, for all clients."""
        if self._requests is None or client is None or client.is_loopback:
            return
        if not self._requests.allow(limit_key(client), self._seconds()):
            raise TooManyRequests("Too many requests come from here. Send it again later.")

    def _count(self, client: ClientAddress | None, refusal: Refused | HiddenNotFound) -> None:
        key = limit_key(client) if client else UNKNOWN_CLIENT
        if not self._failures.allow(key, self._seconds()):
            raise TooManyFailures("Too much of what came from here was refused. Wait.") from None
        log.warning("caller_refused", reason=_reason(refusal))


def _request_limiter(per_second: float) -> ClientRateLimiter | None:
    burst = max(1, int(per_second * BURST_SECONDS))
    return ClientRateLimiter(per_second, burst) if per_second else None


def _reason(refusal: Refused | HiddenNotFound) -> str:
    return PROBLEM_TYPES[type(refusal)].reason if isinstance(refusal, Refused) else "not-served"
