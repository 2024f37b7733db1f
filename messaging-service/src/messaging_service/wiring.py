"""Builds every object of the service once, around the open connections."""

from datetime import timedelta

from redis.asyncio import Redis

from messaging_service.carrier.adapter import CarrierAdapter, CarrierParts
from messaging_service.carrier.flowroute.http import SEND_CONNECTIONS
from messaging_service.config.settings import Settings
from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.ledger.ledger import Ledger
from messaging_service.ledger.uncertain_sends import UncertainSends
from messaging_service.limits.rate_limiter import AccountRates, RateLimiter
from messaging_service.media.relay import PREPARE_SECONDS, MediaRelay
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.send_tokens import SendTokens
from messaging_service.receipts.recorder import ReceiptRecorder
from messaging_service.rpc.carrier_servicer import CarrierServicer
from messaging_service.rpc.servicer import MessagingServicer
from messaging_service.sending.attempt import SendAttempts, Timeouts
from messaging_service.sending.carrier_gate import CarrierGate
from messaging_service.sending.circuit_breaker import CircuitBreaker
from messaging_service.sending.sender import Sender
from messaging_service.uncertain.carrier_search import CarrierSearch
from messaging_service.uncertain.resolver import UncertainSendResolver
from messaging_service.uncertain.schedule import LookupSchedule
from runtime.clock import Clock


class Wiring:
    """The servicer, and what `app.serve` needs to drain the sends in flight."""

    def __init__(
        self,
        parts: CarrierParts,
        adapter: CarrierAdapter,
        redis: Redis,
        media: MediaRelay,
        metrics: Metrics,
    ) -> None:
        self._settings, self._clock = parts.settings, parts.clock
        self._tokens, self._limiter = parts.tokens, parts.limiter
        self._adapter, self._redis = adapter, redis
        self._media, self._metrics = media, metrics
        self._ledger = self._make_ledger()
        self.timeouts = _timeouts(parts.settings)
        self.sender = self._make_sender()
        self.servicer = self._make_servicer()
        self.carrier_servicer = CarrierServicer(adapter)

    def _make_ledger(self) -> Ledger:
        fingerprints = Fingerprints(*self._settings.ledger_keys)
        retention = self._settings.ledger_retention
        return Ledger(self._redis, self._clock, fingerprints, self._metrics, retention)

    def _make_sender(self) -> Sender:
        attempts = SendAttempts(
            self._ledger,
            self._media,
            self._make_gate(),
            self._make_resolver(),
            self._clock,
            self.timeouts,
        )
        return Sender(attempts, self._metrics, in_flight_limit=SEND_CONNECTIONS)

    def _make_gate(self) -> CarrierGate:
        breaker = CircuitBreaker(self._clock)
        self._metrics.watch_carrier(lambda: breaker.is_open, lambda: breaker.is_account_refused)
        return CarrierGate(self._adapter.carrier, breaker, self._limiter, self._metrics)

    def _make_resolver(self) -> UncertainSendResolver:
        retention, records = self._settings.ledger_retention, self._adapter.outbound_records
        return UncertainSendResolver(
            UncertainSends(self._redis, self._clock, self._metrics, retention),
            CarrierSearch(records, self._clock) if records else None,
            LookupSchedule(self._settings.unknown_lookups),
            self._clock,
            is_repeated=self._adapter.capabilities.idempotent_send,
        )

    def _make_servicer(self) -> MessagingServicer:
        return MessagingServicer(
            self.sender,
            ReceiptRecorder(self._ledger, self._adapter.carrier, self._tokens, self._metrics),
            self._ledger,
            self._media,
        )


def carrier_parts(settings: Settings, clock: Clock, redis: Redis) -> CarrierParts:
    """What the carrier's adapter is made from, and shares with the rest of the service."""
    limiter = RateLimiter(redis, _rates(settings))
    return CarrierParts(settings, clock, limiter, SendTokens(*settings.ledger_keys))


def _rates(settings: Settings) -> AccountRates:
    return AccountRates(
        settings.sms_per_second, settings.mms_per_second, settings.lookups_per_second
    )


def _timeouts(settings: Settings) -> Timeouts:
    return Timeouts(
        send=timedelta(seconds=settings.send_timeout_seconds),
        files=timedelta(seconds=PREPARE_SECONDS),
    )
