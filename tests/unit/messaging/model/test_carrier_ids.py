import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_service.model.carrier_ids import (
    CARRIER_ID_LIMIT,
    is_carrier_id,
    normalised_carrier_id,
)
from messaging_service.model.receipt import Receipt, violations_of

SIGNS = string.ascii_letters + string.digits + "-_"


@given(st.text(min_size=1) | st.text(SIGNS, min_size=1, max_size=CARRIER_ID_LIMIT))
def test_every_id_of_the_carrier_becomes_a_valid_id_and_a_valid_one_is_kept(value: str) -> None:
    is_plain = set(value) <= set(SIGNS) and len(value) <= CARRIER_ID_LIMIT
    made = normalised_carrier_id(value)
    assert is_carrier_id(made)
    assert normalised_carrier_id(made) == made
    assert (made == value) == is_plain


def test_malformed_ids_have_different_and_stable_hashes() -> None:
    odd = ["mdr2 1", "mdr2 2", "mdr2-1\n", "x" * 129, "x" * 130]
    assert len({normalised_carrier_id(value) for value in odd}) == len(odd)
    assert normalised_carrier_id("") == ""
    # Stored in the ledger: no release may change it.
    assert normalised_carrier_id("mdr2 1") == "odd-5673410c18bb0eb6a38eb3426cd49278"


@pytest.mark.parametrize("value", ["call me", "x" * 129, "mdr2-1\n", "mdr2-\u00e9"])
def test_a_receipt_with_a_malformed_id_is_refused_by_its_field_and_not_repeated(value: str) -> None:
    problem = violations_of(Receipt(value, "", "", "1004"))
    assert problem is not None
    assert [violation.field for violation in problem.violations] == ["carrier_message_id"]
    assert value not in problem.message


def test_a_receipt_with_the_carriers_id_or_none_is_valid() -> None:
    for value in ("", "mdr2-1", "ref:2026/0001~a", "{x}"):
        assert violations_of(Receipt(value, "token", "", "1004")) is None
