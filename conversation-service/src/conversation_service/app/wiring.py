"""Builds every object of the service, each once, on first use."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property, partial

from conversation_service.app.options import Connections, Options
from conversation_service.application.admin.blocks import Blocks
from conversation_service.application.admin.dead_letters import DeadLetterAdmin
from conversation_service.application.admin.deployment_checks import DeploymentChecks
from conversation_service.application.admin.pool_seeding import PoolSeeder
from conversation_service.application.admin.pools import Pools
from conversation_service.application.admin.restore import RestoreAcceptance, RestoreStores
from conversation_service.application.erasure import ErasureService, ErasureStores
from conversation_service.application.event_subscription import SubscriptionLimit
from conversation_service.application.executor import Executor
from conversation_service.application.ids import RandomIds
from conversation_service.application.inbound.delivery_receipts import (
    DeliveryReceiptHandler,
    FailureNotifier,
)
from conversation_service.application.inbound.messages import InboundHandler
from conversation_service.application.inbound.reconciliation import Reconciliation
from conversation_service.application.inbound.text_parts import TextPartReader
from conversation_service.application.number_lookups import NumberLookups
from conversation_service.application.opt_out_imports import OptOutImports
from conversation_service.application.opt_outs import OptOuts
from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.application.restore_guard import IsOpen, RestoreGuard
from conversation_service.dispatch.batch import DispatchContext
from conversation_service.dispatch.dispatcher import Dispatcher
from conversation_service.dispatch.gauges import OutboxGauges
from conversation_service.dispatch.pre_send import PreSendChecks
from conversation_service.dispatch.settle import Settler
from conversation_service.domain.model.pool import Pool, PoolSettings, SeededPool
from conversation_service.jobs import Expiry, Maintenance
from conversation_service.messaging.access import MessagingAccess
from conversation_service.messaging.carrier_records import CarrierRecords
from conversation_service.messaging.client import MessagingClient
from conversation_service.messaging.media import MediaClient
from conversation_service.rpc.conversations.servicer import ConversationServicer
from conversation_service.rpc.dead_letters import DeadLetterServicer
from conversation_service.rpc.events.event_stream import EventStreams
from conversation_service.rpc.events.servicer import EventServicer
from conversation_service.rpc.ingest.servicer import IngestServicer
from conversation_service.rpc.maintenance import MaintenanceServicer
from conversation_service.rpc.people.servicer import PersonServicer
from conversation_service.rpc.pools.servicer import PoolServicer
from conversation_service.store.conversations.blocks import BlockList
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.deployment.epoch import Epochs
from conversation_service.store.deployment.number_lookups import NumberLookupCounts
from conversation_service.store.deployment.opt_out_requests import OptOutRequests
from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.deployment.reconciliation_cursor import ReconciliationCursor
from conversation_service.store.deployment.restore_requests import RestoreRequests
from conversation_service.store.deployment.state_directory import StateDirectory
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.deployment.usage_samples import UsageSamples
from conversation_service.store.encryption.blind_index_key import BlindIndexKeyStore
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.erasure.log import ErasureLog
from conversation_service.store.erasure.person_data import PersonDataEraser
from conversation_service.store.event_log import EventLog
from conversation_service.store.outbox.dead_letters import DeadLetters
from conversation_service.store.outbox.outbox import Outbox
from conversation_service.store.outbox.replay_selections import ReplaySelections
from conversation_service.store.rotation.rotation import Rotation
from conversation_service.store.storage import Storage
from runtime.clock import SharedClock
from runtime.redis.client import BLOCK_MS
from runtime.redis.write_check import WriteCheck


class Wiring:
    """The objects of one replica. Properties are shared; methods build a new object per pool."""

    def __init__(
        self,
        pools: Sequence[SeededPool],
        connections: Connections,
        cipher: Cipher,
        clock: SharedClock,
        options: Options | None = None,
    ) -> None:
        self.options = options or Options()
        self.redis = connections.redis
        self._pools = pools
        self._reader = connections.reader
        self._channel = connections.messaging
        self._storage = Storage(connections.redis, cipher)
        self.clock = clock

    @cached_property
    def directory(self) -> PoolDirectory:
        return PoolDirectory(self._pool_index, partial(self._open_pool, self.guard.is_open))

    @cached_property
    def seeder(self) -> PoolSeeder:
        return PoolSeeder(self._pools, self.directory, self._pool_index)

    @cached_property
    def guard(self) -> RestoreGuard:
        return RestoreGuard(Epochs(self._storage), self._state_directory, self._suppression)

    @cached_property
    def _state_directory(self) -> StateDirectory:
        return self.options.state_directory or StateDirectory(None)

    @cached_property
    def blind_index_key(self) -> BlindIndexKeyStore:
        return BlindIndexKeyStore(self.redis, self._storage.cipher)

    @cached_property
    def write_check(self) -> WriteCheck:
        return WriteCheck(self.redis, self._storage.keys.write_check)

    @cached_property
    def messaging_access(self) -> MessagingAccess:
        return MessagingAccess(self._channel)

    @cached_property
    def event_streams(self) -> EventStreams:
        return EventStreams(self.clock, SubscriptionLimit())

    @cached_property
    def _pool_index(self) -> PoolIndex:
        return PoolIndex(self._storage)

    @cached_property
    def _suppression(self) -> SuppressionList:
        return SuppressionList(self.redis, self._state_directory)

    @cached_property
    def _messaging(self) -> MessagingClient:
        return MessagingClient(self._channel)

    @cached_property
    def _text_parts(self) -> TextPartReader:
        return TextPartReader(MediaClient(self._channel), self.clock)

    @cached_property
    def _opt_out_requests(self) -> OptOutRequests:
        return OptOutRequests(self._storage, self._suppression)

    @cached_property
    def _opt_outs(self) -> OptOuts:
        return OptOuts(
            self.directory,
            self._suppression,
            self._opt_out_requests,
            self._storage.people,
            self.clock,
        )

    @cached_property
    def erasure(self) -> ErasureService:
        stores = ErasureStores(
            self._suppression,
            self._storage.people,
            lambda pool: PersonDataEraser(self._storage.pool(pool)),
            ErasureLog(self._storage),
        )
        return ErasureService(
            self.directory, self._opt_outs, stores, self.clock, self.guard.is_open
        )

    @cached_property
    def _lookups(self) -> NumberLookups:
        return NumberLookups(NumberLookupCounts(self._storage))

    @cached_property
    def _inbound(self) -> InboundHandler:
        return InboundHandler(
            self.directory,
            self._storage.people,
            self._opt_outs,
            self.erasure,
            self._text_parts,
        )

    # The servicers, one for each service of the contract.

    def conversation_servicer(self) -> ConversationServicer:
        return ConversationServicer(self.directory, self._storage.people, self._lookups)

    def ingest_servicer(self) -> IngestServicer:
        receipts = DeliveryReceiptHandler(
            self._messaging, self.directory, self._opt_outs, self.clock, self.guard.is_open
        )
        return IngestServicer(self._inbound, receipts, MediaClient(self._channel))

    def event_servicer(self) -> EventServicer:
        return EventServicer(self.directory, self.event_streams)

    def pool_servicer(self) -> PoolServicer:
        pools = Pools(self.directory, self._pool_index, self._messaging, self.clock)
        return PoolServicer(pools)

    def person_servicer(self) -> PersonServicer:
        people = self._storage.people
        imports = OptOutImports(self._opt_outs, self._opt_out_requests, people, self.clock)
        blocks = Blocks(self.directory, lambda pool: BlockList(self._storage.pool(pool)))
        return PersonServicer(
            self.erasure, self._opt_outs, imports, blocks, self.directory, people, self._lookups
        )

    def dead_letter_servicer(self) -> DeadLetterServicer:
        admin = DeadLetterAdmin(
            self.directory,
            self._dead_letters,
            lambda pool: ReplaySelections(self._storage.pool(pool)),
            self.clock,
            self.guard.is_open,
        )
        return DeadLetterServicer(admin)

    def maintenance_servicer(self) -> MaintenanceServicer:
        checks = DeploymentChecks(
            self.redis,
            self.write_check,
            self.directory,
            self._messaging,
            self.guard,
            uses_development_key=self.options.uses_development_key,
        )
        return MaintenanceServicer(checks, Rotation(self._storage), self._restore())

    def _restore(self) -> RestoreAcceptance:
        stores = RestoreStores(
            RestoreRequests(self._storage),
            ReconciliationCursor(self._storage),
            CarrierRecords(self._channel),
            self._storage.people,
            self._text_parts,
        )
        directory = PoolDirectory(self._pool_index, partial(self._open_pool, _always))
        return RestoreAcceptance(self.guard, directory, stores, self.clock)

    # What runs in the background: one reconciliation, and the rest for each pool.

    def reconciliation(self, interval: timedelta) -> Reconciliation:
        records, cursor = CarrierRecords(self._channel), ReconciliationCursor(self._storage)
        is_open = self.guard.check
        return Reconciliation(records, self._inbound, cursor, self.clock, interval, is_open)

    def dispatcher(self, pool: PoolContext, *, block_ms: int | None = BLOCK_MS) -> Dispatcher:
        """`block_ms` is how long one read may wait for a new outbox entry."""
        checks = PreSendChecks(
            pool.outbox, self._opt_outs, pool.settings_at, pool.store.record_carrier_block
        )
        settler = Settler(pool.name, pool.outbox, FailureNotifier(pool), pool.current_settings)
        context = DispatchContext(
            pool.name,
            pool.outbox,
            self._messaging,
            checks,
            settler,
            self.clock,
            self.guard,
        )
        return Dispatcher(context, block_ms=block_ms)

    def expiry(self, pool: PoolContext) -> Expiry:
        return Expiry(pool.executor, pool.store, self.clock, self.guard.is_open)

    def maintenance(self, pool: PoolContext) -> Maintenance:
        return Maintenance(
            pool.store, pool.event_log, pool.samples, pool.current_settings, self.clock
        )

    def outbox_gauges(self, pool: PoolContext) -> OutboxGauges:
        dead_letters = self._dead_letters(pool.name)
        return OutboxGauges(pool.name, pool.outbox, dead_letters, pool.current_settings, self.clock)

    def _dead_letters(self, pool: str) -> DeadLetters:
        return DeadLetters(self._storage.pool(pool))

    def _open_pool(self, is_open: IsOpen, name: str) -> PoolContext:
        storage = self._storage.pool(name)
        store, journal = ConversationRepository(storage), EventLog(storage)
        uncreated = Pool(name, PoolSettings(operator_name="", contact=""))
        executor = Executor(
            uncreated, store, self._suppression, journal, self.clock, RandomIds(), is_open
        )
        outbox = Outbox(storage, self._reader)
        return PoolContext(name, executor, store, outbox, journal, UsageSamples(storage))


async def _always() -> bool:
    return True
