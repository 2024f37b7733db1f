"""Addresses of attachments and of receipts."""

import pytest

from simulator.media.attachments import MAX_URL_CHARACTERS, is_http_url, media_at
from simulator.records import Media

LONGEST = "https://example.net/".ljust(MAX_URL_CHARACTERS, "a")


@pytest.mark.parametrize(
    "url",
    ["http://example.net", "https://example.net/a/1.jpg?x=1&y=2#z", "http://127.0.0.1:8080/dlr",
     "https://[::1]:8443/dlr", "HTTPS://example.net", LONGEST],
)  # fmt: skip
def test_http_and_https_urls_are_taken(url: str) -> None:
    assert is_http_url(url)


@pytest.mark.parametrize(
    "url",
    ["", "example.net/1.jpg", "//example.net", "ftp://example.net/1", "file:///etc/passwd",
     "javascript:alert(1)", "data:image/png;base64,AA==", "http://", "http:///path",
     "http://[::1", "http://example.net:port", "http://example.net:0", "http://example.net:65536",
     "http://exa mple.net", "http://example.net/\n", "http://example.net/\u2028",
     "http://example.net/\ud800", f"{LONGEST}a"],
)  # fmt: skip
def test_what_nothing_can_be_fetched_from_is_refused(url: str) -> None:
    assert not is_http_url(url)


@pytest.mark.parametrize(
    ("url", "file_name", "mime_type"),
    [
        ("https://example.net/a/cat.png?width=10", "cat.png", "image/png"),
        ("https://example.net/cat.JPG", "cat.JPG", "image/jpeg"),
        ("https://example.net/cat", "cat", "application/octet-stream"),
        ("https://example.net", "attachment", "application/octet-stream"),
        ("https://example.net/", "attachment", "application/octet-stream"),
    ],
)
def test_an_attachment_is_named_and_typed_by_its_url(
    url: str, file_name: str, mime_type: str
) -> None:
    assert media_at(url) == Media(url, file_name, mime_type, 0)


def test_what_is_known_of_an_attachment_goes_before_what_its_url_tells() -> None:
    known = media_at("https://example.net/cat.png", mime_type="image/gif", file_size=7)
    assert known == Media("https://example.net/cat.png", "cat.png", "image/gif", 7)
