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
from messaging_service.ledger.uncertain_sends import Inquiries
from messaging_service.limits.rate_limiter import Pace, Rates
from messaging_service.media.relay import PREPARE_SECONDS, MediaRoom
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.send_tokens import SendTokens
from messaging_service.receipts.recorder import Recorder
from messaging_service.rpc.servicer import MessagingServicer
from messaging_service.sending.attempt import Attempts, Patience
from messaging_service.sending.carrier_gate import Departures
from messaging_service.sending.circuit_breaker import Breaker
from messaging_service.sending.posting import Posting
from messaging_service.sending.sender import Sender
from messaging_service.uncertain.carrier_search import Lookups
from messaging_service.uncertain.resolver import Unknowns
from messaging_service.uncertain.schedule import Schedule
from runtime.clock import Clock


class Parts:
    """Everything between the calls that come in and Redis and the carrier."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        redis: Redis,
        http: FlowrouteHttp,
        room: MediaRoom,
        metrics: Metrics,
    ) -> None:
        pace = Pace(redis, clock, _rates(settings))
        records = FlowrouteRecords(http, pace, settings, clock)
        retention = settings.ledger_retention
        tokens = SendTokens(*settings.ledger_keys)
        ledger = Ledger(redis, clock, Fingerprints(*settings.ledger_keys), metrics, retention)
        unknowns = Unknowns(
            Inquiries(redis, clock, metrics, retention),
            Lookups(records, clock),
            Schedule(settings.unknown_lookups),
            clock,
        )
        client = FlowrouteClient(http, settings, clock, tokens)
        departures = _departures(client, pace, clock, metrics)
        posting = Posting(ledger, room, departures, unknowns)
        self.patience = _patience(settings)
        attempts = Attempts(ledger, posting, unknowns, clock, self.patience)
        self.sender = Sender(attempts, metrics, in_flight_limit=SEND_CONNECTIONS)
        account = FlowrouteAccount(http, settings, clock)
        recorder = Recorder(ledger, tokens, metrics)
        self.servicer = MessagingServicer(self.sender, recorder, ledger, account, records, room)


def _departures(carrier: FlowrouteClient, pace: Pace, clock: Clock, metrics: Metrics) -> Departures:
    breaker = Breaker(clock)
    metrics.watch(breaker)
    return Departures(carrier, breaker, pace, metrics)


def _rates(settings: Settings) -> Rates:
    return Rates(settings.sms_per_second, settings.mms_per_second, settings.lookups_per_second)


def _patience(settings: Settings) -> Patience:
    return Patience(
        send=timedelta(seconds=settings.send_timeout_seconds),
        files=timedelta(seconds=PREPARE_SECONDS),
    )
