"""The stored form of a pool: JSON. `v` is the version of the form."""

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
    """The settings and numbers; name and version are stored elsewhere."""
    settings = {
        setting.name: _encode_setting(getattr(pool.settings, setting.name))
        for setting in fields(PoolSettings)
    }
    numbers = [
        [number.phone_number, number.state.value, number.is_reserved] for number in pool.numbers
    ]
    return dumps({"v": VERSION, "settings": settings, "numbers": numbers, "seeded": pool.is_seeded})


def decode_pool(stored: bytes, *, name: str, version: str) -> Pool:
    """The pool in a stored form.

    Replicas of two releases share it: an unknown setting is ignored, a missing one has its default.
    """
    values = json.loads(stored)
    names = {setting.name for setting in fields(PoolSettings)}
    settings: dict[str, Any] = {
        key: _decode_setting(key, value)
        for key, value in values["settings"].items()
        if key in names
    }
    numbers = tuple(
        MaskedNumber(number, NumberState(state), is_reserved)
        for number, state, is_reserved in values["numbers"]
    )
    return Pool(name, PoolSettings(**settings), numbers, version, values["seeded"])


def _encode_setting(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _decode_setting(name: str, stored: object) -> object:
    if isinstance(stored, str) and name in _ENUMS:
        return _ENUMS[name](stored)
    if isinstance(stored, dict) and name == "words":
        return {field: tuple(words) for field, words in stored.items()}
    if isinstance(stored, float) and isinstance(getattr(_DEFAULTS, name), timedelta):
        return timedelta(seconds=stored)
    return stored


_DEFAULTS = PoolSettings(operator="")
