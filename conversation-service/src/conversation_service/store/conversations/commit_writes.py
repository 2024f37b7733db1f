"""What commit.lua is told to check and to write, by the place of each key."""

from collections.abc import Sequence
from datetime import timedelta

from conversation_service.store.keyspace.timestamps import span_ms
from runtime.redis.scripts import Argument


class CommitWrites:
    """Collects checks and writes; a key that is named twice has one place."""

    def __init__(self, first_keys: Sequence[str]) -> None:
        self.keys = list(first_keys)
        self._places = {key: at for at, key in enumerate(self.keys, start=1)}
        self._checks: list[Argument] = []
        self._writes: list[Argument] = []
        self._check_count = 0
        self._write_count = 0

    @property
    def counts(self) -> tuple[int, int]:
        """How many checks and how many writes."""
        return self._check_count, self._write_count

    @property
    def arguments(self) -> list[Argument]:
        """The checks, then the writes."""
        return [*self._checks, *self._writes]

    def place(self, key: str) -> int:
        """Where a key stands among the script's keys."""
        if key not in self._places:
            self.keys.append(key)
            self._places[key] = len(self.keys)
        return self._places[key]

    def expect(self, key: str, head: str) -> None:
        """The string's first line must be this; empty: there is no string."""
        self._check("head", key, head)

    def expect_without(self, key: str, member: str) -> None:
        """The set must not hold this member."""
        self._check("without", key, member)

    def expect_unset(self, key: str, field: str) -> None:
        """The hash must not have this field."""
        self._check("unset", key, field)

    def set(self, key: str, value: bytes, lifetime: timedelta | None = None) -> None:
        """Writes a string, which expires if it has a lifetime."""
        ends = () if lifetime is None else ("PX", span_ms(lifetime))
        self.add("SET", key, value, *ends)

    def add(self, command: str, key: str, *words: Argument) -> None:
        """Any command whose first word is a key."""
        self._writes += [2 + len(words), command, self.place(key), *words]
        self._write_count += 1

    def _check(self, kind: str, key: str, expected: str) -> None:
        self._checks += [kind, self.place(key), expected]
        self._check_count += 1
