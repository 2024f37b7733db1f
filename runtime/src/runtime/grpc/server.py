"""A gRPC server as a process: health, reflection, limits and graceful shutdown."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from runtime.background import run_forever
from runtime.grpc.call_limits import CallLimitInterceptor
from runtime.grpc.client import MAX_MESSAGE_BYTES
from runtime.grpc.security import INSECURE, ServerSecurity
from runtime.shutdown import GRACE_SECONDS
from runtime.tracing.grpc import server_interceptors

log = structlog.get_logger()

# Streams of one connection; a client waits for a free one before it begins another call. Services
# have a few dozen calls in progress, and whoever floods a server needs that many connections more.
MAX_STREAMS_PER_CONNECTION = 128

HEALTH_INTERVAL_SECONDS = 1.0

# Certificates are verified when a connection begins, so an expired one is used no longer than this.
MAX_CONNECTION_AGE_MS = 60 * 60 * 1000

# Calls end within seconds; a watch that is cut off resumes from its cursor.
MAX_CONNECTION_GRACE_MS = 60 * 1000

_SERVING = health_pb2.HealthCheckResponse.SERVING

_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class GrpcServer:
    """One server on one address. Add servicers to `server`, then start it."""

    def __init__(
        self,
        listen: str,
        interceptors: Sequence[grpc.aio.ServerInterceptor],
        security: ServerSecurity = INSECURE,
        *,
        domain: str = "maskline",
    ) -> None:
        """`listen` is "host:port"; port 0 takes a free one. Raises RuntimeError if it is taken.

        The interceptors of `security` run inside the others, which translate their errors.
        """
        self._security = security
        inner = (*security.interceptors, CallLimitInterceptor(domain))
        outer = (*server_interceptors(), *interceptors)
        self.server = grpc.aio.server(interceptors=[*outer, *inner], options=_options(security))
        self.port = self._add_port(listen)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)

    async def start(self, service_names: Sequence[str]) -> None:
        """Starts to serve. Health is NOT_SERVING until a probe has succeeded."""
        if self._security.serves_reflection:
            reflected = (*service_names, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(reflected, self.server)
        for name in ("", *service_names):
            await self._health.set(name, _NOT_SERVING)
        await self.server.start()

    async def set_health(
        self, service_names: Sequence[str], probe: Callable[[], Awaitable[bool]]
    ) -> None:
        """Runs the probe once and sets the health of all services to its result."""
        status = _SERVING if await probe() else _NOT_SERVING
        for name in ("", *service_names):
            await self._health.set(name, status)

    async def stop(self) -> None:
        """Refuses new calls, lets calls in progress end within the grace period, then stops."""
        await self._health.enter_graceful_shutdown()
        await self.server.stop(GRACE_SECONDS)

    def _add_port(self, listen: str) -> int:
        try:
            if self._security.credentials is None:
                return self.server.add_insecure_port(listen)
            return self.server.add_secure_port(listen, self._security.credentials)
        except RuntimeError:
            # The message of grpc's own exception is not logged.
            log.error("listen_failed", listen=listen)
            raise


def _options(security: ServerSecurity) -> list[tuple[str, int]]:
    options = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.so_reuseport", 0),
        ("grpc.max_concurrent_streams", MAX_STREAMS_PER_CONNECTION),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ]
    if security.credentials is not None:
        options += [
            ("grpc.max_connection_age_ms", MAX_CONNECTION_AGE_MS),
            ("grpc.max_connection_age_grace_ms", MAX_CONNECTION_GRACE_MS),
        ]
    return options


async def serve_until(
    stop: asyncio.Event,
    grpc_server: GrpcServer,
    service_names: Sequence[str],
    *,
    probe: Callable[[], Awaitable[bool]],
    loops: Sequence[Awaitable[None]] = (),
) -> None:
    """Serves, updates health and runs the background loops until `stop` is set."""
    await grpc_server.start(service_names)

    async def update_health() -> float:
        await grpc_server.set_health(service_names, probe)
        return HEALTH_INTERVAL_SECONDS

    tasks = [asyncio.ensure_future(loop) for loop in (run_forever("health", update_health), *loops)]
    log.info("serving", port=grpc_server.port)
    await stop.wait()
    log.info("stopping")
    await grpc_server.stop()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
