"""Settings of a pool as KEY=VALUE: parsing and formatting by the contract's descriptors."""

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import typer
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from maskline.admin.v1.pool_pb2 import PoolSettings
from maskline_cli.values.fields import enum_words
from maskline_cli.values.parsers import duration, format_duration

_INT32_MAX = 2**31 - 1

_BOOLEANS = {"yes": True, "true": True, "no": False, "false": False}


def assign(settings: PoolSettings, assignments: Iterable[str]) -> list[str]:
    """Writes each KEY=VALUE into the settings and returns the keys, each once.

    A key is the path of a setting, such as "lifecycle.idle_timeout", or of one entry of a map, such
    as "templates.help". An empty value leaves it unset, which restores the default; for a map, all
    of its defaults.
    """
    return list(dict.fromkeys(_assign(settings, assignment) for assignment in assignments))


def rows(settings: PoolSettings) -> Iterator[tuple[str, str]]:
    """Every setting with its value, as accepted by `assign`."""
    for path, field in _SETTINGS.items():
        *groups, name = path.split(".")
        group = _group(settings, groups)
        if not _is_map(field):
            yield path, _format(group, field)
            continue
        for key, entry in sorted(getattr(group, name).items()):
            yield f"{path}.{key}", entry if isinstance(entry, str) else ",".join(entry.words)


def _settings(group: Descriptor, place: str = "") -> Iterator[tuple[str, FieldDescriptor]]:
    for field in group.fields:
        path, inner = f"{place}{field.name}", field.message_type
        if inner is None or inner is Duration.DESCRIPTOR or _is_map(field):
            yield path, field
        else:
            yield from _settings(inner, f"{path}.")


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


_SETTINGS = dict(_settings(PoolSettings.DESCRIPTOR))


def _assign(settings: PoolSettings, assignment: str) -> str:
    key, equals, value = assignment.partition("=")
    path = key.replace("-", "_")
    *groups, name = path.split(".")
    field, map_field = _SETTINGS.get(path), _SETTINGS.get(".".join(groups))
    if equals and field is not None and not (value and _is_map(field)):
        _assign_value(_group(settings, groups), field, value)
    elif equals and name and map_field is not None and _is_map(map_field):
        _assign_entry(_group(settings, groups[:-1]), map_field, name, value)
    else:
        raise typer.BadParameter(f"write KEY=VALUE, where KEY is one of {', '.join(_keys())}")
    return path


def _group(settings: PoolSettings, names: Iterable[str]) -> Message:
    group: Message = settings
    for name in names:
        group = getattr(group, name)
    return group


def _assign_entry(group: Message, field: FieldDescriptor, key: str, value: str) -> None:
    """Texts, or keywords with commas between them."""
    entries = getattr(group, field.name)
    entries.pop(key, None)
    if value and field.name == "templates":
        entries[key] = value
    elif value:
        entries[key].words.extend(word.strip() for word in value.split(","))


def _assign_value(group: Message, field: FieldDescriptor, value: str) -> None:
    if not value:
        group.ClearField(field.name)
    elif field.message_type is not None:
        getattr(group, field.name).FromTimedelta(duration(value))
    elif field.enum_type is not None:
        numbers = {word: number for number, word in enum_words(field.enum_type).items() if word}
        word = value.lower().replace("_", "-")
        setattr(group, field.name, _choice(field.name, numbers, word))
    elif field.type == FieldDescriptor.TYPE_BOOL:
        setattr(group, field.name, _choice(field.name, _BOOLEANS, value.lower()))
    elif field.type == FieldDescriptor.TYPE_INT32:
        setattr(group, field.name, _count(field.name, value))
    else:
        setattr(group, field.name, value)


def _choice(name: str, choices: Mapping[str, int], value: str) -> int:
    if value not in choices:
        raise typer.BadParameter(f"{name} is one of {', '.join(choices)}")
    return choices[value]


def _count(name: str, value: str) -> int:
    # The field is an int32.
    if not (value.isascii() and value.isdigit() and int(value) <= _INT32_MAX):
        raise typer.BadParameter(f"{name} is a whole number, 0 for the default")
    return int(value)


def _format(group: Message, field: FieldDescriptor) -> str:
    value = getattr(group, field.name)
    if field.message_type is not None:
        is_set = group.HasField(field.name)
        return format_duration(cast("Duration", value).ToTimedelta()) if is_set else ""
    if field.enum_type is not None:
        return enum_words(field.enum_type)[value]
    if field.type == FieldDescriptor.TYPE_BOOL:
        return ("yes" if value else "no") if group.HasField(field.name) else ""
    return str(value)


def _keys() -> Iterator[str]:
    for path, field in _SETTINGS.items():
        yield f"{path}.NAME" if _is_map(field) else path
