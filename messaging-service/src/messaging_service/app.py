"""Opens the connections, serves, and ends gracefully."""

import asyncio
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext

import structlog
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from maskline.messaging.v1.carrier_pb2_grpc import add_CarrierServiceServicer_to_server
from maskline.messaging.v1.messaging_pb2_grpc import add_MessagingServiceServicer_to_server
from messaging_service.carrier.adapter import OpenCarrier
from messaging_service.carrier.flowroute.adapter import open_flowroute
from messaging_service.config.settings import Settings
from messaging_service.media.relay import MediaRelay
from messaging_service.metrics.metrics import Metrics
from messaging_service.redis import keys
from messaging_service.rpc.carrier_servicer import CARRIER_SERVICE_NAME
from messaging_service.rpc.permissions import RIGHTS, ROLES
from messaging_service.rpc.servicer import SERVICE_NAME
from messaging_service.rpc.status import DOMAIN, status_of
from messaging_service.sending.attempt import CLAIM_MARGIN
from messaging_service.wiring import Wiring, carrier_parts
from runtime.clock import SharedClock
from runtime.grpc.error_interceptor import ErrorInterceptor
from runtime.grpc.security import server_security
from runtime.grpc.server import GrpcServer, serve_until
from runtime.metrics import process_registry, serve_metrics
from runtime.redis.client import open_redis
from runtime.redis.clock import redis_clock
from runtime.redis.write_check import WriteCheck

SERVICE_NAMES = [SERVICE_NAME, CARRIER_SERVICE_NAME]

log = structlog.get_logger()


async def serve(
    settings: Settings,
    own_clock: SharedClock | None,
    server: GrpcServer,
    stop: asyncio.Event,
    open_carrier: OpenCarrier = open_flowroute,
) -> None:
    """Serves until `stop` is set, then waits for the sends in flight.

    `own_clock` replaces the clock of Redis.
    """
    if settings.uses_development_ledger_key:
        log.warning("development_ledger_key", setting="MESSAGING_LEDGER_KEY")
    registry = process_registry()
    async with (
        aclosing(open_redis(settings.redis_access)) as redis,
        MediaRelay(redis, settings) as media,
        _clock(own_clock, redis, registry) as clock,
    ):
        parts = carrier_parts(settings, clock, redis)
        writes = WriteCheck(redis, keys.write_check())

        async def is_healthy() -> bool:
            return clock.is_synchronized() and await writes.is_writable()

        async with open_carrier(parts) as carrier:
            wiring = Wiring(parts, carrier, redis, media, Metrics(registry))
            add_MessagingServiceServicer_to_server(wiring.servicer, server.server)
            add_CarrierServiceServicer_to_server(wiring.carrier_servicer, server.server)
            with serve_metrics(settings.metrics_listen, registry):
                await serve_until(stop, server, SERVICE_NAMES, probe=is_healthy)
                # A message whose attachments take longer than this has not been posted.
                await wiring.sender.drain(wiring.timeouts.send + CLAIM_MARGIN)


def _clock(
    own_clock: SharedClock | None, redis: Redis, registry: CollectorRegistry
) -> AbstractAsyncContextManager[SharedClock]:
    return nullcontext(own_clock) if own_clock else redis_clock(redis, registry)


def grpc_server(settings: Settings) -> GrpcServer:
    """The server for `serve`; port 0 takes a free one. Raises ConfigFileError."""
    security = server_security(settings, RIGHTS, ROLES, domain=DOMAIN)
    errors = ErrorInterceptor(DOMAIN, status_of)
    return GrpcServer(settings.listen, [errors], security, domain=DOMAIN)
