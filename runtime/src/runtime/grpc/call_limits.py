"""Limits of the calls in progress: of a server, of each caller, and of streams open to anybody."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import grpc

from runtime.grpc.authorization import OPEN, current_principal
from runtime.grpc.handlers import Context, Handler, Message, Request, Response, wrap_handler
from runtime.grpc.status import RpcStatus, to_grpc_status

# A call above this ends with RESOURCE_EXHAUSTED at once instead of waiting in a growing queue.
MAX_CALLS = 1024

# Half of them, so that one caller cannot keep the others out. The gateway has four in progress,
# and up to 128 with a message that takes long.
MAX_CALLS_PER_CALLER = 512

# Health watches and reflection, which need no credentials. A caller has one watch per service; a
# call of Health/Check is not limited.
MAX_OPEN_STREAMS = 256

MAX_OPEN_STREAMS_PER_CONNECTION = 16

# The calls in progress last milliseconds.
RETRY_AFTER = timedelta(seconds=1)

LIMIT_REACHED = RpcStatus(
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    "CALL_LIMIT_REACHED",
    "The server or the caller has its maximum of calls in progress; try again.",
    retry_after=RETRY_AFTER,
)

# Any method may end with it, before its service sees the request.
REASONS = frozenset({LIMIT_REACHED.reason})


class CallLimitInterceptor(grpc.aio.ServerInterceptor):
    """Counts calls that have been authorized; it has to run inside the authorization.

    A caller that is not known takes no place from those who are.
    """

    def __init__(
        self, domain: str, calls: int = MAX_CALLS, per_caller: int = MAX_CALLS_PER_CALLER
    ) -> None:
        self._domain = domain
        self._calls = _Limit(calls, per_caller)
        self._open_streams = _Limit(MAX_OPEN_STREAMS, MAX_OPEN_STREAMS_PER_CONNECTION)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["Handler[Request, Response]"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler[Request, Response]":
        """Wraps every handler but the unary ones that are open to all."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return handler
        if not handler_call_details.method.startswith(OPEN):
            return wrap_handler(handler, partial(self._limited, self._calls, _caller))
        if handler.response_streaming:
            return wrap_handler(handler, partial(self._limited, self._open_streams, _connection))
        return handler

    @asynccontextmanager
    async def _limited(
        self,
        limit: "_Limit",
        key_of: Callable[[Context], str | None],
        request: Message,
        context: Context,
    ) -> AsyncIterator[None]:
        key = key_of(context)
        if not limit.acquire(key):
            await context.abort_with_status(to_grpc_status(LIMIT_REACHED, domain=self._domain))
        try:
            yield
        finally:
            limit.release(key)


class _Limit:
    """A maximum in all, and one for each key."""

    def __init__(self, total: int, per_key: int) -> None:
        self._total = total
        self._per_key = per_key
        self._count = 0
        self._by_key: Counter[str] = Counter()

    def acquire(self, key: str | None) -> bool:
        """Takes a place; False if there is none. None has no maximum of its own."""
        if self._count >= self._total:
            return False
        if key is not None:
            if self._by_key[key] >= self._per_key:
                return False
            self._by_key[key] += 1
        self._count += 1
        return True

    def release(self, key: str | None) -> None:
        """Gives a place back."""
        self._count -= 1
        if key is not None:
            self._by_key[key] -= 1
            if not self._by_key[key]:
                del self._by_key[key]


def _caller(_: Context) -> str | None:
    """Without authorization callers cannot be told apart."""
    principal = current_principal()
    return None if principal is None else principal.name


def _connection(context: Context) -> str:
    """The address and port at the other end."""
    return context.peer()
