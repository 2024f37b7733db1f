"""A pool as it is stored. `v` is the version of the form; readers understand every older one."""

import json
from dataclasses import fields
from datetime import timedelta
from enum import StrEnum
from typing import Any

from conversation_service.domain.model.pool import (
    AttachmentPolicy,
    MaskedNumber,
    NumberPreference,
    NumberState,
    PausePolicy,
    Pool,
    PoolSettings,
    UnknownPolicy,
)
from conversation_service.store.records.conversation import dumps

VERSION = 1

_ENUMS: dict[str, type[StrEnum]] = {
    "number_preference": NumberPreference,
    "pause_policy": PausePolicy,
    "unknown_policy": UnknownPolicy,
    "attachment_policy": AttachmentPolicy,
}


def encode_pool(pool: Pool) -> bytes:
    """Its settings and numbers; its name and version stand elsewhere."""
    settings = {one.name: _plain(getattr(pool.settings, one.name)) for one in fields(PoolSettings)}
    numbers = [[one.phone_number, one.state.value, one.is_reserved] for one in pool.numbers]
    return dumps({"v": VERSION, "settings": settings, "numbers": numbers, "seeded": pool.is_seeded})


def decode_pool(stored: bytes, *, name: str, version: str) -> Pool:
    """A pool as it was stored. A setting that was not known then has its default."""
    found = json.loads(stored)
    known = {one.name for one in fields(PoolSettings)}
    settings: dict[str, Any] = {
        key: _meant(key, value) for key, value in found["settings"].items() if key in known
    }
    numbers = (MaskedNumber(n, NumberState(state), kept) for n, state, kept in found["numbers"])
    return Pool(name, PoolSettings(**settings), tuple(numbers), version, found["seeded"])


def _plain(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _meant(name: str, stored: object) -> object:
    if isinstance(stored, str) and name in _ENUMS:
        return _ENUMS[name](stored)
    if isinstance(stored, dict) and name == "words":
        return {kind: tuple(words) for kind, words in stored.items()}
    if isinstance(stored, float) and isinstance(getattr(_DEFAULTS, name), timedelta):
        return timedelta(seconds=stored)
    return stored


_DEFAULTS = PoolSettings(operator="")
