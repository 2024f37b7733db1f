"""Everything of the conversation service put together."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import grpc
from redis.asyncio import Redis

from conversation_service.app.pool_supervisor import Loop, PoolSupervisor
from conversation_service.application.admin.dead_letters import DeadLetterAdmin
from conversation_service.application.admin.deployment_checks import DeploymentChecks
from conversation_service.application.admin.pool_seeding import PoolSeeder
from conversation_service.application.admin.pools import Pools
from conversation_service.application.erasure import ErasureService
from conversation_service.application.event_subscription import SubscriptionLimit
from conversation_service.application.executor import Executor
from conversation_service.application.ids import RandomIds
from conversation_service.application.inbound.delivery_receipts import (
    DeliveryReceiptHandler,
    FailureNotifier,
)
from conversation_service.application.inbound.messages import InboundHandler
from conversation_service.application.inbound.reconciliation import Reconciliation
from conversation_service.application.opt_outs import OptOuts
from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.dispatch.batch import DispatchContext
from conversation_service.dispatch.dispatcher import Dispatcher
from conversation_service.dispatch.gauges import OutboxGauges
from conversation_service.dispatch.pre_send import PreSendChecks
from conversation_service.dispatch.settle import Settler
from conversation_service.domain.model.pool import Pool, PoolSettings, SeededPool
from conversation_service.jobs import Expiry, Maintenance
from conversation_service.messaging.carrier_records import RecordsClient
from conversation_service.messaging.client import MessagingClient
from conversation_service.messaging.media import MediaClient
from conversation_service.rpc.conversations.event_stream import EventStreams
from conversation_service.rpc.conversations.servicer import ConversationServicer
from conversation_service.rpc.core.permissions import Callers, NobodySpecial
from conversation_service.rpc.core.status import DOMAIN, status_of, too_slow
from conversation_service.rpc.media import MediaServicer
from conversation_service.rpc.operators import DeadLetterServicer, DeploymentServicer
from conversation_service.rpc.people import OptOutServicer, PersonServicer
from conversation_service.rpc.pools.servicer import PoolServicer
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.deployment.reconciliation_cursor import ReconciliationCursor
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.deployment.usage_samples import UsageSamples
from conversation_service.store.encryption.blind_index_key import (
    BlindIndexKeyStore,
    StateKeyMismatch,
)
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.erasure.log import ErasureLog
from conversation_service.store.erasure.person_data import PersonDataEraser
from conversation_service.store.event_log import EventLog
from conversation_service.store.outbox.dead_letters import DeadLetters
from conversation_service.store.outbox.outbox import Outbox
from conversation_service.store.rotation.rotation import Rotation
from conversation_service.store.storage import Storage
from maskline.conversation.v1 import (
    conversation_pb2,
    conversation_pb2_grpc,
    dead_letter_pb2,
    dead_letter_pb2_grpc,
    deployment_pb2,
    deployment_pb2_grpc,
    media_pb2,
    media_pb2_grpc,
    opt_out_pb2,
    opt_out_pb2_grpc,
    person_pb2,
    person_pb2_grpc,
    pool_pb2,
    pool_pb2_grpc,
)
from runtime.background import run_forever
from runtime.clock import Clock
from runtime.grpc.error_interceptor import ErrorInterceptor
from runtime.grpc.security import INSECURE, ServerSecurity
from runtime.grpc.server import GrpcServer, serve_until
from runtime.redis.client import BLOCK_MS, is_reachable

SERVICES = (
    conversation_pb2.DESCRIPTOR.services_by_name["ConversationService"],
    pool_pb2.DESCRIPTOR.services_by_name["PoolService"],
    opt_out_pb2.DESCRIPTOR.services_by_name["OptOutService"],
    person_pb2.DESCRIPTOR.services_by_name["PersonService"],
    deployment_pb2.DESCRIPTOR.services_by_name["DeploymentService"],
    dead_letter_pb2.DESCRIPTOR.services_by_name["DeadLetterService"],
    media_pb2.DESCRIPTOR.services_by_name["MediaService"],
)

SERVICE_NAMES = tuple(service.full_name for service in SERVICES)


class Application:
    """The conversation service on its connections; `reader` repeats no command by itself."""

    def __init__(
        self,
        pools: Sequence[SeededPool],
        *,
        redis: Redis,
        reader: Redis,
        messaging: grpc.aio.Channel,
        vault: Cipher,
        clock: Clock,
        callers: Callers | None = None,
        uses_development_key: bool = False,
        recovery_interval: timedelta = timedelta(0),
    ) -> None:
        self._redis = redis
        self._reader = reader
        self._storage = storage = Storage(redis, vault)
        self._unlocking = BlindIndexKeyStore(redis, vault)
        self._key_lost: StateKeyMismatch | None = None
        self._clock = clock
        self._callers = callers or NobodySpecial()
        self._people = storage.people
        self._messaging = MessagingClient(messaging)
        self._media = MediaClient(messaging)
        self._registry = PoolIndex(storage)
        self._suppression = SuppressionList(redis)
        self.directory = PoolDirectory(self._registry, self._open)
        self._opt_outs = OptOuts(self.directory, self._suppression, self._people, clock)
        self._erasures = ErasureService(
            self.directory,
            self._opt_outs,
            self._suppression,
            self._people,
            lambda pool: PersonDataEraser(storage.pool(pool)),
            ErasureLog(storage),
            clock,
        )
        self._reception = InboundHandler(
            self.directory, self._people, self._opt_outs, self._erasures
        )
        self._records = RecordsClient(messaging)
        self._recovery_log = ReconciliationCursor(storage)
        self._recovery_interval = recovery_interval
        self._watches = EventStreams(clock, SubscriptionLimit())
        self._deployment = DeploymentChecks(
            redis,
            self.directory,
            self._messaging,
            uses_development_key=uses_development_key,
        )
        self.seeding = PoolSeeder(pools, self.directory, self._registry)
        self._keeper = PoolSupervisor(self.directory, self.seeding, self._loops_of)
        self._dispatchers: list[Dispatcher] = []

    async def serve(
        self, listen: str, stop: asyncio.Event, door: ServerSecurity = INSECURE
    ) -> None:
        """Serves until `stop`, then lets what is under way end.

        Raises KeyLost, once Redis has answered, if a locked vault cannot be unlocked.
        """
        server = GrpcServer(listen, [ErrorInterceptor(DOMAIN, status_of, too_slow)], door)
        self.add_servicers(server.server)
        loops = [run_forever("pools", partial(self._keep, stop)), self._end_watches(stop)]
        if self._recovery_interval:
            recovery = self.recovery(self._recovery_interval)
            loops.append(run_forever("recovery", recovery.run_once))
        await serve_until(stop, server, SERVICE_NAMES, probe=self._is_well, loops=loops)
        await self._keeper.close()
        for dispatcher in self._dispatchers:
            await dispatcher.close()
        if self._key_lost:
            raise self._key_lost

    async def _keep(self, stop: asyncio.Event) -> float:
        try:
            await self._unlocking.load()
        except StateKeyMismatch as lost:
            self._key_lost = lost
            stop.set()
            raise
        return await self._keeper.run_once()

    def add_servicers(self, server: grpc.aio.Server) -> None:
        """All that it answers over gRPC; nothing in the background is needed for that."""
        receipts = DeliveryReceiptHandler(
            self._messaging, self.directory, self._opt_outs, self._clock
        )
        conversations = ConversationServicer(
            self.directory,
            self._people,
            self._reception,
            receipts,
            self._watches,
            self._callers,
        )
        pools = Pools(self.directory, self._registry, self._messaging, self._clock)
        opt_outs = OptOutServicer(self._opt_outs, self._people)
        desk = DeadLetterAdmin(self.directory, self._dead_letters, self._clock)
        deployment = DeploymentServicer(self._deployment, Rotation(self._storage))
        conversation_pb2_grpc.add_ConversationServiceServicer_to_server(conversations, server)
        pool_pb2_grpc.add_PoolServiceServicer_to_server(PoolServicer(pools), server)
        opt_out_pb2_grpc.add_OptOutServiceServicer_to_server(opt_outs, server)
        person_pb2_grpc.add_PersonServiceServicer_to_server(PersonServicer(self._erasures), server)
        deployment_pb2_grpc.add_DeploymentServiceServicer_to_server(deployment, server)
        dead_letter_pb2_grpc.add_DeadLetterServiceServicer_to_server(
            DeadLetterServicer(desk), server
        )
        media_pb2_grpc.add_MediaServiceServicer_to_server(MediaServicer(self._media), server)

    async def _end_watches(self, stop: asyncio.Event) -> None:
        """Watchers go on elsewhere at once instead of holding up the end."""
        await stop.wait()
        self._watches.stop()

    async def _is_well(self) -> bool:
        return self._keeper.is_ready and await is_reachable(self._redis)

    def _open(self, name: str) -> PoolContext:
        storage = self._storage.pool(name)
        store, journal = ConversationRepository(storage), EventLog(storage)
        uncreated = Pool(name, PoolSettings(operator=""))
        executor = Executor(uncreated, store, self._suppression, journal, self._clock, RandomIds())
        outbox = Outbox(storage, self._reader)
        return PoolContext(name, executor, store, outbox, journal, UsageSamples(storage))

    def dispatcher(self, pool: PoolContext, *, block_ms: int | None = BLOCK_MS) -> Dispatcher:
        """What sends a pool's texts; `block_ms` is how long one read may wait for a new one."""
        checks = PreSendChecks(pool.outbox, self._opt_outs)
        settler = Settler(pool.name, pool.outbox, FailureNotifier(pool), pool.settings)
        context = DispatchContext(
            pool.name,
            pool.outbox,
            self._messaging,
            checks,
            settler,
            pool.settings,
            self._clock,
        )
        return Dispatcher(context, block_ms=block_ms)

    def upkeep(self, pool: PoolContext) -> OutboxGauges:
        """What shows how much a pool owes."""
        dead = self._dead_letters(pool.name)
        return OutboxGauges(pool.name, pool.outbox, dead, pool.settings, self._clock)

    def _dead_letters(self, pool: str) -> DeadLetters:
        return DeadLetters(self._storage.pool(pool))

    def recovery(self, interval: timedelta) -> Reconciliation:
        """What finds texts whose callbacks were lost."""
        return Reconciliation(
            self._records, self._reception, self._recovery_log, self._clock, interval
        )

    def sweeper(self, pool: PoolContext) -> Expiry:
        """What ends a pool's conversations on time."""
        return Expiry(pool.executor, pool.store, self._clock)

    def _loops_of(self, pool: PoolContext) -> list[Loop]:
        dispatcher = self.dispatcher(pool)
        self._dispatchers.append(dispatcher)
        house = Maintenance(pool.store, pool.journal, pool.samples, pool.settings, self._clock)
        return [
            run_forever("dispatch", dispatcher.run_once),
            run_forever("sweep", self.sweeper(pool).run_once),
            run_forever("housekeeping", house.run_once),
            run_forever("upkeep", self.upkeep(pool).run_once),
        ]
