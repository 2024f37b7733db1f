"""Files on their way through: what is passed on, and what is not. No I/O."""

from dataclasses import dataclass, field

from messaging_service.model.errors import CarrierUnavailable


@dataclass(frozen=True, slots=True)
class Media:
    """A file without what identifies its sender."""

    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Where the carrier finds the files of a text, and how many of them are not passed on."""

    urls: tuple[str, ...] = field(repr=False)
    refused: int


class MediaUnavailable(CarrierUnavailable):
    """A file cannot be fetched just now; what was fetched already is kept for the next try."""


class UnsupportedFile(Exception):
    """A file that is never passed on. Its text is for logs and says why, never where from."""
