"""Schedules the delivery receipts of a message, as its fault requires."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from simulator.callbacks.addresses import CallbackAddresses
from simulator.callbacks.client import RESPONSE_TIMEOUT_SECONDS
from simulator.callbacks.receipt_faults import delivered_receipts, delivered_shape, delivered_url
from simulator.callbacks.receipts import ReceiptShape, receipt_callbacks
from simulator.callbacks.sender import NOW, Attempt, CallbackSender, ignore
from simulator.faults.fault import Fault
from simulator.faults.kinds import Kind
from simulator.records import MessageRecord

# Three receipts at most, each tried once.
EARLY_RECEIPTS_SECONDS = 3 * RESPONSE_TIMEOUT_SECONDS


class ReceiptScheduler:
    """Submits receipts to the callback sender."""

    def __init__(self, callback_sender: CallbackSender, addresses: CallbackAddresses) -> None:
        self._callback_sender = callback_sender
        self._addresses = addresses
        # Messages whose receipts are sent before the response to the send. By message id.
        self._early: dict[str, asyncio.Event] = {}

    def submit(
        self, record: MessageRecord, shape: ReceiptShape, own_url: str | None, fault: Fault | None
    ) -> None:
        """Submits the receipts that the fault leaves. Raises CallbackQueueFull."""
        account_url = self._addresses.for_receipt(is_mms=record.is_mms)
        url = delivered_url(own_url, account_url, fault)
        delivered = replace(record, receipts=delivered_receipts(record.receipts, fault))
        if not url or not delivered.receipts:
            return
        on_last = self._watch_early(record) if _has(fault, Kind.RECEIPTS_EARLY) else ignore
        callbacks = receipt_callbacks(delivered, delivered_shape(shape, fault), url, on_last)
        self._callback_sender.submit(callbacks, (_delay(fault),))

    async def wait_for_early(self, record: MessageRecord) -> None:
        """Returns after the first attempt of each early receipt of the message, if any."""
        if attempted := self._early.pop(record.id, None):
            async with asyncio.timeout(EARLY_RECEIPTS_SECONDS):
                await attempted.wait()

    def _watch_early(self, record: MessageRecord) -> Callable[[Attempt], None]:
        self._early[record.id] = attempted = asyncio.Event()
        return lambda _attempt: attempted.set()


def _delay(fault: Fault | None) -> timedelta:
    return fault.delay if fault and fault.kind is Kind.RECEIPTS_LATE else NOW


def _has(fault: Fault | None, kind: Kind) -> bool:
    return fault is not None and fault.kind is kind
