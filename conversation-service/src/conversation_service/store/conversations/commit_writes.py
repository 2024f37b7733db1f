"""Checks and writes of commit.lua, which refer to keys by their index."""

from collections.abc import Sequence
from datetime import timedelta

from conversation_service.store.keyspace.timestamps import span_ms
from runtime.redis.scripts import Argument


class CommitWrites:
    """Collects checks and writes; each key is listed once."""

    def __init__(self, first_keys: Sequence[str]) -> None:
        self.keys = list(first_keys)
        self._indexes = {key: index for index, key in enumerate(self.keys, start=1)}
        self._checks: list[Argument] = []
        self._writes: list[Argument] = []
        self._check_count = 0
        self._write_count = 0

    @property
    def counts(self) -> tuple[int, int]:
        """The number of checks and of writes."""
        return self._check_count, self._write_count

    @property
    def arguments(self) -> list[Argument]:
        """The checks, then the writes."""
        return [*self._checks, *self._writes]

    def index(self, key: str) -> int:
        """The index of a key among the script's keys, from 1."""
        if key not in self._indexes:
            self.keys.append(key)
            self._indexes[key] = len(self.keys)
        return self._indexes[key]

    def expect(self, key: str, head: str) -> None:
        """The first line of the string must be this; empty: there must be no string."""
        self._check("head", key, head)

    def expect_value(self, key: str, value: bytes) -> None:
        """The whole string must be this; empty: there must be no string."""
        self._check("value", key, value)

    def expect_unset(self, key: str, field: str) -> None:
        """The hash must not have this field."""
        self._check("unset", key, field)

    def set(self, key: str, value: bytes, lifetime: timedelta | None = None) -> None:
        """Writes a string, which expires if it has a lifetime."""
        expiry = () if lifetime is None else ("PX", span_ms(lifetime))
        self.add("SET", key, value, *expiry)

    def add(self, command: str, key: str, *words: Argument) -> None:
        """Adds any command whose first argument is a key."""
        self._writes += [2 + len(words), command, self.index(key), *words]
        self._write_count += 1

    def _check(self, kind: str, key: str, expected: Argument) -> None:
        self._checks += [kind, self.index(key), expected]
        self._check_count += 1
