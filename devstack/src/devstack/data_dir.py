"""The directory of data, keys and logs, which persists between runs."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import StackError


class DataDirectoryInUse(StackError):
    """Another devstack uses this directory; two servers would corrupt the append-only file."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Maskline runs already with the data in {path}.\n"
            "Stop it with Ctrl-C in its terminal before you start it again."
        )


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The paths below one directory."""

    path: Path

    @property
    def valkey(self) -> Path:
        """The append-only file of the embedded server."""
        return self.path / "valkey"

    @property
    def logs(self) -> Path:
        """One file for each service, emptied at each start of the stack."""
        return self.path / "logs"

    def log_of(self, service: str) -> Path:
        """The log file of a service."""
        return self.logs / f"{service}.log"

    @property
    def state_key(self) -> Path:
        """The key that encrypts conversations in Redis."""
        return self.path / "keys" / "conversation_state_key"

    @property
    def ledger_key(self) -> Path:
        """The key of the messaging service's ledger."""
        return self.path / "keys" / "messaging_ledger_key"

    @property
    def simulator(self) -> Path:
        """The simulator's phones, texts and files."""
        return self.path / "simulator" / "phones.sqlite3"

    @property
    def state(self) -> Path:
        """What the conversation service keeps apart from Redis."""
        return self.path / "conversation"

    def make_keys(self) -> None:
        """Creates missing keys. Without its keys the data cannot be read."""
        for path in (self.state_key, self.ledger_key):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            if not path.exists():
                _write_secret(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Locks the directory against a second devstack. The lock ends with the process."""
        for directory in (self.valkey, self.logs):
            directory.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataDirectoryInUse(self.path) from None
            yield


def _write_secret(path: Path) -> None:
    # Written to another file and renamed: a crash leaves no empty key.
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32))
    unfinished.rename(path)
