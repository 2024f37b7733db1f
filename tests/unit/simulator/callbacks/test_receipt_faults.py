"""What faults make of receipts, callbacks and records."""

from datetime import UTC, datetime, timedelta

import pytest

from simulator import records as records_module
from simulator.callbacks.inbound import CallbackShape
from simulator.callbacks.inbound_faults import callback_delays, is_media_expired
from simulator.callbacks.receipt_faults import (
    delivered_receipts,
    delivered_shape,
    delivered_url,
    is_failing,
    recorded_receipts,
)
from simulator.callbacks.receipts import ReceiptShape, receipts
from simulator.faults.fault import Fault
from simulator.faults.kinds import TRAITS, Kind, Stage
from simulator.record_factory import inbound_record
from simulator.records import MessageRecord, MessageRecords
from support.clock import ManualClock

USUAL = receipts(datetime(2026, 11, 23, tzinfo=UTC), is_mms=False, from_handset=False)
FIRST, SECOND = USUAL
OWN, ACCOUNT = "https://example.net/token", "https://example.net/account"
OTHERS = [None, *(Fault(kind) for kind in Kind if TRAITS[kind].stage is Stage.RECEIPTS)]


def test_receipts_are_told_in_the_fault_s_number_and_order() -> None:
    told = {
        Kind.RECEIPTS_NEVER: (),
        Kind.RECEIPTS_TWICE: (FIRST, SECOND, FIRST, SECOND),
        Kind.RECEIPTS_REORDERED: (SECOND, FIRST),
    }
    for fault in OTHERS:
        expected = told.get(fault.kind, USUAL) if fault else USUAL
        assert delivered_receipts(USUAL, fault) == expected


@pytest.mark.parametrize(
    ("status_code", "status", "failing"),
    [(1003, "message buffered", False), (1004, "delivered", False), (1005, "smsc reject", True),
     (1110, "smsc reject", True), (1204, "delivery failure", True)],
)  # fmt: skip
def test_the_last_receipt_has_the_code_and_a_status_that_fits(
    status_code: int, status: str, failing: bool
) -> None:
    fault = Fault(Kind.RECEIPTS_FAILING, status_code=status_code)
    first, last = recorded_receipts(USUAL, fault)
    assert first == FIRST
    assert (last.level, last.status, last.status_code) == (2, status, status_code)
    assert is_failing(fault) is failing


def test_no_other_fault_changes_what_happened() -> None:
    for fault in OTHERS:
        if fault is None or fault.kind is not Kind.RECEIPTS_FAILING:
            assert recorded_receipts(USUAL, fault) == USUAL
            assert not is_failing(fault)


def test_only_the_fault_without_token_goes_past_the_send_s_own_address() -> None:
    for fault in OTHERS:
        without = fault is not None and fault.kind is Kind.RECEIPTS_WITHOUT_TOKEN
        assert delivered_url(OWN, ACCOUNT, fault) == (ACCOUNT if without else OWN)
        assert delivered_url(None, ACCOUNT, fault) == ACCOUNT


def test_one_message_s_receipts_can_be_unwrapped() -> None:
    unwrapped = delivered_shape(ReceiptShape.WRAPPED, Fault(Kind.RECEIPTS_UNWRAPPED))
    assert unwrapped is ReceiptShape.UNWRAPPED
    assert delivered_shape(ReceiptShape.WRAPPED, None) is ReceiptShape.WRAPPED


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (None, [0]),
        (Fault(Kind.MEDIA_EXPIRED), [0]),
        (Fault(Kind.CALLBACK_LOST), []),
        (Fault(Kind.CALLBACK_LATE, seconds=7), [7]),
        (Fault(Kind.CALLBACK_TWICE), [0, 0]),
        (Fault(Kind.CALLBACK_AGAIN, seconds=5, times=2), [0, 5, 10]),
    ],
)
def test_a_callback_is_due_when_its_fault_says(fault: Fault | None, seconds: list[int]) -> None:
    assert callback_delays(fault) == tuple(timedelta(seconds=s) for s in seconds)
    assert is_media_expired(fault) is (fault is not None and fault.kind is Kind.MEDIA_EXPIRED)


def record(clock: ManualClock) -> MessageRecord:
    phone, ours = "+14255550111", "+12065550100"
    return inbound_record(phone, ours, "hi", (), clock.now(), CallbackShape.JSONAPI)


def test_a_late_record_is_shown_from_its_time_on_and_keeps_its_place(clock: ManualClock) -> None:
    records = MessageRecords(clock)
    late, other = record(clock), record(clock)
    start = clock.now()
    records.add(late, visible_from=start + timedelta(seconds=5))
    records.add(other)
    assert list(records.between(start, start)) == [other]
    assert records.find(late.id) is None
    clock.move(seconds=5)
    assert list(records.between(start, start)) == [other, late]
    assert records.find(late.id) == late


def test_late_records_are_forgotten_like_all_others(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records_module, "MAX_RECORDS", 1)
    records = MessageRecords(clock)
    first = record(clock)
    records.add(first, visible_from=clock.now() + timedelta(seconds=5))
    records.add(record(clock))
    records.add(first)
    assert records.find(first.id) == first
