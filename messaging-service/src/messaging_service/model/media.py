"""Files on their way from the sender's carrier to the recipient's. No I/O."""

from dataclasses import dataclass, field
from enum import StrEnum

TEXT = "text/plain"


@dataclass(frozen=True, slots=True)
class Media:
    """A file without metadata that identifies its sender."""

    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The URLs from which the carrier fetches a message's files, and the count of refused files."""

    urls: tuple[str, ...] = field(repr=False)
    refused: int


class TextOutcome(StrEnum):
    """What a text part turned out to be. The names are those of the contract."""

    TEXT = "TEXT"
    FILE = "FILE"
    GONE = "GONE"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class FetchedText:
    """A text part, with its words if it has any."""

    outcome: TextOutcome
    text: str = field(default="", repr=False)


class UnsupportedFile(Exception):
    """A file that is never passed on. The text is for logs: it gives the cause, never the URL."""


class FileTooLarge(UnsupportedFile):
    """A file with more bytes than may be fetched."""


def media_type(content_type: str) -> str:
    """A content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def is_text(content_type: str) -> bool:
    """Whether the file is declared as a text part."""
    return media_type(content_type) == TEXT
