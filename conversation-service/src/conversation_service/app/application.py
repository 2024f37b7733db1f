"""The conversation service as a whole: servicers, background loops and the graceful end."""

import asyncio
from functools import partial

import grpc
from redis.exceptions import RedisError

from conversation_service.app.pool_supervisor import Loop, PoolSupervisor
from conversation_service.app.wiring import Wiring
from conversation_service.application.pools import PoolContext
from conversation_service.dispatch.dispatcher import Dispatcher
from conversation_service.rpc.core.permissions import SERVICES
from conversation_service.rpc.core.status import DOMAIN, status_of, too_slow
from conversation_service.store.encryption.blind_index_key import StateKeyMismatch
from maskline.admin.v1 import (
    dead_letter_pb2_grpc,
    maintenance_pb2_grpc,
    person_pb2_grpc,
    pool_pb2_grpc,
)
from maskline.conversation.v1 import (
    conversation_pb2_grpc,
    event_pb2_grpc,
)
from maskline.ingest.v1 import ingest_pb2_grpc
from runtime.background import run_forever
from runtime.grpc.error_interceptor import ErrorInterceptor
from runtime.grpc.security import INSECURE, ServerSecurity
from runtime.grpc.server import GrpcServer, serve_until

SERVICE_NAMES = tuple(service.full_name for service in SERVICES)

# Once a restore is accepted, the pools are served this soon.
SUPERVISE_AGAIN_SECONDS = 1.0


class Application:
    """Serves the RPCs and runs the loops of one replica."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self._supervisor = PoolSupervisor(wiring.directory, wiring.seeder, self._background_loops)
        self._dispatchers: list[Dispatcher] = []
        self._key_mismatch: StateKeyMismatch | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the pools have been seeded and their loops run."""
        return self._supervisor.is_ready

    async def serve(
        self, listen: str, stop: asyncio.Event, security: ServerSecurity = INSECURE
    ) -> None:
        """Serves until `stop` is set, then drains RPCs and batches that are being sent.

        Raises StateKeyMismatch if Redis holds a blind-index key that no state key decrypts.
        """
        errors = ErrorInterceptor(DOMAIN, status_of, too_slow)
        server = GrpcServer(listen, [errors], security, domain=DOMAIN)
        self.add_servicers(server.server)
        loops = [
            run_forever("pools", partial(self._supervise, stop)),
            run_forever("messaging_access", self.wiring.messaging_access.run_once),
            run_forever("erasure", self.wiring.erasure.run_once),
            self._end_streams(stop),
        ]
        if interval := self.wiring.options.recovery_interval:
            loops.append(run_forever("recovery", self.wiring.reconciliation(interval).run_once))
        await serve_until(stop, server, SERVICE_NAMES, probe=self._is_healthy, loops=loops)
        await self._supervisor.close()
        for dispatcher in self._dispatchers:
            await dispatcher.close()
        if self._key_mismatch:
            raise self._key_mismatch

    def add_servicers(self, server: grpc.aio.Server) -> None:
        """Registers every RPC. None of them depends on the background loops."""
        wiring = self.wiring
        conversation_pb2_grpc.add_ConversationServiceServicer_to_server(
            wiring.conversation_servicer(), server
        )
        event_pb2_grpc.add_EventServiceServicer_to_server(wiring.event_servicer(), server)
        pool_pb2_grpc.add_PoolServiceServicer_to_server(wiring.pool_servicer(), server)
        person_pb2_grpc.add_PersonServiceServicer_to_server(wiring.person_servicer(), server)
        maintenance_pb2_grpc.add_MaintenanceServiceServicer_to_server(
            wiring.maintenance_servicer(), server
        )
        dead_letter_pb2_grpc.add_DeadLetterServiceServicer_to_server(
            wiring.dead_letter_servicer(), server
        )
        ingest_pb2_grpc.add_IngestServiceServicer_to_server(wiring.ingest_servicer(), server)

    async def _supervise(self, stop: asyncio.Event) -> float:
        try:
            await self.wiring.blind_index_key.load()
        except StateKeyMismatch as mismatch:
            # Retrying cannot help: end the process with the reason.
            self._key_mismatch = mismatch
            stop.set()
            raise
        if not await self.wiring.guard.is_open():
            # The pools are seeded once: not into a copy that may still change.
            return SUPERVISE_AGAIN_SECONDS
        return await self._supervisor.run_once()

    async def _end_streams(self, stop: asyncio.Event) -> None:
        """Clients reconnect to another replica at once instead of delaying the shutdown."""
        await stop.wait()
        self.wiring.event_streams.stop()

    async def _is_healthy(self) -> bool:
        is_able = (
            self.is_ready
            and self.wiring.clock.is_synchronized()
            and self.wiring.messaging_access.is_accepted
        )
        return is_able and await self.wiring.write_check.is_writable() and await self._is_current()

    async def _is_current(self) -> bool:
        """Whether Redis is as new as it was: nothing is done on an older state."""
        try:
            return await self.wiring.guard.check()
        except (RedisError, OSError):
            return False

    def _background_loops(self, pool: PoolContext) -> list[Loop]:
        dispatcher = self.wiring.dispatcher(pool)
        self._dispatchers.append(dispatcher)
        return [
            run_forever("dispatch", dispatcher.run_once),
            run_forever("sweep", self.wiring.expiry(pool).run_once),
            run_forever("housekeeping", self.wiring.maintenance(pool).run_once),
            run_forever("upkeep", self.wiring.outbox_gauges(pool).run_once),
        ]
