"""What is kept outside Redis: how far Redis had got, and the opt-outs and opt-ins since.

A restored copy of Redis is recognised by it, and opt-outs that the copy lacks are known from it.
"""

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from conversation_service.domain.model.consent import OptOutSource
from conversation_service.store.deployment.epoch import Position
from conversation_service.store.keyspace.timestamps import from_ms, to_ms

# Older copies of Redis than this are of no use to anybody: their conversations have ended.
CONSENTS_KEPT = timedelta(days=90)

# Without a directory: replicas notice what happens to Redis while they run.
_IN_MEMORY = "memory"

_EPOCH_FILE = "epoch.json"

_CONSENTS_FILE = "opt-outs"


class StateDirectoryError(Exception):
    """The directory cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class KnownConsent:
    """A person, by the keyed hash that Redis uses too, opted out or in."""

    time: datetime
    person_id: str
    source: OptOutSource
    opts_in: bool


class StateDirectory:
    """The directory of one or several replicas. Its calls are short and block."""

    def __init__(self, path: Path | None) -> None:
        """Raises StateDirectoryError if the directory cannot be read or written."""
        self._path = path
        self.observer, self.position = _IN_MEMORY, Position()
        self._consents: list[KnownConsent] = []
        if path is not None:
            try:
                self._open(path)
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise StateDirectoryError(f"{path}: {type(error).__name__}") from None

    @property
    def is_kept(self) -> bool:
        """Whether anything outlives the process."""
        return self._path is not None

    def save(self, position: Position) -> None:
        """Keeps the position. Only a crash of the machine can lose the last ones."""
        self.position = position
        if self._path is not None:
            values = {"observer": self.observer, "epoch": position.epoch, "step": position.step}
            _replace(self._path / _EPOCH_FILE, json.dumps(values))

    def add(self, *consents: KnownConsent) -> None:
        """Keeps opt-outs or opt-ins, on disk when this returns."""
        if self._path is None:
            self._consents += consents
            return
        with (self._path / _CONSENTS_FILE).open("a") as file:
            file.write("".join(map(_line, consents)))
            file.flush()
            os.fsync(file.fileno())

    def consents(self, since: datetime | None) -> list[KnownConsent]:
        """Those from then on, oldest first; all if None."""
        known = self._consents if self._path is None else list(_read(self._path))
        return [consent for consent in known if since is None or consent.time >= since]

    def drop_old(self, now: datetime) -> None:
        """Forgets what is too old to be of use."""
        kept = self.consents(now - CONSENTS_KEPT)
        if self._path is None:
            self._consents = kept
        elif len(kept) < len(self.consents(None)):
            _replace(self._path / _CONSENTS_FILE, "".join(map(_line, kept)))

    def _open(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / _CONSENTS_FILE).touch(mode=0o600)
        stored = path / _EPOCH_FILE
        if stored.exists():
            values = json.loads(stored.read_text())
            self.observer = str(values["observer"])
            self.position = Position(int(values["epoch"]), int(values["step"]))
        else:
            self.observer = secrets.token_hex(8)
            self.save(self.position)


def _replace(path: Path, text: str) -> None:
    """Whole or not at all, also for another process that shares the directory."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.replace(path)


def _line(consent: KnownConsent) -> str:
    word = "in" if consent.opts_in else "out"
    return f"{to_ms(consent.time)} {word} {consent.source.value} {consent.person_id}\n"


def _read(path: Path) -> Iterator[KnownConsent]:
    """Skips a line that a crash cut short."""
    for line in (path / _CONSENTS_FILE).read_text().splitlines():
        words = line.split(" ")
        if len(words) == 4 and words[0].isdigit() and words[2] in set(OptOutSource):
            ms, word, source, person_id = words
            yield KnownConsent(from_ms(int(ms)), person_id, OptOutSource(source), word == "in")
