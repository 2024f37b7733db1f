"""Attachments given by URL."""

import mimetypes
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from simulator.records import Media

# Not documented by Flowroute; more pictures hardly fit into 750 kB.
MAX_MEDIA = 10

MAX_URL_CHARACTERS = 2_048

_UNKNOWN_TYPE = "application/octet-stream"


def is_http_url(url: str) -> bool:
    """Whether this is a valid http or https URL."""
    try:
        parts = urlsplit(url)
        has_valid_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    fits = len(url) <= MAX_URL_CHARACTERS and url.isprintable() and " " not in url
    return fits and has_valid_port and parts.scheme in ("http", "https") and bool(parts.hostname)


def media_at(url: str, *, mime_type: str | None = None, file_size: int = 0) -> Media:
    """An attachment; its name, and its type unless given, are taken from the URL."""
    name = PurePosixPath(urlsplit(url).path).name
    file_name = "attachment" if name in ("", "..") else name
    return Media(url, file_name, mime_type or guessed_type(file_name), file_size)


def guessed_type(file_name: str) -> str:
    """The media type for the extension of a file name."""
    return mimetypes.guess_type(file_name)[0] or _UNKNOWN_TYPE
