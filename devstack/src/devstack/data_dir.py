"""The git-ignored folder that outlives a run: data, keys and logs."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import StackError


class DataDirectoryInUse(StackError):
    """Another devstack keeps its data here."""

    def __init__(self, folder: Path) -> None:
        """Two servers appending to one file would ruin it."""
        super().__init__(
            f"Maskline runs already with the data in {folder}.\n"
            "Stop it with Ctrl-C in its terminal before you start it again."
        )


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """What lies where."""

    path: Path

    @property
    def valkey(self) -> Path:
        """The append-only file of the embedded server."""
        return self.path / "valkey"

    @property
    def logs(self) -> Path:
        """One file a part, emptied at each start of the stack."""
        return self.path / "logs"

    def log_of(self, part: str) -> Path:
        """Where a part's output goes."""
        return self.logs / f"{part}.log"

    @property
    def state_key(self) -> Path:
        """The secret that keeps conversations unreadable in Redis."""
        return self.path / "keys" / "conversation_state_key"

    @property
    def ledger_key(self) -> Path:
        """The secret of the messaging service's ledger."""
        return self.path / "keys" / "messaging_ledger_key"

    def make_keys(self) -> None:
        """Makes the secrets that do not exist yet; the data is worth nothing without them."""
        for path in (self.state_key, self.ledger_key):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            if not path.exists():
                _write_secret(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps a second devstack out. The lock goes with the process, however that ends."""
        for folder in (self.valkey, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataDirectoryInUse(self.path) from None
            yield


def _write_secret(path: Path) -> None:
    # Written aside and moved into place: a crash in between leaves no empty key behind.
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32))
    unfinished.rename(path)
