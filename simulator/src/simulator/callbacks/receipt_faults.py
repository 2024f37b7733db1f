"""Effects of the receipts stage's faults."""

from dataclasses import replace

from simulator.callbacks.receipts import ReceiptShape
from simulator.faults.fault import Fault
from simulator.faults.kinds import Kind
from simulator.records import Receipt

# Codes from here on are failures (Flowroute docs, table of status codes).
FIRST_FAILURE = 1005
# The most frequent codes. The status strings are Kannel's.
_STATUS = {
    1000: ("smsc submit", "Default state"),
    1001: ("smsc submit", "Queued for delivery"),
    1002: ("smsc submit", "Message has been sent"),
    1003: ("message buffered", "Message accepted by Carrier"),
    1004: ("delivered", "Message delivered to handset"),
    1005: ("smsc reject", "Rejected"),
    1006: ("delivery failure", "Expired"),
    1110: ("smsc reject", "User opted out"),
    1116: ("smsc reject", "Destination not text-enabled"),
    1150: ("smsc reject", "Spam"),
    1152: ("smsc reject", "Spam reject"),
}
_FAILED = ("delivery failure", "Message failed")


def is_failing(fault: Fault | None) -> bool:
    """Whether the message does not reach its phone."""
    if fault is None or fault.kind is not Kind.RECEIPTS_FAILING:
        return False
    return fault.status_code >= FIRST_FAILURE


def recorded_receipts(receipts: tuple[Receipt, ...], fault: Fault | None) -> tuple[Receipt, ...]:
    """The receipts in the message record, oldest first."""
    if fault is None or fault.kind is not Kind.RECEIPTS_FAILING:
        return receipts
    status, description = _STATUS.get(fault.status_code, _FAILED)
    *earlier, last = receipts
    code = fault.status_code
    failed = replace(last, status=status, status_code=code, description=description)
    return (*earlier, failed)


def delivered_receipts(receipts: tuple[Receipt, ...], fault: Fault | None) -> tuple[Receipt, ...]:
    """The receipts to call back, in this order."""
    if fault is None:
        return receipts
    if fault.kind is Kind.RECEIPTS_NEVER:
        return ()
    if fault.kind is Kind.RECEIPTS_TWICE:
        return receipts * 2
    return receipts[::-1] if fault.kind is Kind.RECEIPTS_REORDERED else receipts


def delivered_shape(shape: ReceiptShape, fault: Fault | None) -> ReceiptShape:
    """The shape of the message's receipts."""
    unwrapped = fault is not None and fault.kind is Kind.RECEIPTS_UNWRAPPED
    return ReceiptShape.UNWRAPPED if unwrapped else shape


def delivered_url(own: str | None, account: str | None, fault: Fault | None) -> str | None:
    """The URL of the receipts, given the message's own and the account's."""
    ignores_own = fault is not None and fault.kind is Kind.RECEIPTS_WITHOUT_TOKEN
    return account if ignores_own else own or account
