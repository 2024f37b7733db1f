"""Phone numbers in both of Flowroute's forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.phone_numbers import number_type, to_digits, to_e164


@pytest.mark.parametrize("dialled", ["+12065550100", "12065550100", "2065550100"])
def test_every_way_of_writing_a_number_is_the_same_number(dialled: str) -> None:
    assert to_e164(dialled) == "+12065550100"


@pytest.mark.parametrize(
    "dialled",
    ["", "+", "911", "24680", "12345678", "+1234567", "+0206555010", "++12065550100",
     "1206555010O", "1" * 16, "+" + "1" * 16,
     " 12065550100", "12065550100\n", "\u0661\u0662\u0660\u0666\u0665\u0665\u0665\u0660\u0661"],
)  # fmt: skip
def test_what_is_no_number_is_refused(dialled: str) -> None:
    with pytest.raises(ValueError, match="must be a phone number"):
        to_e164(dialled)


@given(st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True))
def test_every_e164_number_stays_as_it_is(number: str) -> None:
    assert to_e164(number) == number


@given(st.from_regex(r"\+[1-9][0-9]{10,14}", fullmatch=True))
def test_a_number_survives_the_way_without_its_plus(number: str) -> None:
    assert to_e164(to_digits(number)) == number


@given(st.text())
def test_any_text_is_a_number_or_refused(dialled: str) -> None:
    try:
        assert to_e164(dialled).startswith("+")
    except ValueError:
        return


@pytest.mark.parametrize(
    ("number", "kind"),
    [("+12065550100", "longcode"), ("+18005550100", "toll-free"), ("+18335550100", "toll-free"),
     ("+18105550100", "longcode")],
)  # fmt: skip
def test_the_number_type_is_that_of_our_number(number: str, kind: str) -> None:
    assert number_type(number) == kind
