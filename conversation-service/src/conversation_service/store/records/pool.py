"""The stored form of a pool: JSON. `v` is the version of the form."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from conversation_service.domain.model.pool import MaskedNumber, NumberState, Pool, PoolSettings
from conversation_service.store.records.conversation import dumps

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

VERSION = 1

_DEFAULTS = PoolSettings(operator_name="", contact="")

Group = TypeVar("Group", bound="DataclassInstance")


def encode_pool(pool: Pool) -> bytes:
    """The settings and numbers; id and version are stored elsewhere."""
    numbers = [
        [number.phone_number, number.state.value, number.is_reserved] for number in pool.numbers
    ]
    settings = _encode(pool.settings)
    return dumps({"v": VERSION, "settings": settings, "numbers": numbers, "seeded": pool.is_seeded})


def decode_pool(stored: bytes, *, name: str, version: str) -> Pool:
    """The pool in a stored form.

    Replicas of two releases share it: an unknown setting is ignored, a missing one has its default.
    """
    values = json.loads(stored)
    numbers = tuple(
        MaskedNumber(number, NumberState(state), is_reserved)
        for number, state, is_reserved in values["numbers"]
    )
    settings = _decode_group(values["settings"], _DEFAULTS)
    return Pool(name, settings, numbers, version, values["seeded"])


def _encode(value: object) -> object:
    if is_dataclass(value):
        return {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
    return value.total_seconds() if isinstance(value, timedelta) else value


def _decode_group(stored: Mapping[str, Any], defaults: Group) -> Group:
    present = (field.name for field in fields(defaults) if field.name in stored)
    values = {name: _decode(stored[name], getattr(defaults, name)) for name in present}
    return replace(defaults, **values)


def _decode(stored: Any, default: object) -> object:  # noqa: ANN401 - JSON of any setting
    match default:
        case timedelta():
            return timedelta(seconds=stored)
        case StrEnum():
            return type(default)(stored)
        case dict():
            return {key: _decode_entry(entry) for key, entry in stored.items()}
    if is_dataclass(default) and not isinstance(default, type):
        return _decode_group(stored, default)
    return stored


def _decode_entry(stored: str | list[str]) -> str | tuple[str, ...]:
    return stored if isinstance(stored, str) else tuple(stored)
