"""A SQLite file with phones, texts, opt-outs and files. Without a path nothing is kept."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger()

# Of the stored form. A file of another one is not read.
_VERSION = 1

# A row keeps its place when it is replaced, so rowid is the order of arrival.
_TABLES = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS phones (number TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS texts (
    phone TEXT, id TEXT, content TEXT NOT NULL, PRIMARY KEY (phone, id)
);
CREATE TABLE IF NOT EXISTS opt_outs (phone TEXT, number TEXT, PRIMARY KEY (phone, number));
CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY, name TEXT, mime_type TEXT, content BLOB, expired INTEGER
);
"""
_READABLE_BY_ITS_USER = 0o600


class DataFileUnusable(Exception):
    """The file cannot be opened, is damaged, or another simulator uses it."""


class DataFile:
    """Writes each change at once; a killed process loses nothing.

    Its size has the limits of what it stores: phones, texts of a phone, bytes of files.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Raises DataFileUnusable."""
        self._database = _open(path) if path else None

    def add_phone(self, number: str) -> None:
        """Stores a phone without texts."""
        self._write("INSERT OR IGNORE INTO phones VALUES (?)", number)

    def remove_phone(self, number: str) -> None:
        """Removes a phone with its texts and opt-outs."""
        self._write("DELETE FROM phones WHERE number = ?", number)
        self._write("DELETE FROM texts WHERE phone = ?", number)
        self._write("DELETE FROM opt_outs WHERE phone = ?", number)

    def phones(self) -> list[str]:
        """All phones in the order of addition."""
        return [number for (number,) in self._read("SELECT number FROM phones ORDER BY rowid")]

    def put_text(self, phone: str, text_id: str, content: str) -> None:
        """Stores a text of a phone or replaces the one with its id."""
        self._write(
            "INSERT INTO texts VALUES (?, ?, ?) "
            "ON CONFLICT (phone, id) DO UPDATE SET content = excluded.content",
            phone,
            text_id,
            content,
        )

    def remove_text(self, phone: str, text_id: str) -> None:
        """Removes one text."""
        self._write("DELETE FROM texts WHERE phone = ? AND id = ?", phone, text_id)

    def texts(self, phone: str) -> list[str]:
        """The contents of a phone's texts, oldest first."""
        rows = self._read("SELECT content FROM texts WHERE phone = ? ORDER BY rowid", phone)
        return [content for (content,) in rows]

    def put_opt_out(self, phone: str, number: str, *, blocked: bool) -> None:
        """Stores or removes an opt-out."""
        if blocked:
            self._write("INSERT OR IGNORE INTO opt_outs VALUES (?, ?)", phone, number)
        else:
            self._write("DELETE FROM opt_outs WHERE phone = ? AND number = ?", phone, number)

    def opt_outs(self) -> set[tuple[str, str]]:
        """All opt-outs: phone and number of the account."""
        return set(self._read("SELECT phone, number FROM opt_outs"))

    def put_file(
        self, file_id: str, name: str, mime_type: str, content: bytes, expired: bool
    ) -> None:
        """Stores a file."""
        self._write(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?)", file_id, name, mime_type, content, expired
        )

    def remove_file(self, file_id: str) -> None:
        """Removes a file."""
        self._write("DELETE FROM files WHERE id = ?", file_id)

    def files(self) -> Iterator[tuple[str, str, str, bytes, bool]]:
        """Id, name, MIME type, content and expiry of all files, oldest first."""
        rows = self._read("SELECT id, name, mime_type, content, expired FROM files ORDER BY rowid")
        return (
            (file_id, name, mime, data, bool(expired))
            for file_id, name, mime, data, expired in rows
        )

    def close(self) -> None:
        """Closes the file."""
        if self._database:
            self._database.close()

    def _read(self, query: str, *values: object) -> list[Any]:
        return self._database.execute(query, values).fetchall() if self._database else []

    def _write(self, statement: str, *values: object) -> None:
        """A full disk is logged; the simulator goes on with what it has in memory."""
        if not self._database:
            return
        try:
            self._database.execute(statement, values)
        except sqlite3.Error as error:
            log.error("data_file_not_written", error=type(error).__name__)


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Created here, as SQLite would make it readable by others.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, _READABLE_BY_ITS_USER))
    except OSError as error:
        raise DataFileUnusable(error.strerror) from None
    database = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        _prepare(database)
    except (sqlite3.Error, DataFileUnusable) as error:
        database.close()
        raise DataFileUnusable(str(error)) from None
    return database


def _prepare(database: sqlite3.Connection) -> None:
    [(version,)] = database.execute("PRAGMA user_version")
    if version not in (0, _VERSION):
        raise DataFileUnusable("another version of the simulator wrote it")
    database.executescript(f"{_TABLES} PRAGMA user_version = {_VERSION};")
    [(result,)] = database.execute("PRAGMA quick_check(1)")
    if result != "ok":
        raise DataFileUnusable("it is damaged")
