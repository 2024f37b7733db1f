"""Fields of the requests for faults."""

import pytest

from simulator.control import fault_bodies
from simulator.control.problems import BadRequest
from simulator.faults.fault import Fault, Match
from simulator.faults.faults import PendingFault
from simulator.faults.kinds import TRAITS, Kind

VALUES: dict[str, object] = {
    "seconds": 1.5, "status": 503, "status_code": 1110, "retry_after": 7, "times": 3
}  # fmt: skip
NEEDS = [(kind, name) for kind in Kind for name in TRAITS[kind].required]


def fault_fields(kind: Kind, **changes: object) -> dict[str, object]:
    """A fault with all that its kind required."""
    return {"kind": kind.value, **{n: VALUES[n] for n in TRAITS[kind].required}, **changes}


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_is_taken_with_what_it_needs_and_shown_as_it_was_asked_for(kind: Kind) -> None:
    fields = fault_fields(kind, **{name: VALUES[name] for name in TRAITS[kind].optional})
    view = fault_bodies.fault_view(PendingFault("1", fault_bodies.fault(fields), 1))
    assert view == {"id": "1", "left": 1, "match": {}, **fields}


@pytest.mark.parametrize(("kind", "name"), NEEDS)
def test_what_a_kind_needs_and_does_not_get_is_named(kind: Kind, name: str) -> None:
    fields = {key: value for key, value in fault_fields(kind).items() if key != name}
    with pytest.raises(BadRequest, match=f"'{name}'"):
        fault_bodies.fault(fields)


@pytest.mark.parametrize("kind", Kind)
def test_what_a_kind_does_not_take_is_refused_with_what_it_takes(kind: Kind) -> None:
    for name in {"second", *VALUES}.difference(TRAITS[kind].required, TRAITS[kind].optional):
        with pytest.raises(BadRequest, match=f"{kind} takes"):
            fault_bodies.fault(fault_fields(kind, **{name: 1}))


def test_numbers_to_match_are_taken_with_and_without_plus() -> None:
    match = {"from": "12065550100", "to": "+14255550111", "body": "hi"}
    assert fault_bodies.fault({"kind": "reset", "match": match}) == Fault(
        Kind.RESET, Match("+12065550100", "+14255550111", "hi")
    )
    assert fault_bodies.fault({"kind": "reset", "match": None}) == Fault(Kind.RESET)


@pytest.mark.parametrize(
    "fields",
    [{}, {"kind": "explode"}, {"kind": "reset", "match": []}, {"kind": "reset", "match": {"to": 9}},
     {"kind": "slow", "seconds": 0}, {"kind": "slow", "seconds": float("nan")},
     {"kind": "slow", "seconds": True}, {"kind": "status", "status": 200},
     {"kind": "status", "status": "503"}, {"kind": "receipts_failing", "status_code": 4},
     {"kind": "callback_again", "seconds": 1, "times": 101}],
)  # fmt: skip
def test_what_cannot_happen_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        fault_bodies.fault(fields)


def test_a_fault_strikes_once_unless_told_otherwise() -> None:
    assert fault_bodies.count({}) == 1
    assert fault_bodies.count({"count": 5}) == 5
    assert fault_bodies.count({"count": None}) is None
    for value in (0, -1, True, "1", 1.5, 1_000_001):
        with pytest.raises(BadRequest, match="'count'"):
            fault_bodies.count({"count": value})
