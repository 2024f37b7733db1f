from simulator.faults.fault import Fault, Match
from simulator.faults.faults import Faults
from simulator.faults.kinds import TRAITS, Kind, Stage

ALICE, OURS = "+14255550111", "+12065550100"


def next_kind(faults: Faults, stage: Stage = Stage.SEND) -> Kind | None:
    fault = faults.next_fault(stage, OURS, ALICE, "hi")
    return fault.kind if fault else None


def test_only_the_first_fault_that_matches_occurs() -> None:
    faults = Faults()
    faults.add(Fault(Kind.HANG, Match(body="other")))
    faults.add(Fault(Kind.SLOW))
    faults.add(Fault(Kind.RESET))
    assert [next_kind(faults) for _ in range(3)] == [Kind.SLOW, Kind.RESET, None]
    assert [pending.remaining for pending in faults.pending()] == [1]


def test_each_stage_has_its_own_faults() -> None:
    faults = Faults()
    for kind in Kind:
        faults.add(Fault(kind))
    for stage in Stage:
        kinds = [kind for kind in Kind if TRAITS[kind].stage is stage]
        assert [next_kind(faults, stage=stage) for _ in kinds] == kinds
        assert next_kind(faults, stage=stage) is None


def test_a_printed_fault_shows_no_number_and_no_body() -> None:
    printed = repr(Fault(Kind.RESET, Match(OURS, ALICE, "secret words")))
    assert "555" not in printed
    assert "secret" not in printed
