"""The concrete parts of a running service, tied together."""

from datetime import timedelta

from redis.asyncio import Redis

from messaging_service.carrier.flowroute.account import FlowrouteAccount
from messaging_service.carrier.flowroute.http import SEND_CONNECTIONS, FlowrouteHttp
from messaging_service.carrier.flowroute.records import FlowrouteRecords
from messaging_service.carrier.flowroute.send import FlowrouteClient
from messaging_service.config.settings import Settings
from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.ledger.ledger import Ledger
from messaging_service.ledger.uncertain_sends import UncertainSends
from messaging_service.limits.rate_limiter import AccountRates, RateLimiter
from messaging_service.media.relay import PREPARE_SECONDS, MediaRelay
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.send_tokens import SendTokens
from messaging_service.receipts.recorder import ReceiptRecorder
from messaging_service.rpc.servicer import MessagingServicer
from messaging_service.sending.attempt import SendAttempts, Timeouts
from messaging_service.sending.carrier_gate import CarrierGate
from messaging_service.sending.circuit_breaker import CircuitBreaker
from messaging_service.sending.posting import Posting
from messaging_service.sending.sender import Sender
from messaging_service.uncertain.carrier_search import CarrierSearch
from messaging_service.uncertain.resolver import UncertainSendResolver
from messaging_service.uncertain.schedule import LookupSchedule
from runtime.clock import Clock


class Wiring:
    """Everything between the calls that come in and Redis and the carrier."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        redis: Redis,
        http: FlowrouteHttp,
        room: MediaRelay,
        metrics: Metrics,
    ) -> None:
        pace = RateLimiter(redis, clock, _rates(settings))
        records = FlowrouteRecords(http, pace, settings, clock)
        retention = settings.ledger_retention
        tokens = SendTokens(*settings.ledger_keys)
        ledger = Ledger(redis, clock, Fingerprints(*settings.ledger_keys), metrics, retention)
        unknowns = UncertainSendResolver(
            UncertainSends(redis, clock, metrics, retention),
            CarrierSearch(records, clock),
            LookupSchedule(settings.unknown_lookups),
            clock,
        )
        client = FlowrouteClient(http, settings, clock, tokens)
        departures = _departures(client, pace, clock, metrics)
        posting = Posting(ledger, room, departures, unknowns)
        self.patience = _patience(settings)
        attempts = SendAttempts(ledger, posting, unknowns, clock, self.patience)
        self.sender = Sender(attempts, metrics, in_flight_limit=SEND_CONNECTIONS)
        account = FlowrouteAccount(http, settings, clock)
        recorder = ReceiptRecorder(ledger, tokens, metrics)
        self.servicer = MessagingServicer(self.sender, recorder, ledger, account, records, room)


def _departures(
    carrier: FlowrouteClient, pace: RateLimiter, clock: Clock, metrics: Metrics
) -> CarrierGate:
    breaker = CircuitBreaker(clock)
    metrics.watch(breaker)
    return CarrierGate(carrier, breaker, pace, metrics)


def _rates(settings: Settings) -> AccountRates:
    return AccountRates(
        settings.sms_per_second, settings.mms_per_second, settings.lookups_per_second
    )


def _patience(settings: Settings) -> Timeouts:
    return Timeouts(
        send=timedelta(seconds=settings.send_timeout_seconds),
        files=timedelta(seconds=PREPARE_SECONDS),
    )
