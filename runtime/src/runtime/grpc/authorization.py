"""Default deny: who may call which method, by a table that a service hands in."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Never, TypeAlias, TypeVar, cast

import grpc
import structlog
from grpc.aio import ServicerContext

from runtime.grpc.callers import EVERY_POOL, KnownCallers, Principal
from runtime.grpc.status import RpcStatus, to_grpc_status

log = structlog.get_logger()

Request = TypeVar("Request")

Response = TypeVar("Response")

# Quoted wherever it is used: only the stubs know that grpc's handlers are generic.
Handler: TypeAlias = "grpc.RpcMethodHandler[Request, Response] | None"

# Every service's requests and answers pass here; what they are is between it and its callers.
Passed: TypeAlias = Any

Context: TypeAlias = "ServicerContext[Passed, Passed]"

Behaviour = Callable[[Passed, Context], Passed]

Check = Callable[[object, Context], Awaitable[None]]

KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")

UNAUTHENTICATED = RpcStatus(
    grpc.StatusCode.UNAUTHENTICATED,
    "UNAUTHENTICATED",
    "The caller is not known: it shows neither a token nor a certificate of a listed caller.",
)

PERMISSION_DENIED = RpcStatus(
    grpc.StatusCode.PERMISSION_DENIED,
    "PERMISSION_DENIED",
    "The caller has no right to this call, or not for this pool.",
)

# The reasons of the two: any method may be refused so, before its service is asked.
REASONS = frozenset({UNAUTHENTICATED.reason, PERMISSION_DENIED.reason})

# Anybody who can connect may ask for health; reflection is served only where a setting says so.
OPEN = ("/grpc.health.", "/grpc.reflection.")

_NAMES = ("x509_subject_alternative_name", "x509_uri")

_COMMON_NAME = "x509_common_name"

_caller: ContextVar[Principal | None] = ContextVar("caller", default=None)


@dataclass(frozen=True, slots=True)
class Permissions:
    """The table: what nobody is given, nobody has."""

    # The roles that may call a method, by its whole name: "/package.Service/Method".
    roles_of: Mapping[str, Collection[str]]
    # Roles that are kept to their own pools: to the field `pool` of a request, and where a request
    # has none, out, unless every pool is theirs.
    confined: Collection[str] = ()


def current_principal() -> Principal | None:
    """Who makes the call that is being answered; None where nobody is told apart."""
    return _caller.get()


class AuthorizationInterceptor(grpc.aio.ServerInterceptor):
    """Lets a call through to its handler if the caller is known and has the right."""

    def __init__(
        self, rights: Permissions, callers: Callable[[], KnownCallers], domain: str
    ) -> None:
        """`callers` answers the newest ones; `domain` stands in the refusals."""
        self._rights = rights
        self._callers = callers
        self._domain = domain

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["Handler[Request, Response]"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler[Request, Response]":
        """Guards every handler but those that are open to all."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith(OPEN):
            return handler
        check = self._checking(handler_call_details)
        behaviours = ((kind, getattr(handler, kind)) for kind in KINDS)
        guarded = {kind: _behind(check, one) for kind, one in behaviours if one is not None}
        # The stubs do not say that it is a named tuple.
        replaced = cast("Passed", handler)._replace(**guarded)
        return cast("Handler[Request, Response]", replaced)

    def _checking(self, details: grpc.HandlerCallDetails) -> Check:
        token = _authorization(details.invocation_metadata or ())

        async def check(request: object, context: Context) -> None:
            await self._check(details.method, token, request, context)

        return check

    async def _check(
        self, method: str, token: str | None, request: object, context: Context
    ) -> None:
        known = self._callers().who(_names(context.auth_context()), token)
        if known is None:
            await self._refuse(UNAUTHENTICATED, method, None, context)
        if not self._allows(known, method, request):
            await self._refuse(PERMISSION_DENIED, method, known, context)
        _caller.set(known)

    def _allows(self, caller: Principal, method: str, request: object) -> bool:
        if caller.role not in self._rights.roles_of.get(method, ()):
            return False
        if caller.role not in self._rights.confined:
            return True
        return caller.has_pool(getattr(request, "pool", EVERY_POOL))

    async def _refuse(
        self, refusal: RpcStatus, method: str, caller: Principal | None, context: Context
    ) -> Never:
        role = caller.role if caller else None
        log.warning("call_refused", method=method, reason=refusal.reason, role=role)
        await context.abort_with_status(to_grpc_status(refusal, domain=self._domain))


def _behind(check: Check, behaviour: Behaviour) -> Behaviour:
    async def answer(request: Passed, context: Context) -> Passed:
        await check(request, context)
        return await behaviour(request, context)

    async def stream(request: Passed, context: Context) -> AsyncIterator[Passed]:
        await check(request, context)
        async with aclosing(behaviour(request, context)) as responses:
            async for response in responses:
                yield response

    return stream if inspect.isasyncgenfunction(behaviour) else answer


def _authorization(metadata: Iterable[tuple[str, str | bytes]]) -> str | None:
    for key, value in metadata:
        if key == "authorization":
            return value if isinstance(value, str) else ""
    return None


def _names(shown: Mapping[str, Iterable[bytes]]) -> list[str]:
    """The names of the certificate; the common name counts only where there is no other."""
    found = [name for kind in _NAMES for name in shown.get(kind, ())]
    return [name.decode(errors="replace") for name in found or shown.get(_COMMON_NAME, ())]
