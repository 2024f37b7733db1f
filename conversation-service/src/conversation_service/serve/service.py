"""Everything of the conversation service put together."""

import asyncio
from collections.abc import Sequence

import grpc
from redis.asyncio import Redis

from conversation_service.dispatch.delivery import Delivery
from conversation_service.dispatch.dispatcher import Dispatcher
from conversation_service.domain.pool import Pool
from conversation_service.messaging.client import MessagingClient
from conversation_service.operations.directory import Directory, OpenPool
from conversation_service.operations.executor import Executor
from conversation_service.operations.fresh import SystemFresh
from conversation_service.operations.people import People
from conversation_service.operations.receipts import ReceiptBook
from conversation_service.rpc.refusals import DOMAIN, status_of
from conversation_service.rpc.servicer import ConversationServicer
from conversation_service.store.outbox import Outbox
from conversation_service.store.redis_store import RedisStore
from conversation_service.store.vault import Vault
from conversation_service.sweep.sweeper import Sweeper
from maskline.conversation.v1 import conversation_pb2
from maskline.conversation.v1.conversation_pb2_grpc import (
    add_ConversationServiceServicer_to_server,
)
from runtime.clock import Clock
from runtime.grpc_server import GrpcServer, serve_until
from runtime.loops import run_forever
from runtime.redis_client import answers
from runtime.refusal_interceptor import RefusalInterceptor

SERVICE_NAMES = (conversation_pb2.DESCRIPTOR.services_by_name["ConversationService"].full_name,)


class Service:
    """The conversation service on its connections; `reader` repeats no command by itself."""

    def __init__(
        self,
        pools: Sequence[Pool],
        *,
        redis: Redis,
        reader: Redis,
        messaging: grpc.aio.Channel,
        vault: Vault,
        clock: Clock,
    ) -> None:
        self._redis = redis
        self._people = People(vault)
        client = MessagingClient(messaging)
        opened = [_open(pool, redis, vault, clock) for pool in pools]
        outboxes = {pool.name: Outbox(redis, reader, pool.name, vault) for pool in pools}
        self._directory = Directory(opened)
        self._receipts = ReceiptBook(client, outboxes, clock)
        self._dispatchers = [
            Dispatcher(outbox, Delivery(pool, outbox, client, clock), clock)
            for pool, outbox in outboxes.items()
        ]
        self._sweepers = [Sweeper(one.executor, one.store, clock) for one in opened]

    async def serve(self, listen: str, stop: asyncio.Event) -> None:
        """Serves until `stop`, then lets what is under way end."""
        server = GrpcServer(listen, [RefusalInterceptor(DOMAIN, status_of)])
        servicer = ConversationServicer(self._directory, self._people, self._receipts)
        add_ConversationServiceServicer_to_server(servicer, server.server)
        loops = [run_forever("dispatch", one.run_once) for one in self._dispatchers]
        loops += [run_forever("sweep", one.run_once) for one in self._sweepers]
        await serve_until(stop, server, SERVICE_NAMES, probe=self._is_well, loops=loops)
        for dispatcher in self._dispatchers:
            await dispatcher.close()

    async def _is_well(self) -> bool:
        return await answers(self._redis)


def _open(pool: Pool, redis: Redis, vault: Vault, clock: Clock) -> OpenPool:
    store = RedisStore(redis, pool.name, vault)
    return OpenPool(pool, Executor(pool, store, clock, SystemFresh()), store)
