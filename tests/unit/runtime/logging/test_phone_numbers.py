"""Phone numbers are removed in every notation; ids, times and other figures stay."""

import pytest

from runtime.logging.phone_numbers import scrub_phone_numbers

NUMBERS = [
    *("+14255550111", "14255550111", "4255550111", "+1 425 555 0111", "+1-425-555-0111"),
    *("+1.425.555.0111", "1 (425) 555-0111", "(425) 555-0111", "(425)555-0111", "425-555-0111"),
    *("425/555/0111", "425\u2013555\u20130111", "425\u00a0555\u00a00111", "425\u200b555\u200b0111"),
    *("+4520123456", "+45 20 12 34 56", "%2B14255550111", "%2b1%20425%20555%200111"),
    *("1%20%28425%29%20555%2D0111", "tel:14255550111", "tel:+1-425-555-0111", "sms:+14255550111"),
    *("\\u002b14255550111", "&#43;14255550111", "00 1 425 555 0111"),
    "\uff0b\uff11\uff14\uff12\uff15\uff15\uff15\uff15\uff10\uff11\uff11\uff11",
    "\u0661\u0664\u0662\u0665\u0665\u0665\u0665\u0660\u0661\u0661\u0661",
]
PLACES = ("{}", "from {} to", "n={},", "<{}>", "'{}'", "[{}]", "{}.", "/{}/x", "?to={}&a=b")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_removed_wherever_it_stands(number: str) -> None:
    for place in PLACES:
        scrubbed = scrub_phone_numbers(place.format(number))
        assert "[number]" in scrubbed
        assert not any(character.isdigit() for character in scrubbed)


@pytest.mark.parametrize("number", ["+14255550111", "%2B14255550111", "tel:4255550111"])
@pytest.mark.parametrize("place", ["x{}", "x-{}-y", "{}abc", "id.{}_"])
def test_after_a_plus_it_is_removed_even_inside_a_word(number: str, place: str) -> None:
    assert "555" not in scrub_phone_numbers(place.format(number))


def test_all_numbers_of_a_text_are_removed() -> None:
    assert scrub_phone_numbers("+14255550111 and 425-555-0122") == "[number] and [number]"


@pytest.mark.parametrize(
    "harmless",
    [
        *("mdr2-0123456789abcdef0123456789abcdef", "mdr1-01234567890123456789012345678901"),
        *("2f1d4b1e-5a4c-11ee-8c99-0242ac120002", "12345678-1234-1234-1234-123456789012"),
        *("12345678-1234-1234-1234-12345678901a", "01JC3Z9K8QH2V4T6W8Y0A1B2C3"),
        *("c2VuZC10b2tlbi0xMjM0NTY3ODkw", "2026-11-23T12:00:00Z", "2026-11-23 12:00:00"),
        *("2026-11-23T12:00:00.980000+00:00", "1763899200000-0", "1763899200000-12"),
        *("1763899200000", "127.0.0.1:50051", "192.168.100.200:50051", "[2001:db8::1]:50051"),
        *("conversations.py:123", "took 1234567 us", ""),
        "The body is larger than 262144 bytes. Send less.",
    ],
)
def test_ids_times_addresses_and_small_figures_stay(harmless: str) -> None:
    for text in (harmless, f"at {harmless}, then"):
        assert scrub_phone_numbers(text) == text
