"""Picks the concrete parts and ties them together."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from functools import partial

import structlog
from redis.asyncio import Redis

from maskline.messaging.v1.messaging_pb2_grpc import add_MessagingServiceServicer_to_server
from messaging_service.attempts import CLAIM_MARGIN, Attempts
from messaging_service.fingerprints import Fingerprints
from messaging_service.flowroute import FlowrouteClient
from messaging_service.flowroute_account import FlowrouteAccount
from messaging_service.flowroute_http import SEND_CONNECTIONS, FlowrouteHttp
from messaging_service.ledger import Ledger
from messaging_service.recording import Recorder
from messaging_service.refusals import DOMAIN, status_of
from messaging_service.rpc import SERVICE_NAME, MessagingServicer
from messaging_service.sending import Sender
from messaging_service.settings import Settings
from runtime.clock import Clock
from runtime.grpc_server import GrpcServer, serve_until
from runtime.redis_client import answers, open_redis
from runtime.refusal_interceptor import RefusalInterceptor

log = structlog.get_logger()


async def serve(settings: Settings, clock: Clock, server: GrpcServer, stop: asyncio.Event) -> None:
    """Serves until `stop` is set, then lets the sends under way come to their end."""
    if settings.uses_development_ledger_key:
        log.warning("development_ledger_key", advice="set MESSAGING_LEDGER_KEY to a secret")
    send_timeout = timedelta(seconds=settings.send_timeout_seconds)
    async with (
        aclosing(open_redis(settings.redis_url.get_secret_value())) as redis,
        FlowrouteHttp(settings) as http,
    ):
        ledger = _ledger(settings, clock, redis)
        carrier = FlowrouteClient(http, settings, clock)
        attempts = Attempts(ledger, carrier, clock, send_timeout=send_timeout)
        sender = Sender(attempts, in_flight_limit=SEND_CONNECTIONS)
        account = FlowrouteAccount(http, settings, clock)
        servicer = MessagingServicer(sender, Recorder(ledger), ledger, account)
        add_MessagingServiceServicer_to_server(servicer, server.server)
        await serve_until(stop, server, [SERVICE_NAME], probe=partial(answers, redis))
        await sender.drain(send_timeout + CLAIM_MARGIN)


def grpc_server(listen: str) -> GrpcServer:
    """The server that `serve` serves on; port 0 takes a free one."""
    return GrpcServer(listen, [RefusalInterceptor(DOMAIN, status_of)])


def _ledger(settings: Settings, clock: Clock, redis: Redis) -> Ledger:
    return Ledger(redis, clock, Fingerprints(settings.ledger_key.get_secret_value()))
