"""Authorization of RPCs by a table from method to roles. What the table does not list is denied."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Never

import grpc
import structlog
from google.protobuf.message import Message as ProtobufMessage

from runtime.grpc.callers import EVERY_POOL, KnownCallers, Principal
from runtime.grpc.handlers import Context, Handler, Message, Request, Response, wrap_handler
from runtime.grpc.status import RpcStatus, to_grpc_status

log = structlog.get_logger()

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

# Any method may end with these, before its service sees the request.
REASONS = frozenset({UNAUTHENTICATED.reason, PERMISSION_DENIED.reason})

# Health is open to anybody who can connect. Reflection is served only where a setting says so.
OPEN = ("/grpc.health.", "/grpc.reflection.")

_ALTERNATIVE_NAMES = ("x509_subject_alternative_name", "x509_uri")

_COMMON_NAME = "x509_common_name"

_principal: ContextVar[Principal | None] = ContextVar("principal", default=None)


@dataclass(frozen=True, slots=True)
class Permissions:
    """Which roles may call which methods."""

    # By the full method name, "/package.Service/Method".
    roles_of: Mapping[str, Collection[str]]
    # Roles limited to the pools of their principal: by the field `pool_id` of the request, or of
    # the resource in it. A request with neither is allowed only to a principal of all pools.
    pool_scoped: Collection[str] = ()
    # Methods that look people up by number, with the roles that may call them only if the entry of
    # the caller says `can_look_up_numbers`.
    number_lookups: Mapping[str, Collection[str]] = field(default_factory=dict)


def current_principal() -> Principal | None:
    """The principal of the current call; None on a server without authorization."""
    return _principal.get()


class AuthorizationInterceptor(grpc.aio.ServerInterceptor):
    """Runs a handler only if its caller is known and has a role that may call it."""

    def __init__(
        self, permissions: Permissions, callers: Callable[[], KnownCallers], domain: str
    ) -> None:
        """`callers` returns the current ones; `domain` is the domain of `ErrorInfo`."""
        self._permissions = permissions
        self._callers = callers
        self._domain = domain

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["Handler[Request, Response]"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler[Request, Response]":
        """Wraps every handler but those that are open to all."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith(OPEN):
            return handler
        credential = _authorization(handler_call_details.invocation_metadata or ())
        return wrap_handler(handler, partial(self._authorize, method, credential))

    @asynccontextmanager
    async def _authorize(
        self, method: str, credential: str | None, request: Message, context: Context
    ) -> AsyncIterator[None]:
        principal = self._callers().find(_certificate_names(context.auth_context()), credential)
        if principal is None:
            await self._deny(UNAUTHENTICATED, method, None, context)
        if not self._allows(principal, method, request):
            await self._deny(PERMISSION_DENIED, method, principal.role, context)
        _principal.set(principal)
        yield

    def _allows(self, principal: Principal, method: str, request: Message) -> bool:
        if principal.role not in self._permissions.roles_of.get(method, ()):
            return False
        needs_grant = principal.role in self._permissions.number_lookups.get(method, ())
        if needs_grant and not principal.can_look_up_numbers:
            return False
        if principal.role not in self._permissions.pool_scoped:
            return True
        return principal.has_pool(_pool_of(request))

    async def _deny(
        self, status: RpcStatus, method: str, role: str | None, context: Context
    ) -> Never:
        log.warning("call_refused", method=method, reason=status.reason, role=role)
        await context.abort_with_status(to_grpc_status(status, domain=self._domain))


def _pool_of(request: Message) -> str:
    """The pool that a request names, itself or in the one resource that it has."""
    if hasattr(request, "pool_id"):
        return str(request.pool_id)
    fields = request.ListFields() if isinstance(request, ProtobufMessage) else ()
    pools = [str(value.pool_id) for _, value in fields if hasattr(value, "pool_id")]
    return pools[0] if len(pools) == 1 else EVERY_POOL


def _authorization(metadata: Iterable[tuple[str, str | bytes]]) -> str | None:
    for key, value in metadata:
        if key == "authorization":
            return value if isinstance(value, str) else ""
    return None


def _certificate_names(auth_context: Mapping[str, Iterable[bytes]]) -> list[str]:
    """The names of the certificate; the common name counts only if there is no other."""
    names = [name for kind in _ALTERNATIVE_NAMES for name in auth_context.get(kind, ())]
    return [name.decode(errors="replace") for name in names or auth_context.get(_COMMON_NAME, ())]
