"""Attachments with their content, and the store that serves them."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from simulator.records import Media
from simulator.storage.data_file import DataFile

# Four inbound messages of the largest size, or an evening of pictures.
MAX_STORED_BYTES = 64 * 1024 * 1024

# A smaller file counts as much, for the overhead of its entry.
MIN_COUNTED_BYTES = 4 * 1024

PATH = "/simulator/media"


@dataclass(frozen=True, slots=True)
class File:
    """A file with its content."""

    file_name: str
    mime_type: str
    content: bytes = field(repr=False)


Attachment = Media | File


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the store. After expiry its URL is answered with 403."""

    file: File
    expired: bool

    @property
    def counted_bytes(self) -> int:
        """The size that counts towards MAX_STORED_BYTES."""
        return max(len(self.file.content), MIN_COUNTED_BYTES)


class MediaStore:
    """The newest files, up to MAX_STORED_BYTES, with unguessable URLs."""

    def __init__(self, data_file: DataFile) -> None:
        """Begins with what the data file has."""
        self._data_file = data_file
        self._files = {
            media_id: StoredFile(File(name, mime_type, content), expired)
            for media_id, name, mime_type, content, expired in data_file.files()
        }
        self._bytes = sum(stored.counted_bytes for stored in self._files.values())

    def find(self, media_id: str) -> StoredFile | None:
        """The file with this id; None if it was dropped."""
        return self._files.get(media_id)

    def store(self, file: File, *, expired: bool = False) -> Media:
        """Adds a file, whose URL is a path on this server. Drops the oldest files for it."""
        media_id = secrets.token_urlsafe(16)
        self._files[media_id] = stored = StoredFile(file, expired)
        self._bytes += stored.counted_bytes
        self._data_file.put_file(media_id, file.file_name, file.mime_type, file.content, expired)
        while self._bytes > MAX_STORED_BYTES:
            oldest = next(iter(self._files))
            self._bytes -= self._files.pop(oldest).counted_bytes
            self._data_file.remove_file(oldest)
        path = f"{PATH}/{media_id}/{quote(file.file_name, safe='')}"
        return Media(path, file.file_name, file.mime_type, len(file.content))

    def store_all(
        self, attachments: Iterable[Attachment], *, expired: bool = False
    ) -> tuple[Media, ...]:
        """Stores the files; attachments given by URL stay unchanged."""
        return tuple(
            self.store(item, expired=expired) if isinstance(item, File) else item
            for item in attachments
        )


def with_base_url(base_url: str, media: Iterable[Media]) -> tuple[Media, ...]:
    """The media with absolute URLs instead of paths on this server."""
    return tuple(
        replace(item, url=f"{base_url}{item.url}") if item.url.startswith("/") else item
        for item in media
    )
