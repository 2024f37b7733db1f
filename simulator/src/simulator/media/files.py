"""What is attached to texts: files of which only the address is known, and files kept here."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from simulator.records import Media

# Four inbound messages of the largest size, or an evening of pictures.
KEPT_BYTES = 64 * 1024 * 1024

# Small files count as much as this, for what surrounds them.
LEAST_COUNTED_BYTES = 4 * 1024

PATH = "/simulator/media"


@dataclass(frozen=True, slots=True)
class File:
    """A file with its content."""

    file_name: str
    mime_type: str
    content: bytes = field(repr=False)


Attachment = Media | File


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file at an address. Once expired, its address answers as one whose signature is old."""

    file: File
    expired: bool

    @property
    def counted_bytes(self) -> int:
        """What it counts towards KEPT_BYTES."""
        return max(len(self.file.content), LEAST_COUNTED_BYTES)


class KeptMedia:
    """The newest files, KEPT_BYTES of them, under addresses that nobody guesses."""

    def __init__(self) -> None:
        self._kept: dict[str, KeptFile] = {}
        self._bytes = 0

    def find(self, media_id: str) -> KeptFile | None:
        """The file with this id, if it is still kept."""
        return self._kept.get(media_id)

    def keep(self, file: File, *, expired: bool = False) -> Media:
        """Keeps a file; its address is a path on this server. The oldest files go for it."""
        media_id = secrets.token_urlsafe(16)
        self._kept[media_id] = kept = KeptFile(file, expired)
        self._bytes += kept.counted_bytes
        while self._bytes > KEPT_BYTES:
            self._bytes -= self._kept.pop(next(iter(self._kept))).counted_bytes
        path = f"{PATH}/{media_id}/{quote(file.file_name, safe='')}"
        return Media(path, file.file_name, file.mime_type, len(file.content))

    def keep_all(
        self, attachments: Iterable[Attachment], *, expired: bool = False
    ) -> tuple[Media, ...]:
        """Keeps those of which the content is there; the others have an address already."""
        return tuple(
            self.keep(one, expired=expired) if isinstance(one, File) else one for one in attachments
        )


def reached_at(base_url: str, media: Iterable[Media]) -> tuple[Media, ...]:
    """The same, with whole addresses in place of paths on this server."""
    return tuple(
        replace(one, url=f"{base_url}{one.url}") if one.url.startswith("/") else one
        for one in media
    )
