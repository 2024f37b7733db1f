"""Tells the gateway what became of a message, in the way that a fault may ask for."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from simulator.callbacks.addresses import CallbackAddresses
from simulator.callbacks.client import ANSWER_TIMEOUT_SECONDS
from simulator.callbacks.receipt_faults import delivered_receipts, delivered_shape, delivered_url
from simulator.callbacks.receipts import ReceiptShape, receipt_callbacks
from simulator.callbacks.sender import NOW, Attempt, CallbackSender, ignore
from simulator.faults.fault import Fault
from simulator.faults.kinds import Kind
from simulator.records import MessageRecord

# Three receipts at most, each tried once.
EARLY_SECONDS = 3 * ANSWER_TIMEOUT_SECONDS


class ReceiptScheduler:
    """Hands receipts to the courier."""

    def __init__(self, courier: CallbackSender, addresses: CallbackAddresses) -> None:
        self._courier = courier
        self._addresses = addresses
        # Sends that are not answered before their receipts are told; an answer takes its own out.
        self._early: dict[str, asyncio.Event] = {}

    def submit(
        self, record: MessageRecord, shape: ReceiptShape, own_url: str | None, fault: Fault | None
    ) -> None:
        """Has the receipts told that the fault leaves. Raises CourierFull."""
        account_url = self._addresses.for_receipt(is_mms=record.is_mms)
        url = delivered_url(own_url, account_url, fault)
        told = replace(record, receipts=delivered_receipts(record.receipts, fault))
        if not url or not told.receipts:
            return
        note = self._noted_early(record) if _has(fault, Kind.RECEIPTS_EARLY) else ignore
        callbacks = receipt_callbacks(told, delivered_shape(shape, fault), url, on_last=note)
        self._courier.submit(callbacks, (_delay(fault),))

    async def before_answer(self, record: MessageRecord) -> None:
        """Returns once each early receipt of the message was tried, and at once if it has none."""
        if done := self._early.pop(record.id, None):
            async with asyncio.timeout(EARLY_SECONDS):
                await done.wait()

    def _noted_early(self, record: MessageRecord) -> Callable[[Attempt], None]:
        self._early[record.id] = done = asyncio.Event()
        return lambda _attempt: done.set()


def _delay(fault: Fault | None) -> timedelta:
    return fault.delay if fault and fault.kind is Kind.RECEIPTS_LATE else NOW


def _has(fault: Fault | None, kind: Kind) -> bool:
    return fault is not None and fault.kind is kind
