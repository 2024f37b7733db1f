"""Files on their way from the sender's carrier to the recipient's. No I/O."""

from dataclasses import dataclass, field

TEXT = "text/plain"


@dataclass(frozen=True, slots=True)
class Media:
    """A file without metadata that identifies its sender."""

    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The URLs from which the carrier fetches a message's files, and the count of refused files.

    `body` is the message's with the words of its text parts.
    """

    urls: tuple[str, ...] = field(repr=False)
    refused: int
    body: str = field(repr=False)


class UnsupportedFile(Exception):
    """A file that is never passed on. The text is for logs: it gives the cause, never the URL."""


def media_type(content_type: str) -> str:
    """A content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def is_text(content_type: str) -> bool:
    """Whether the file is declared as a text part."""
    return media_type(content_type) == TEXT
