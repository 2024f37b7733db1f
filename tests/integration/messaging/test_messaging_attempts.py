"""Two attempts at one text that meet at the worst moment, on a real ledger."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from messaging_service.carrier.port import (
    Accepted,
    Answer,
    Direction,
    NotSent,
    Page,
    RecordsPage,
    Span,
)
from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.ledger.ledger import Ledger
from messaging_service.ledger.uncertain_sends import UncertainSends
from messaging_service.limits.rate_limiter import AccountRates, RateLimiter
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.errors import BackendUnavailable, CarrierUnavailable, SendInProgress
from messaging_service.model.media import Prepared
from messaging_service.model.message import (
    MessageRecord,
    MessageState,
    OutboundMessage,
    SendOutcome,
    Status,
    UnknownResolution,
)
from messaging_service.sending import posting as posting_module
from messaging_service.sending.attempt import SendAttempts, Timeouts
from messaging_service.sending.carrier_gate import CarrierGate
from messaging_service.sending.circuit_breaker import CircuitBreaker
from messaging_service.sending.posting import Posting
from messaging_service.uncertain.carrier_search import CarrierSearch
from messaging_service.uncertain.resolver import UncertainSendResolver
from messaging_service.uncertain.schedule import LookupSchedule
from support.clock import ManualClock

TEXT = OutboundMessage("m1", "main", "+12065550100", "+14255550111", "hello")
PATIENCE = Timeouts(send=timedelta(seconds=10), files=timedelta(seconds=20))
RETENTION = timedelta(hours=72)


class CountingCarrier:
    """Satisfies Carrier."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.attempt_ids: list[str] = []

    async def send(
        self, text: OutboundMessage, attempt_id: str, media_urls: Sequence[str] = ()
    ) -> Answer:
        self.attempt_ids.append(attempt_id)
        return self.answer


class NoFiles:
    """Satisfies Files."""

    async def prepare(self, text: OutboundMessage) -> Prepared:
        return Prepared((), refused=0)


class NoRecords:
    """Satisfies Records."""

    async def list_records(self, direction: Direction, span: Span, page: Page) -> RecordsPage:
        return RecordsPage(())


class GivenBackMeanwhile(Ledger):
    """The attempt that looked dead gives its text back just before it is declared so."""

    async def lose(
        self, message_id: str, attempt_id: str, known: UnknownResolution | None = None
    ) -> MessageRecord | None:
        if attempt_id == "the dead one's":
            await self.release(message_id, attempt_id)
        return await super().lose(message_id, attempt_id, known)


class NeverReleases(Ledger):
    """Redis goes silent between the claim and the release."""

    silent = True

    async def release(self, message_id: str, attempt_id: str) -> MessageRecord | None:
        if self.silent:
            raise BackendUnavailable
        return await super().release(message_id, attempt_id)


async def test_an_attempt_that_looked_dead_and_gave_its_text_back_is_not_declared_unknown(
    redis: Redis, clock: ManualClock
) -> None:
    ledger = _ledger(GivenBackMeanwhile, redis, clock)
    carrier = CountingCarrier(Accepted("mdr2-1"))
    attempts = _attempts(redis, clock, ledger, carrier)
    await ledger.claim(TEXT, "the dead one's")
    clock.move(seconds=PATIENCE.claim(TEXT).total_seconds())
    result = await attempts.send(TEXT)
    assert (result.outcome, result.state) == (SendOutcome.NOT_SENT, MessageState.ACCEPTED)
    assert isinstance(result.error, SendInProgress)
    assert carrier.attempt_ids == []
    # The text is free, so the next try sends it.
    assert (await attempts.send(TEXT)).outcome is SendOutcome.ACCEPTED


async def test_a_claim_that_could_not_be_given_back_is_taken_up_by_the_next_try(
    redis: Redis, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting_module, "SETTLE_PAUSES_SECONDS", (0.0, 0.0))
    ledger = _ledger(NeverReleases, redis, clock)
    carrier = CountingCarrier(NotSent(CarrierUnavailable(timedelta(seconds=5)), "HTTP 503"))
    attempts = _attempts(redis, clock, ledger, carrier)
    with pytest.raises(BackendUnavailable):
        await attempts.send(TEXT)
    carrier.answer = Accepted("mdr2-1")
    assert (await attempts.send(TEXT)).outcome is SendOutcome.ACCEPTED
    assert len(carrier.attempt_ids) == 2


async def test_a_202_that_was_thought_lost_counts_although_the_text_is_sent_again_by_now(
    redis: Redis, clock: ManualClock
) -> None:
    ledger = _ledger(Ledger, redis, clock)
    await ledger.claim(TEXT, "slow")
    lost = await ledger.lose("m1", "slow")
    assert lost is not None
    assert lost.inquiry is not None
    inquiries = UncertainSends(redis, clock, Metrics(CollectorRegistry()), RETENTION)
    await inquiries.reopen("m1", lost.inquiry, UnknownResolution.SENT_AGAIN)
    await ledger.claim(TEXT, "second")
    message = await ledger.settle("m1", "slow", Status(MessageState.SENT), "mdr2-slow")
    assert message is not None
    assert message.standing.state is MessageState.SENT
    assert message.carrier_message_id == "mdr2-slow"


def _ledger(kind: type[Ledger], redis: Redis, clock: ManualClock) -> Ledger:
    return kind(redis, clock, Fingerprints("key"), Metrics(CollectorRegistry()), RETENTION)


def _attempts(
    redis: Redis, clock: ManualClock, ledger: Ledger, carrier: CountingCarrier
) -> SendAttempts:
    metrics = Metrics(CollectorRegistry())
    unknowns = UncertainSendResolver(
        UncertainSends(redis, clock, metrics, RETENTION),
        CarrierSearch(NoRecords(), clock),
        LookupSchedule((timedelta(seconds=5),)),
        clock,
    )
    departures = CarrierGate(
        carrier, CircuitBreaker(clock), RateLimiter(redis, clock, AccountRates(5, 1, 2)), metrics
    )
    posting = Posting(ledger, NoFiles(), departures, unknowns)
    return SendAttempts(ledger, posting, unknowns, clock, PATIENCE)
