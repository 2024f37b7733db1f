"""What is read from files, and read again when somebody replaces them."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger()

Value = TypeVar("Value")

# Which files were read: another inode, size or time of change is another file.
_Marks = tuple[tuple[int, int, int], ...]

# A renewal is seen within this time, and a busy caller does not ask the file system every time.
LOOK_SECONDS = 1.0


class ConfigFileError(Exception):
    """A configuration file is missing, unreadable or wrong; tells which, not what is in it."""


class ReloadingFile(Generic[Value]):
    """A value that follows its files.

    What cannot be used, say a certificate whose new key is not there yet, leaves the former value
    as it is and is tried again. Threads may share one.
    """

    def __init__(
        self,
        files: Sequence[Path],
        read: Callable[[], Value],
        *,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """`read` raises UnusableFile, and so does this: there is no former value yet."""
        self._files = files
        self._read = read
        self._look_seconds = look_seconds
        self._refused: _Marks | None = None
        self._look_again = 0.0
        self._marks = _marks(files)
        self._value = read()

    def current(self) -> Value:
        """The value of the newest files that could be used."""
        now = time.monotonic()
        if now >= self._look_again:
            self._look_again = now + self._look_seconds
            self._look()
        return self._value

    def _look(self) -> None:
        marks = _marks(self._files)
        if marks == self._marks:
            return
        try:
            value = self._read()
        except ConfigFileError as error:
            self._tell_once(marks, error)
            return
        # Files that changed while they were read may not belong together: the next look tells.
        if _marks(self._files) == marks:
            self._value, self._marks, self._refused = value, marks, None
            log.info("files_reloaded", files=[path.name for path in self._files])

    def _tell_once(self, marks: _Marks, error: ConfigFileError) -> None:
        if marks != self._refused:
            log.error("files_not_reloaded", problem=str(error))
        self._refused = marks


def read_bytes(path: Path) -> bytes:
    """The content of a file; raises UnusableFile."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigFileError(f"{path} cannot be read: {type(error).__name__}") from None


def _marks(files: Sequence[Path]) -> _Marks:
    return tuple(map(_mark, files))


def _mark(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
