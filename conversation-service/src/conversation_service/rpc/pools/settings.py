"""The settings of a pool from protobuf and back: groups and fields have the same names."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar, cast

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.model.pool import PoolSettings
from maskline.admin.v1 import pool_pb2 as pb

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# The range of a Duration, by its specification.
MAX_SECONDS = 315_576_000_000

_DEFAULTS = PoolSettings(operator_name="", contact="")

Group = TypeVar("Group", bound="DataclassInstance")


def settings_from_proto(message: pb.PoolSettings) -> PoolSettings:
    """Absent fields have their defaults, and so have unknown values of enums."""
    return _group_from_proto(message, _DEFAULTS)


def settings_to_proto(settings: PoolSettings) -> pb.PoolSettings:
    message = pb.PoolSettings()
    _write_group(settings, message)
    return message


def enum_violations(message: Message, place: str) -> Iterator[FieldViolation]:
    """The values of enums that this version does not know; `place` is the field of the message."""
    for field, value in message.ListFields():
        path = f"{place}.{field.name}"
        if field.enum_type is not None and value not in field.enum_type.values_by_number:
            yield FieldViolation(path, "a value that this version does not know")
        elif field.message_type is not None and isinstance(value, Message):
            yield from enum_violations(value, path)


def _group_from_proto(message: Message, defaults: Group) -> Group:
    values = {
        field.name: _from_proto(value, getattr(defaults, field.name), field.enum_type)
        for field, value in message.ListFields()
    }
    return replace(defaults, **values)


def _from_proto(value: Any, default: object, enum: EnumDescriptor | None) -> object:  # noqa: ANN401 - any field
    if isinstance(default, StrEnum) and enum is not None:
        known = enum.values_by_number.get(value)
        return type(default)(known.name.removeprefix(_prefix(enum))) if known else default
    if isinstance(value, Duration):
        return _timedelta(value)
    if isinstance(default, dict):
        # Sorted, as a request that is sent again may have its entries in another order.
        return {key: _entry_from_proto(value[key]) for key in sorted(value)}
    if is_dataclass(default) and not isinstance(default, type):
        return _group_from_proto(value, default)
    return value


def _entry_from_proto(value: pb.KeywordWords | str) -> tuple[str, ...] | str:
    return value if isinstance(value, str) else tuple(value.words)


def _timedelta(duration: Duration) -> timedelta:
    """Limits the value to what a timedelta can hold; settings_violations() refuses far less."""
    seconds = max(-MAX_SECONDS, min(duration.seconds, MAX_SECONDS))
    return Duration(seconds=seconds, nanos=duration.nanos).ToTimedelta()


def _write_group(settings: "DataclassInstance", message: Message) -> None:
    for field in fields(settings):
        name, value = field.name, getattr(settings, field.name)
        if isinstance(value, StrEnum):
            enum = cast("EnumDescriptor", message.DESCRIPTOR.fields_by_name[name].enum_type)
            setattr(message, name, enum.values_by_name[f"{_prefix(enum)}{value}"].number)
        elif isinstance(value, timedelta):
            getattr(message, name).FromTimedelta(value)
        elif isinstance(value, dict):
            _write_entries(value, message, name)
        elif is_dataclass(value) and not isinstance(value, type):
            _write_group(value, getattr(message, name))
        else:
            setattr(message, name, value)


def _write_entries(
    entries: Mapping[str, str | tuple[str, ...]], message: Message, name: str
) -> None:
    target = getattr(message, name)
    for key, entry in entries.items():
        if isinstance(entry, str):
            target[key] = entry
        else:
            target[key].words.extend(entry)


def _prefix(enum: EnumDescriptor) -> str:
    return enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
