"""Messages, statuses and metrics for the tests of the ledger's scripts."""

from datetime import timedelta

from prometheus_client import CollectorRegistry

from messaging_service.ledger.ledger import Ledger, Parked
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.message import (
    MessageRecord,
    MessageState,
    OutboundMessage,
    Status,
    UncertainSend,
    UnknownResolution,
)

TEXT = OutboundMessage("m1", "main", "+12065550100", "+14255550111", "hello")
SENT = Status(MessageState.SENT)
UNKNOWN = Status(MessageState.UNKNOWN)
REFUSED = Status(MessageState.REFUSED, "CARRIER_REFUSED")
OTHER = OutboundMessage("m2", "main", "+12065550100", "+14255550122", "hello")
AGAIN = UnknownResolution.SENT_AGAIN
RETENTION = timedelta(hours=72)
KEEP_MS = 72 * 3600 * 1000


class RememberingMetrics(Metrics):
    """Keeps what was counted in its order."""

    def __init__(self) -> None:
        super().__init__(CollectorRegistry())
        self.resolved_so_far: list[UnknownResolution] = []

    def resolved(self, resolution: UnknownResolution) -> None:
        self.resolved_so_far.append(resolution)


async def lost_answer(
    ledger: Ledger, text: OutboundMessage = TEXT, attempt: str = "t1"
) -> tuple[MessageRecord, UncertainSend]:
    """A message whose send is uncertain."""
    await ledger.claim(text, attempt)
    record = existing(await ledger.mark_uncertain(text.message_id, attempt))
    assert record.uncertain_send is not None
    return record, record.uncertain_send


def existing(record: MessageRecord | Parked | None) -> MessageRecord:
    """The record, which the ledger must have."""
    assert isinstance(record, MessageRecord)
    return record
