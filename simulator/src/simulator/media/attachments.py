"""Attachments by their addresses: which can be used, and what they tell."""

import mimetypes
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from simulator.records import Media

# Flowroute publishes no number; an MMS of 750 kB does not hold more pictures worth sending.
MAX_MEDIA = 10

MAX_URL_CHARACTERS = 2_048

_UNKNOWN_TYPE = "application/octet-stream"


def is_http_url(url: str) -> bool:
    """Whether something could be fetched from, or sent to, this URL."""
    try:
        parts = urlsplit(url)
        has_valid_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    fits = len(url) <= MAX_URL_CHARACTERS and url.isprintable() and " " not in url
    return fits and has_valid_port and parts.scheme in ("http", "https") and bool(parts.hostname)


def media_at(url: str, *, mime_type: str | None = None, file_size: int = 0) -> Media:
    """An attachment, with what its URL tells where nothing better is known."""
    name = PurePosixPath(urlsplit(url).path).name
    # Two dots alone are a way up and no name.
    file_name = "attachment" if name in ("", "..") else name
    return Media(url, file_name, mime_type or guessed_type(file_name), file_size)


def guessed_type(file_name: str) -> str:
    """The media type that a name suggests."""
    return mimetypes.guess_type(file_name)[0] or _UNKNOWN_TYPE
