"""The list of faults: which one strikes, and how often."""

import pytest

from simulator.faults.fault import Fault, Match
from simulator.faults.faults import Faults
from simulator.faults.kinds import TRAITS, Kind, Stage

ALICE, BOB, OURS = "+14255550111", "+14255550122", "+12065550100"


@pytest.fixture
def faults() -> Faults:
    return Faults()


def next_kind(faults: Faults, *, stage: Stage = Stage.SEND, body: str = "hi") -> Kind | None:
    fault = faults.next_fault(stage, OURS, ALICE, body)
    return fault.kind if fault else None


def test_a_fault_strikes_as_often_as_it_was_told_and_is_gone(faults: Faults) -> None:
    faults.add(Fault(Kind.RESET), count=2)
    assert [next_kind(faults) for _ in range(3)] == [Kind.RESET, Kind.RESET, None]
    assert faults.pending() == []
    assert faults.occurrences == {Kind.RESET: 2}


def test_the_first_that_fits_strikes_and_only_it_is_used(faults: Faults) -> None:
    faults.add(Fault(Kind.HANG, Match(body="other")))
    faults.add(Fault(Kind.SLOW))
    faults.add(Fault(Kind.RESET))
    assert [next_kind(faults) for _ in range(3)] == [Kind.SLOW, Kind.RESET, None]
    assert [pending.remaining for pending in faults.pending()] == [1]


def test_each_stage_has_its_own(faults: Faults) -> None:
    for kind in Kind:
        faults.add(Fault(kind))
    for stage in Stage:
        kinds = [kind for kind in Kind if TRAITS[kind].stage is stage]
        assert [next_kind(faults, stage=stage) for _ in kinds] == kinds
        assert next_kind(faults, stage=stage) is None


@pytest.mark.parametrize(
    ("match", "fits"),
    [(Match(), True), (Match(OURS, ALICE, "hi"), True), (Match(from_number=ALICE), False),
     (Match(to_number=BOB), False), (Match(body=""), False)],
)  # fmt: skip
def test_everything_that_is_named_has_to_be_exactly_so(match: Match, fits: bool) -> None:
    assert match.fits(OURS, ALICE, "hi") is fits


def test_nobody_s_number_or_words_are_in_what_is_printed() -> None:
    printed = repr(Fault(Kind.RESET, Match(OURS, ALICE, "secret words")))
    assert "555" not in printed
    assert "secret" not in printed
