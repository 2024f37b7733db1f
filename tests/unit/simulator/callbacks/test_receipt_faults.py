"""What faults make of receipts, callbacks and records."""

from datetime import UTC, datetime, timedelta

import pytest

from simulator import records as records_module
from simulator.callbacks.inbound import CallbackShape
from simulator.callbacks.receipt_faults import is_failing, recorded_receipts
from simulator.callbacks.receipts import receipts
from simulator.faults.fault import Fault
from simulator.faults.kinds import TRAITS, Kind, Stage
from simulator.record_factory import inbound_record
from simulator.records import MessageRecord, MessageRecords
from support.clock import ManualClock

USUAL = receipts(datetime(2026, 11, 23, tzinfo=UTC), is_mms=False, from_handset=False)
FIRST, SECOND = USUAL
OTHERS = [None, *(Fault(kind) for kind in Kind if TRAITS[kind].stage is Stage.RECEIPTS)]


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


def record(clock: ManualClock) -> MessageRecord:
    phone, ours = "+14255550111", "+12065550100"
    return inbound_record(phone, ours, "hi", (), clock.now(), CallbackShape.JSONAPI)


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
