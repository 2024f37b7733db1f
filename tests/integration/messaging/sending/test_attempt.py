"""Two attempts at one message that meet at the worst moment, on a real ledger."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
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
from messaging_service.config.settings import Settings
from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.ledger.ledger import Ledger
from messaging_service.ledger.uncertain_sends import UncertainSends
from messaging_service.limits.rate_limiter import AccountRates, RateLimiter
from messaging_service.media.relay import MediaRelay
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.errors import BackendUnavailable, CarrierUnavailable, SendInProgress
from messaging_service.model.media import Prepared
from messaging_service.model.message import (
    Attachment,
    MessageRecord,
    MessageState,
    OutboundMessage,
    SendResolution,
    Status,
)
from messaging_service.model.send_result import SendOutcome, SendResult
from messaging_service.sending import attempt as attempt_module
from messaging_service.sending.attempt import SendAttempts, Timeouts
from messaging_service.sending.carrier_gate import CarrierGate
from messaging_service.sending.circuit_breaker import CircuitBreaker
from messaging_service.uncertain.carrier_search import CarrierSearch
from messaging_service.uncertain.resolver import UncertainSendResolver
from messaging_service.uncertain.schedule import LookupSchedule
from support.clock import ManualClock

SMS = OutboundMessage("m1", "main", "+12065550100", "+14255550111", "hello")
MMS = replace(SMS, attachments=(Attachment("https://store.example/1"),))
TIMEOUTS = Timeouts(send=timedelta(seconds=10), files=timedelta(seconds=20))
LOOKUP = timedelta(seconds=5)
RETENTION = timedelta(hours=72)


class CountingCarrier:
    """Implements Carrier and CarrierRecords: nothing is on record."""

    def __init__(self) -> None:
        self.answer: Answer = Accepted("mdr2-1")
        self.attempt_ids: list[str] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def send(
        self, message: OutboundMessage, attempt_id: str, media_urls: Sequence[str] = ()
    ) -> Answer:
        self.attempt_ids.append(attempt_id)
        if self.meanwhile:
            await self.meanwhile()
        return self.answer

    def read_receipt(self, carrier_status: str, carrier_code: str) -> Status | None:
        return None

    async def list_records(self, direction: Direction, span: Span, page: Page) -> RecordsPage:
        return RecordsPage(())


class PreparedFiles(MediaRelay):
    """Its files are ready, after what happens meanwhile."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def prepare(self, message: OutboundMessage) -> Prepared:
        if self.meanwhile:
            await self.meanwhile()
        urls = tuple(attachment.url for attachment in message.attachments)
        return Prepared(urls, 0)


class ReleasedMeanwhile(Ledger):
    """An attempt that looked dead releases its claim just before it is marked uncertain."""

    async def mark_uncertain(
        self, message_id: str, attempt_id: str, resolution: SendResolution | None = None
    ) -> MessageRecord | None:
        await self.release(message_id, attempt_id)
        return await super().mark_uncertain(message_id, attempt_id, resolution)


class NeverReleases(Ledger):
    """Redis fails between the claim and its release."""

    async def release(self, message_id: str, attempt_id: str) -> MessageRecord | None:
        raise BackendUnavailable


class Process:
    """One process of the service; all share the ledger and the carrier."""

    def __init__(
        self, redis: Redis, clock: ManualClock, carrier: CountingCarrier, ledger: type[Ledger]
    ) -> None:
        metrics = Metrics(CollectorRegistry())
        self.ledger = ledger(redis, clock, Fingerprints("key"), metrics, RETENTION)
        self.uncertain_sends = UncertainSends(redis, clock, metrics, RETENTION)
        self.media = PreparedFiles(redis, Settings())
        limiter = RateLimiter(redis, AccountRates(100_000, 100_000, 2))
        resolver = UncertainSendResolver(
            self.uncertain_sends, CarrierSearch(carrier, clock), LookupSchedule((LOOKUP,)), clock
        )
        gate = CarrierGate(carrier, CircuitBreaker(clock), limiter, metrics)
        self._attempts = SendAttempts(self.ledger, self.media, gate, resolver, clock, TIMEOUTS)

    async def send(self, message: OutboundMessage) -> SendResult:
        return await self._attempts.send(message)


StartProcess = Callable[..., Awaitable[Process]]


@pytest.fixture
def carrier() -> CountingCarrier:
    return CountingCarrier()


@pytest.fixture
async def start(
    redis: Redis, clock: ManualClock, carrier: CountingCarrier
) -> AsyncIterator[StartProcess]:
    async with AsyncExitStack() as stack:

        async def started(ledger: type[Ledger] = Ledger) -> Process:
            process = Process(redis, clock, carrier, ledger)
            await stack.enter_async_context(process.media)
            return process

        yield started


async def test_an_attempt_that_looked_dead_and_released_its_claim_is_not_marked_uncertain(
    start: StartProcess, carrier: CountingCarrier, clock: ManualClock
) -> None:
    process = await start(ReleasedMeanwhile)
    await process.ledger.claim(SMS, "the dead one's")
    clock.move(seconds=TIMEOUTS.claim(SMS).total_seconds())
    result = await process.send(SMS)
    assert (result.outcome, result.state) == (SendOutcome.NOT_SENT, MessageState.ACCEPTED)
    assert isinstance(result.error, SendInProgress)
    assert carrier.attempt_ids == []
    # Nobody has the claim, so the next try sends it.
    assert (await process.send(SMS)).outcome is SendOutcome.SENT


async def test_a_claim_that_could_not_be_released_is_reused_by_the_next_try(
    start: StartProcess, carrier: CountingCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt_module, "RECORD_RETRY_SECONDS", (0.0, 0.0))
    process = await start(NeverReleases)
    carrier.answer = NotSent(CarrierUnavailable(timedelta(seconds=5)), "HTTP 503")
    with pytest.raises(BackendUnavailable):
        await process.send(SMS)
    carrier.answer = Accepted("mdr2-1")
    assert (await process.send(SMS)).outcome is SendOutcome.SENT
    first, second = carrier.attempt_ids
    assert first == second


async def test_an_attempt_that_lost_its_claim_while_its_files_were_prepared_posts_nothing(
    start: StartProcess, carrier: CountingCarrier, clock: ManualClock
) -> None:
    slow, other = await start(), await start()

    async def other_sends_it() -> None:
        clock.move(seconds=TIMEOUTS.claim(MMS).total_seconds())
        assert (await other.send(MMS)).outcome is SendOutcome.UNCERTAIN
        clock.move(seconds=LOOKUP.total_seconds())
        assert (await other.send(MMS)).outcome is SendOutcome.SENT

    slow.media.meanwhile = other_sends_it
    result = await slow.send(MMS)
    assert (result.outcome, len(carrier.attempt_ids)) == (SendOutcome.NOT_SENT, 1)
    assert isinstance(result.error, SendInProgress)
    # Asked again, it reports what the other process did.
    slow.media.meanwhile = None
    assert (await slow.send(MMS)).outcome is SendOutcome.SENT
    assert len(carrier.attempt_ids) == 1


@pytest.mark.parametrize("message", [SMS, MMS], ids=["SMS", "MMS"])
async def test_an_answer_at_the_end_of_the_timeout_can_still_be_recorded(
    start: StartProcess, carrier: CountingCarrier, clock: ManualClock, message: OutboundMessage
) -> None:
    sending, other = await start(), await start()
    meanwhile: list[SendResult] = []

    async def files_take_their_time() -> None:
        if message.attachments:
            clock.move(seconds=TIMEOUTS.files.total_seconds())

    async def carrier_takes_its_time() -> None:
        clock.move(seconds=TIMEOUTS.send.total_seconds())
        meanwhile.append(await other.send(message))

    sending.media.meanwhile = files_take_their_time
    carrier.meanwhile = carrier_takes_its_time
    result = await sending.send(message)
    assert (result.outcome, result.resolution) == (SendOutcome.SENT, None)
    # The answer has arrived but is not recorded: the claim is not abandoned yet.
    assert [type(each.error) for each in meanwhile] == [SendInProgress]
