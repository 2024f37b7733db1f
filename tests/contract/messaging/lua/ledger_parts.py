"""A ledger with the messages, statuses and metrics that the tests of its scripts use."""

from datetime import timedelta

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from messaging_service.carrier.flowroute.receipts import read_receipt
from messaging_service.ledger.decode import AlreadySent, Claimed, IdConflict, InProgress
from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.ledger.ledger import Ledger, Parked
from messaging_service.ledger.uncertain_sends import UncertainSends
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.failure import Failure, FailureReason
from messaging_service.model.message import (
    MessageRecord,
    MessageState,
    OutboundMessage,
    SendResolution,
    Status,
    UncertainSend,
)
from support.clock import ManualClock

TEXT = OutboundMessage("m1", "main", "+12065550100", "+14255550111", "hello")
OTHER = OutboundMessage("m2", "main", "+12065550100", "+14255550122", "hello")
SENT = Status(MessageState.SENT)
UNKNOWN = Status(MessageState.UNCERTAIN)
REFUSED = Status(MessageState.FAILED, Failure(FailureReason.CARRIER_REJECTED))
AGAIN, BY_RECEIPT = SendResolution.SENT_AGAIN, SendResolution.RECEIPT
RETENTION = timedelta(hours=72)
KEEP_MS = 72 * 3600 * 1000


class RecordedMetrics(Metrics):
    """Keeps the resolutions that were counted."""

    def __init__(self) -> None:
        super().__init__(CollectorRegistry())
        self.resolutions: list[SendResolution] = []

    def resolved(self, resolution: SendResolution) -> None:
        self.resolutions.append(resolution)


class Books:
    """The ledger, with short calls for one message and its attempt t1."""

    def __init__(
        self, redis: Redis, clock: ManualClock, *ledger_keys: str, kind: type[Ledger] = Ledger
    ) -> None:
        self.metrics = RecordedMetrics()
        fingerprints = Fingerprints(*(ledger_keys or ("key",)))
        self.ledger = kind(redis, clock, fingerprints, self.metrics, RETENTION)
        self.uncertain = UncertainSends(redis, clock, self.metrics, RETENTION)

    async def claim(
        self, attempt: str = "t1", message: OutboundMessage = TEXT
    ) -> Claimed | InProgress | AlreadySent | IdConflict:
        claim, _ = await self.ledger.claim(message, attempt)
        return claim

    async def release(self, attempt: str = "t1") -> MessageRecord | None:
        return await self.ledger.release("m1", attempt)

    async def settle(
        self, status: Status = SENT, carrier_id: str = "", attempt: str = "t1"
    ) -> MessageRecord:
        return existing(await self.ledger.settle("m1", attempt, status, carrier_id))

    async def receipt(
        self, code: int | None, attempt: str = "t1", carrier_id: str = "mdr2-1"
    ) -> MessageRecord | Parked | None:
        status = read_receipt("mislaid", "" if code is None else str(code))
        return await self.ledger.record_receipt(carrier_id, attempt, status)

    async def moved(
        self, code: int | None, attempt: str = "t1", carrier_id: str = "mdr2-1"
    ) -> MessageRecord:
        """The record after a receipt for it."""
        return existing(await self.receipt(code, attempt, carrier_id))

    async def mark_uncertain(self, attempt: str = "t1") -> MessageRecord:
        return existing(await self.ledger.mark_uncertain("m1", attempt))

    async def lose_answer(
        self, message: OutboundMessage = TEXT, attempt: str = "t1"
    ) -> UncertainSend:
        """Claims a message and marks its send uncertain."""
        await self.claim(attempt, message)
        record = existing(await self.ledger.mark_uncertain(message.message_id, attempt))
        assert record.uncertain_send is not None
        return record.uncertain_send

    async def allow_resend(self) -> UncertainSend:
        """Loses the answer, and allows another attempt."""
        uncertain_send = await self.lose_answer()
        await self.uncertain.allow_resend("m1", uncertain_send, AGAIN)
        return uncertain_send

    async def get(self, message_id: str = "m1") -> MessageRecord:
        return existing(await self.ledger.get(message_id))


def existing(record: MessageRecord | Parked | None) -> MessageRecord:
    """The record, which the ledger must have."""
    assert isinstance(record, MessageRecord)
    return record
