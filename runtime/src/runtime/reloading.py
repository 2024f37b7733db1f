"""Values read from files, and read again after the files changed."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger()

Value = TypeVar("Value")

# Identifies the content that was read: inode, size and time of change of each file.
_Versions = tuple[tuple[int, int, int], ...]

# A change is noticed within this time, without a file system call for every use of the value.
POLL_SECONDS = 1.0


class ConfigFileError(Exception):
    """A configuration file is missing or not valid. The message names it without its content."""


class ReloadingFile(Generic[Value]):
    """A value that is read again after its files changed.

    If the new files cannot be used, for example a certificate whose key is not replaced yet, the
    former value stays in use and the next poll tries again. Safe to share between threads.
    """

    def __init__(
        self,
        files: Sequence[Path],
        read: Callable[[], Value],
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        """Raises ConfigFileError if `read` does: there is no former value yet."""
        self._files = files
        self._read = read
        self._poll_seconds = poll_seconds
        self._refused: _Versions | None = None
        self._next_poll = 0.0
        self._versions = _versions(files)
        self._value = read()

    def current(self) -> Value:
        """The value of the latest files that could be used."""
        now = time.monotonic()
        if now >= self._next_poll:
            self._next_poll = now + self._poll_seconds
            self._poll()
        return self._value

    def _poll(self) -> None:
        versions = _versions(self._files)
        if versions == self._versions:
            return
        try:
            value = self._read()
        except ConfigFileError as error:
            self._log_once(versions, error)
            return
        # Files that changed while they were read may not belong together; the next poll reads them.
        if _versions(self._files) == versions:
            self._value, self._versions, self._refused = value, versions, None
            log.info("files_reloaded", files=[path.name for path in self._files])

    def _log_once(self, versions: _Versions, error: ConfigFileError) -> None:
        if versions != self._refused:
            log.error("files_not_reloaded", problem=str(error))
        self._refused = versions


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises ConfigFileError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigFileError(f"{path} cannot be read: {type(error).__name__}") from None


def _versions(files: Sequence[Path]) -> _Versions:
    return tuple(map(_version, files))


def _version(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_ino, status.st_size, status.st_mtime_ns)
