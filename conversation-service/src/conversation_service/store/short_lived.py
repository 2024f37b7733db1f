"""Values that stay in memory for a short time, whatever happens to them in Redis."""

import asyncio
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

Value = TypeVar("Value")

# Most of what is read again is read within a second; what people answer, within a minute.
LIFE_SECONDS = 60.0

# Some megabytes. Beyond that, values are not kept.
LIMIT = 10_000


class ShortLived(Generic[Key, Value]):
    """A cache of two generations: a value is dropped between half and all of its life after it was
    kept, also if nobody asks for it."""

    def __init__(self, life_seconds: float = LIFE_SECONDS) -> None:
        self._life_seconds = life_seconds
        self._new: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}
        self._timer: asyncio.TimerHandle | None = None

    def keep(self, key: Key, value: Value) -> None:
        """Keeps a value, in place of an earlier one of this key."""
        if len(self._new) < LIMIT:
            self._old.pop(key, None)
            self._new[key] = value
            self._timer = self._timer or self._schedule()

    def get(self, key: Key) -> Value | None:
        """The value of a key, if it is still kept."""
        return self._new.get(key, self._old.get(key))

    def pop(self, key: Key) -> Value | None:
        """The value of a key, which is not kept any longer."""
        old = self._old.pop(key, None)
        return self._new.pop(key, old)

    def _schedule(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._life_seconds / 2, self._age)

    def _age(self) -> None:
        self._old, self._new = self._new, {}
        self._timer = self._schedule() if self._old else None
