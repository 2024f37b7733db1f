"""Everything of the conversation service put together."""

import asyncio
from collections.abc import Sequence

import grpc
from redis.asyncio import Redis

from conversation_service.dispatch.delivery import Delivery
from conversation_service.dispatch.dispatcher import Dispatcher
from conversation_service.domain.pool import Pool, PoolSettings, SeededPool
from conversation_service.messaging.client import MessagingClient
from conversation_service.operations.deployment import Deployment
from conversation_service.operations.directory import Directory, OpenPool
from conversation_service.operations.executor import Executor
from conversation_service.operations.fresh import SystemFresh
from conversation_service.operations.opt_outs import OptOuts
from conversation_service.operations.pools import Pools
from conversation_service.operations.receipts import ReceiptBook
from conversation_service.operations.receive import Reception
from conversation_service.operations.seeding import Seeding
from conversation_service.operations.watching import Watchers
from conversation_service.rpc.callers import Callers, NobodySpecial
from conversation_service.rpc.deployment_servicer import DeploymentServicer
from conversation_service.rpc.opt_out_servicer import OptOutServicer
from conversation_service.rpc.pool_servicer import PoolServicer
from conversation_service.rpc.refusals import DOMAIN, status_of, too_slow
from conversation_service.rpc.servicer import ConversationServicer
from conversation_service.rpc.watches import Watches
from conversation_service.serve.keeper import Keeper, Loop
from conversation_service.store.journal import Journal
from conversation_service.store.load_samples import LoadSamples
from conversation_service.store.outbox import Outbox
from conversation_service.store.people import People
from conversation_service.store.redis_store import RedisStore
from conversation_service.store.registry import Registry
from conversation_service.store.suppression import SuppressionList
from conversation_service.store.vault import Vault
from conversation_service.sweep.housekeeping import Housekeeping
from conversation_service.sweep.sweeper import Sweeper
from maskline.conversation.v1 import (
    conversation_pb2,
    conversation_pb2_grpc,
    deployment_pb2,
    deployment_pb2_grpc,
    opt_out_pb2,
    opt_out_pb2_grpc,
    pool_pb2,
    pool_pb2_grpc,
)
from runtime.clock import Clock
from runtime.grpc_server import GrpcServer, serve_until
from runtime.loops import run_forever
from runtime.redis_client import BLOCK_MS, answers
from runtime.refusal_interceptor import RefusalInterceptor

SERVICES = (
    conversation_pb2.DESCRIPTOR.services_by_name["ConversationService"],
    pool_pb2.DESCRIPTOR.services_by_name["PoolService"],
    opt_out_pb2.DESCRIPTOR.services_by_name["OptOutService"],
    deployment_pb2.DESCRIPTOR.services_by_name["DeploymentService"],
)
SERVICE_NAMES = tuple(service.full_name for service in SERVICES)


class Service:
    """The conversation service on its connections; `reader` repeats no command by itself."""

    def __init__(
        self,
        pools: Sequence[SeededPool],
        *,
        redis: Redis,
        reader: Redis,
        messaging: grpc.aio.Channel,
        vault: Vault,
        clock: Clock,
        callers: Callers | None = None,
        uses_development_key: bool = False,
    ) -> None:
        self._redis = redis
        self._reader = reader
        self._vault = vault
        self._clock = clock
        self._callers = callers or NobodySpecial()
        self._people = People(vault)
        self._messaging = MessagingClient(messaging)
        self._registry = Registry(redis, vault)
        self._suppression = SuppressionList(redis)
        self.directory = Directory(self._registry, self._open)
        self._opt_outs = OptOuts(self.directory, self._suppression, self._people, clock)
        self._watches = Watches(clock, Watchers())
        self._deployment = Deployment(
            redis,
            self.directory,
            self._messaging,
            uses_development_key=uses_development_key,
        )
        self.seeding = Seeding(pools, self.directory, self._registry)
        self._keeper = Keeper(self.directory, self.seeding, self._loops_of)
        self._dispatchers: list[Dispatcher] = []

    async def serve(self, listen: str, stop: asyncio.Event) -> None:
        """Serves until `stop`, then lets what is under way end."""
        server = GrpcServer(listen, [RefusalInterceptor(DOMAIN, status_of, too_slow)])
        self.add_servicers(server.server)
        loops = [run_forever("pools", self._keeper.run_once), self._end_watches(stop)]
        await serve_until(stop, server, SERVICE_NAMES, probe=self._is_well, loops=loops)
        await self._keeper.close()
        for dispatcher in self._dispatchers:
            await dispatcher.close()

    def add_servicers(self, server: grpc.aio.Server) -> None:
        """All that it answers over gRPC; nothing in the background is needed for that."""
        receipts = ReceiptBook(self._messaging, self.directory, self._opt_outs, self._clock)
        conversations = ConversationServicer(
            self.directory,
            self._people,
            Reception(self.directory, self._people, self._opt_outs),
            receipts,
            self._watches,
            self._callers,
        )
        pools = Pools(self.directory, self._registry, self._messaging, self._clock)
        opt_outs = OptOutServicer(self._opt_outs, self._people)
        deployment = DeploymentServicer(self._deployment)
        conversation_pb2_grpc.add_ConversationServiceServicer_to_server(conversations, server)
        pool_pb2_grpc.add_PoolServiceServicer_to_server(PoolServicer(pools), server)
        opt_out_pb2_grpc.add_OptOutServiceServicer_to_server(opt_outs, server)
        deployment_pb2_grpc.add_DeploymentServiceServicer_to_server(deployment, server)

    async def _end_watches(self, stop: asyncio.Event) -> None:
        """Watchers go on elsewhere at once instead of holding up the end."""
        await stop.wait()
        self._watches.stop()

    async def _is_well(self) -> bool:
        return self._keeper.is_ready and await answers(self._redis)

    def _open(self, name: str) -> OpenPool:
        store = RedisStore(self._redis, name, self._vault)
        journal = Journal(self._redis, name, self._vault)
        unborn = Pool(name, PoolSettings(operator=""))
        executor = Executor(unborn, store, self._suppression, journal, self._clock, SystemFresh())
        outbox = Outbox(self._redis, self._reader, name, self._vault)
        return OpenPool(name, executor, store, outbox, journal, LoadSamples(self._redis, name))

    def dispatcher(self, pool: OpenPool, *, block_ms: int | None = BLOCK_MS) -> Dispatcher:
        """What sends a pool's texts; `block_ms` is how long one read may wait for a new one."""
        delivery = Delivery(
            pool.name,
            pool.outbox,
            self._messaging,
            self._suppression,
            self._opt_outs,
            self._clock,
        )
        return Dispatcher(pool.outbox, delivery, self._clock, block_ms=block_ms)

    def sweeper(self, pool: OpenPool) -> Sweeper:
        """What ends a pool's conversations on time."""
        return Sweeper(pool.executor, pool.store, self._clock)

    def _loops_of(self, pool: OpenPool) -> list[Loop]:
        dispatcher = self.dispatcher(pool)
        self._dispatchers.append(dispatcher)
        house = Housekeeping(pool.store, pool.journal, pool.samples, self._clock)
        return [
            run_forever("dispatch", dispatcher.run_once),
            run_forever("sweep", self.sweeper(pool).run_once),
            run_forever("housekeeping", house.run_once),
        ]
