"""The form of carrier ids."""

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


@given(st.text(SIGNS, min_size=1, max_size=CARRIER_ID_LIMIT))
def test_an_id_of_the_shape_is_taken_as_it_is(value: str) -> None:
    assert is_carrier_id(value)
    assert normalised_carrier_id(value) == value


@given(st.text(min_size=1))
def test_every_id_of_the_carrier_becomes_a_valid_id(value: str) -> None:
    made = normalised_carrier_id(value)
    assert is_carrier_id(made)
    assert normalised_carrier_id(made) == made
    assert (made == value) == is_carrier_id(value)


def test_malformed_ids_have_different_and_stable_hashes() -> None:
    odd = ["mdr2 1", "mdr2 2", "mdr2-1\n", "x" * 129, "x" * 130]
    assert len({normalised_carrier_id(value) for value in odd}) == len(odd)
    # Kept in the ledger and in receipts of texts: no release may make another one of it.
    assert normalised_carrier_id("mdr2 1") == "odd-5673410c18bb0eb6a38eb3426cd49278"


def test_no_id_stays_none() -> None:
    assert normalised_carrier_id("") == ""


@pytest.mark.parametrize("value", ["call me", "+14255550111", "x" * 129, "mdr2-1}", "mdr2-\u00e9"])
def test_a_receipt_with_a_malformed_id_is_refused_by_its_field_and_not_repeated(value: str) -> None:
    problem = violations_of(Receipt(value, "", 1004, ""))
    assert problem is not None
    assert [one.field for one in problem.violations] == ["carrier_message_id"]
    assert value not in problem.message


@pytest.mark.parametrize("value", ["", "mdr2-1"])
def test_a_receipt_with_the_carriers_id_or_none_is_fine(value: str) -> None:
    assert violations_of(Receipt(value, "token", 1004, "")) is None
