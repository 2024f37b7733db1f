"""Any address of a file that a callback gives is allowed or refused; none causes an error."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from messaging_service.model.media_origins import is_allowed, parse_origins

ALLOWED = parse_origins("https://*.amazonaws.com,http://127.0.0.1:8090")
LONG_LABEL, LONG_HOST = "a" * 64, "a." * 130

REFUSED = [
    "",
    "http\u017f://a.amazonaws.com/a",
    "\u212attps://a.amazonaws.com/a",
    "https://a.amazon\u017f.com/a",
    "https://\u0661.amazonaws.com/a",
    "https://a.amazonaws.com:\u0664\u0664\u0663/a",
    *(f"https://{host}.amazonaws.com/a" for host in (LONG_LABEL, LONG_HOST, "", "a.", "-", "a-")),
    "https://..amazonaws.com/a",
    "https://xn--\u00fc.amazonaws.com/a",
    *(f"https://a.amazonaws.com:{port}/a" for port in ("0", "99999", "-1", "x", "", "443443")),
    *("https://a.amazonaws.com:80/a", "https://a.amazonaws.com/a\0", "https://a.amazonaws.com\0/a"),
    *("https://[::1]/a", "https://[::1", "https://]/a", "https://user:secret@a.amazonaws.com/a"),
    *("https://a.amazonaws.com\\@example.com/a", "//a.amazonaws.com/a", "https:a.amazonaws.com/a"),
    "https://a.amazonaws.com/\u00e4",
    "https://a.amazonaws.com/a b",
    "https://a.amazonaws.com/" + "a" * 5_000,
]


@pytest.mark.parametrize("url", REFUSED)
def test_addresses_of_wrong_form_are_refused(url: str) -> None:
    assert not is_allowed(url, ALLOWED)


@given(st.text(max_size=80) | st.from_regex(r"\A(?i:https?)://[^/]{0,70}/.{0,8}\Z"))
@example("HTTPS://A.AMAZONAWS.COM/a")
def test_no_address_causes_an_error(url: str) -> None:
    assert is_allowed(url, ALLOWED) in (True, False)


def test_allowed_origins_are_recognised_in_any_case() -> None:
    for url in (
        "HTTPS://a.B.amazonaws.com/a?b=c#d",
        "https://a.amazonaws.com:443/",
        "http://127.0.0.1:8090/x",
    ):
        assert is_allowed(url, ALLOWED)
