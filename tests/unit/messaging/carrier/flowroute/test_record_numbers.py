"""Ten digits without a plus in the carrier's records."""

import pytest

from messaging_service.carrier.flowroute.fields import e164


@pytest.mark.parametrize(
    ("written", "number"),
    [
        *(("14255550111", "+14255550111"), ("+14255550111", "+14255550111")),
        *(("4255550111", ""), ("6595550123", ""), (4255550111, "")),
        *(("6510345678", "+6510345678"), ("447700900123", "+447700900123")),
        *(("+19115550111", ""), ("15550123", ""), ("+6595550123", "+6595550123"), (None, "")),
    ],
)
def test_a_person_is_never_made_north_american(written: object, number: str) -> None:
    assert e164(written) == number


def test_ten_digits_are_taken_for_a_number_of_our_own() -> None:
    assert e164("2065550100", is_own=True) == "+12065550100"
