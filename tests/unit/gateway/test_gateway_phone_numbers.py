"""Phone numbers in every form that the carrier writes them in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.callbacks.inbound_message import to_e164
from gateway.problems import MalformedCallback


@pytest.mark.parametrize(
    "written",
    [
        "+14255550111",
        "14255550111",
        "4255550111",
        14255550111,
        4255550111,
        " +1 425 555 0111 ",
        "14255550111\n",
        "+1 (425) 555-0111",
        "1.425.555.0111",
        "(425) 555-0111",
    ],
)
def test_every_way_to_write_a_number_is_one_number(written: object) -> None:
    assert to_e164(written, "from") == "+14255550111"


def test_a_plus_says_that_the_country_code_is_there() -> None:
    assert to_e164("+4520123456", "from") == "+4520123456"


@pytest.mark.parametrize(
    "written",
    [
        None,
        True,
        False,
        14255550111.0,
        -14255550111,
        0,
        "",
        "+",
        "hello",
        "++14255550111",
        "+014255550111",
        "14255550111 ext 2",
        "١٤٢٥٥٥٥٠١١١",
        "555",
        "+1425555011122334",
        ["14255550111"],
        {"number": "14255550111"},
        "14255550111,14255550122",
        10**4000,
    ],
)
def test_what_is_no_number_is_refused_without_repeating_it(written: object) -> None:
    with pytest.raises(MalformedCallback) as refusal:
        to_e164(written, "from")
    assert str(refusal.value) == ("from is not a phone number. Send it in E.164, digits with a +.")


@settings(deadline=None)
@given(st.integers(min_value=10**7, max_value=10**15 - 1))
def test_digits_are_never_changed(number: int) -> None:
    assert to_e164(f"+{number}", "to") == f"+{number}"
