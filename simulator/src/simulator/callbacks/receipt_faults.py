"""What the faults of the receipts' stage make of a message's receipts."""

from dataclasses import replace

from simulator.callbacks.receipts import ReceiptShape
from simulator.faults.fault import Fault
from simulator.faults.kinds import Kind
from simulator.records import Receipt

# Flowroute docs, table of status codes: from here on a message has failed.
FIRST_FAILURE = 1005

# Strings of Kannel's vocabulary, as the other receipts' are; of the codes the ones met most.
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
    """The receipts that are on record, oldest first."""
    if fault is None or fault.kind is not Kind.RECEIPTS_FAILING:
        return receipts
    status, description = _STATUS.get(fault.status_code, _FAILED)
    *before, last = receipts
    code = fault.status_code
    ended = replace(last, status=status, status_code=code, description=description)
    return (*before, ended)


def delivered_receipts(receipts: tuple[Receipt, ...], fault: Fault | None) -> tuple[Receipt, ...]:
    """The receipts that are called back, in this order."""
    if fault is None:
        return receipts
    if fault.kind is Kind.RECEIPTS_NEVER:
        return ()
    if fault.kind is Kind.RECEIPTS_TWICE:
        return receipts * 2
    return receipts[::-1] if fault.kind is Kind.RECEIPTS_REORDERED else receipts


def delivered_shape(shape: ReceiptShape, fault: Fault | None) -> ReceiptShape:
    """The shape of this message's receipts."""
    unwrapped = fault is not None and fault.kind is Kind.RECEIPTS_UNWRAPPED
    return ReceiptShape.UNWRAPPED if unwrapped else shape


def delivered_url(own: str | None, account: str | None, fault: Fault | None) -> str | None:
    """Where the receipts go, given the send's own address and the account's."""
    ignores_own = fault is not None and fault.kind is Kind.RECEIPTS_WITHOUT_TOKEN
    return account if ignores_own else own or account
